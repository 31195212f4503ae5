"""Connect, close, closeall; and who may."""

from harness.browser import ENTER, ESCAPE, SPACE, TAB

from . import equal, expects, true

DIALOG = "#connect[open]"


def ask(world, product, note="", idle="", path="/console/", user="anna"):
    browser = world.browser
    world.visit(path, user)
    browser.click(f"[data-product={product}] [data-do=connect]")
    browser.until(f"document.querySelector('{DIALOG}')", "the dialog is open")
    if note:
        browser.type("#note", note)
    if idle:
        browser.type("#idle", idle)
    browser.click(f"{DIALOG} .ask button[type=submit]")


def check_connect_leads_to_an_address_that_can_be_copied(world):
    browser = world.browser
    try:
        ask(world, "gate-7", "morning round", "30")
        browser.until_text(f"{DIALOG} [data-slot=outcome]", "10.99.0.7")
        browser.until_text(f"{DIALOG} [data-slot=outcome]", "30 min 00 s")
        equal(
            browser.value("[...document.querySelectorAll('.steps li')].map(e => e.dataset.state)"),
            ["done"] * 3, "the steps")
        browser.devtools(
            "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"],
            origin=world.broker.url)
        browser.click(f"{DIALOG} [data-do=copy]")
        browser.until_text(f"{DIALOG} [data-do=copy]", "Copied")
        browser.click(f"{DIALOG} .progress .buttons button")
        browser.until_text("#device-gate-7", "1/10")
        browser.until_text("#device-gate-7", "morning round")
        [view] = world.call("anna", "GET", "/v1/connections?live=true&productID=gate-7")["items"]
        equal(view["inactivitySeconds"], 1800, "the idle time")
        equal(view["user"], "anna", "the user")
    finally:
        world.close_all(world.gate)


def check_waiting_shows_its_steps_and_ends_when_the_device_answers(world):
    browser = world.browser
    world.slow.holds_connects = True
    try:
        ask(world, "pump-3")
        world.slow.until_connect_waits()
        browser.until_text(f"{DIALOG} [data-state=now]", "The device brings its tunnel up")
        browser.until_text(f"{DIALOG} [data-slot=elapsed]", "so far")
        browser.until_text(f"{DIALOG} [data-slot=step]", "The device brings its tunnel up")
        world.slow.release()
        browser.until_text(f"{DIALOG} [data-slot=outcome]", "10.99.0.9")
        browser.press(ENTER)
        browser.until("!document.querySelector('#connect[open]')", "Enter ends the dialog")
    finally:
        world.close_all(world.slow)


def check_leaving_the_dialog_takes_the_request_back(world):
    browser = world.browser
    world.slow.holds_connects = True
    try:
        ask(world, "pump-3")
        world.slow.until_connect_waits()
        browser.until_text(f"{DIALOG} [data-state=now]", "tunnel up")
        browser.press(ESCAPE)
        browser.until("!document.querySelector('#connect[open]')", "Escape leaves")
        browser.until_text("#device-pump-3", "0/10")
    finally:
        world.close_all(world.slow)


def check_leaving_the_page_takes_the_request_back(world):
    browser = world.browser
    world.slow.holds_connects = True
    try:
        ask(world, "pump-3")
        world.slow.until_connect_waits()
        browser.until_text(f"{DIALOG} [data-state=now]", "tunnel up")
        world.visit("/console/history?product=pump-3&state=over")
        browser.until_text(".grid tbody:first-of-type", "closed on request")
    finally:
        world.close_all(world.slow)


@expects(503)
def check_an_offline_device_is_refused_with_its_message(world):
    ask(world, "lift-2")
    browser = world.browser
    browser.until_text(f"{DIALOG} .problem", "Device lift-2 is not attached to any broker.")
    browser.until_text(f"{DIALOG} .problem", "Cause")
    browser.until_text(f"{DIALOG} .problem", "Check power and network of the device")
    browser.until_text(f"{DIALOG} .problem", "deviceOffline")
    browser.until(f"document.querySelector('{DIALOG} [data-state=failed]')", "the step failed")


def check_a_device_that_refuses_is_heard(world):
    browser = world.browser
    world.gate.refusal = {
        "code": "establishmentFailed", "detail": "The gateway did not answer.",
        "cause": "Port 500 is closed.", "nextStep": "Open it.", "reason": "retriesExhausted",
    }
    try:
        ask(world, "gate-7")
        browser.until_text(f"{DIALOG} .problem", "The gateway did not answer.")
        browser.until_text(f"{DIALOG} .problem", "Open it.")
    finally:
        world.gate.refusal = None


@expects(409)
def check_the_eleventh_connection_is_refused(world):
    try:
        for _ in range(10):
            world.connect("ben", "gate-7")
        ask(world, "gate-7")
        world.browser.until_text(f"{DIALOG} .problem", "The device has its ten connections.")
    finally:
        world.close_all(world.gate)


def check_close_ends_the_own_connection(world):
    browser = world.browser
    try:
        other = world.connect("ben", "gate-7")
        own = world.connect("anna", "gate-7")
        world.visit("/console/")
        true(not browser.is_shown(f"#{other['id']} [data-do=close]"), "only the own can be closed")
        browser.click(f"#{own['id']} [data-do=close]")
        browser.until_text("#close[open]", "Close the connection of anna on gate-7?")
        browser.click("#close [type=submit]")
        browser.until("!document.querySelector('#close[open]')", "the dialog is over")
        browser.until("!document.getElementById(" + repr(own["id"]) + ")", "the line is gone")
        browser.until_text("#device-gate-7", "1/10")
    finally:
        world.close_all(world.gate)


def check_closeall_ends_everything(world):
    browser = world.browser
    world.connect("ben", "gate-7")
    world.connect("anna", "gate-7")
    world.visit("/console/devices/gate-7")
    browser.click("[data-do=closeall]")
    browser.until_text("#close[open]", "2 connections and the tunnel end")
    browser.click("#close [type=submit]")
    world.gate.until_empty()
    browser.until_text("main", "Nobody is on this device.")
    browser.until_text("main", "all connections were closed at once")


def check_buttons_that_a_role_forbids_are_absent(world):
    browser = world.browser
    wanted = {"vera": (False, False, False), "ben": (True, False, True), "admin": (True,) * 3}
    view = world.connect("anna", "gate-7")
    try:
        for user, buttons in wanted.items():
            world.visit("/console/", user)
            browser.until_text(f"#{view['id']}", "anna")
            seen = tuple(
                browser.is_shown(f"#device-gate-7 [data-do={action}]")
                for action in ("connect", "close", "closeall"))
            equal(seen, buttons, f"what {user} may do")
        world.visit("/console/", "vera")
        equal(browser.value("document.querySelectorAll('dialog').length"), 0, "vera's dialogs")
    finally:
        world.close_all(world.gate)


def check_everything_can_be_done_with_the_keyboard_alone(world):
    browser = world.browser
    world.visit("/console/")
    browser.until("document.readyState === 'complete'")
    try:
        browser.press(TAB)
        equal(browser.value("document.activeElement.className"), "skip", "the first stop")
        browser.until("document.activeElement.getBoundingClientRect().top >= 0", "it is seen")
        browser.press(ENTER)
        browser.until("document.activeElement.id === 'main'", "the content has the focus")
        stops = walk(browser, until="document.activeElement.matches("
                     "'[data-product=gate-7] [data-do=connect]')")
        true(len(stops) < 12, f"the way is short: {stops}")
        browser.press(ENTER)
        browser.until("document.activeElement.id === 'note'", "the note has the focus")
        browser.press(*"by hand", TAB, *"10", ENTER)
        browser.until_text(f"{DIALOG} [data-slot=outcome]", "10 min 00 s")
        browser.press(ESCAPE)
        browser.until("!document.querySelector('dialog[open]')")
        browser.until(
            "document.activeElement.matches('[data-product=gate-7] [data-do=connect]')",
            "the focus is back where it was")
        browser.until_text("#device-gate-7", "by hand")
        walk(browser, until="document.activeElement.dataset.do === 'close'")
        browser.press(SPACE)
        browser.until("document.querySelector('#close[open]')", "Space opens, too")
        browser.until("document.activeElement.matches('#close [type=submit]')")
        browser.press(ENTER)
        browser.until_text("#device-gate-7", "0/10")
    finally:
        world.close_all(world.gate)


def walk(browser, until):
    """Tab by Tab to a place; every stop is visible and has a visible focus."""
    stops = []
    while len(stops) < 40:
        browser.press(TAB)
        stop, is_there, is_visible, outline = browser.value(
            "[document.activeElement.outerHTML.slice(0, 80), " + until + ","
            " document.activeElement.checkVisibility(),"
            " getComputedStyle(document.activeElement).outlineStyle]")
        stops.append(stop)
        true(is_visible and outline == "solid", f"the focus is seen on {stop}")
        if is_there:
            return stops
    raise AssertionError(f"not reached: {stops}")
