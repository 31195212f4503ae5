"""The devices, and how the page follows them."""

from harness.browser import ENTER

from . import equal, expects, true

ROW = "#device-gate-7"


def check_every_device_is_listed_with_its_state_in_words(world):
    world.visit("/console/")
    browser = world.browser
    browser.until_text(ROW, "Gate 7, east yard")
    browser.until_text(ROW, "Online")
    browser.until_text(ROW, "Down")
    browser.until_text(ROW, "0/10")
    browser.until_text("#device-lift-2", "Offline")
    equal(browser.value("document.querySelectorAll('.grid tbody').length"), 4, "devices")


def check_a_device_is_found_by_a_part_of_its_name(world):
    browser = world.browser
    rows = "document.querySelectorAll('.devices tbody').length"
    others = [f"belt-{number:02}" for number in range(20)]
    try:
        for product in others:
            world.broker.enrol(product, f"Belt {product[5:]}, north hall")
        world.visit("/console/")
        equal(browser.value(rows), 20, "devices on a full page")
        true(not browser.is_shown(ROW), "the gate is on another page")
        browser.click(".turning a")
        browser.until("location.search.includes('after=')")
        equal(browser.value(rows), 4, "devices on the last page")
        browser.type(".find input", "EAST" + ENTER)
        browser.until("location.search.includes('find=EAST')")
        browser.until_text(ROW, "Gate 7, east yard")
        equal(browser.value(rows), 1, "devices found")
        world.until_live()
        view = world.connect("ben", "gate-7")
        browser.until_text(f"#{view['id']}", "ben")
        browser.type(".find input", "no such thing" + ENTER)
        browser.until_text(".empty", "No device has this in its name or product id.")
        browser.click(".find a")
        browser.until("!location.search")
        equal(browser.value(rows), 20, "devices when nothing is looked for")
    finally:
        world.close_all(world.gate)
        for product in others:
            world.call("admin", "DELETE", f"/v1/devices/{product}")


def check_the_page_shows_what_others_do_without_being_loaded_again(world):
    browser = world.browser
    world.visit("/console/")
    world.until_live()
    browser.run("window.sameDocument = true")
    view = world.connect("ben", "gate-7", note="belt stands still")
    try:
        browser.until_text(f"#{view['id']}", "ben")
        browser.until_text(ROW, "1/10")
        browser.until_text(ROW, "10.99.0.7")
        browser.until_text(ROW, "belt stands still")
        second = world.connect("anna", "gate-7")
        browser.until_text(f"#{second['id']}", "anna (you)")
        browser.until_text(ROW, "2/10")
        true(browser.value("window.sameDocument"), "the page was not loaded again")
        browser.until_text("#said", "connection.opened, gate-7, anna")
    finally:
        world.close_all(world.gate)
    browser.until_text(ROW, "0/10")
    true(not browser.is_shown(f"#{view['id']}"), "the connection is gone")


def check_time_left_counts_down_between_reports_and_follows_them(world):
    browser = world.browser
    world.visit("/console/")
    world.connect("ben", "gate-7")
    try:
        browser.until_text(f"{ROW} [data-left]", "19 min")
        first = browser.value(f"document.querySelector('{ROW} [data-left]').textContent")
        browser.until(
            f"document.querySelector('{ROW} [data-left]').textContent !== {first!r}", "it counts")
        world.gate.report(left_seconds=58)
        # A report is no event: the page asks by itself, or at once after something was done.
        browser.reload()
        browser.until_text(f"{ROW} [data-left]", " s")
        browser.until(f"document.querySelector('{ROW} .soon')", "the end is near")
    finally:
        world.gate.left_seconds = 1200
        world.close_all(world.gate)


def check_a_tunnel_that_is_lost_is_seen_with_its_reason(world):
    browser = world.browser
    world.visit("/console/devices/gate-7")
    world.until_live()
    view = world.connect("anna", "gate-7")
    browser.until_text(f"#{view['id']}", "Up")
    world.gate.lose_tunnel("deadPeer")
    browser.until_text(f"#{view['id']}", "the other end stopped answering")
    browser.until_text(f"#{view['id']}", "deadPeer")
    browser.until_text("main", "Tunnel lost")
    browser.until_text("main", "after 1 min 01 s")


def check_focus_stays_where_it_is_when_the_page_changes(world):
    browser = world.browser
    world.visit("/console/")
    world.until_live()
    browser.run("document.querySelector('#device-pump-3 [data-do=connect]').focus()")
    view = world.connect("ben", "gate-7")
    try:
        browser.until_text(f"#{view['id']}", "ben")
        equal(
            browser.value("document.activeElement.closest('[data-product]').dataset.product"),
            "pump-3", "what has the focus")
    finally:
        world.close_all(world.gate)


def check_pausing_holds_the_page_still(world):
    browser = world.browser
    world.visit("/console/")
    world.until_live()
    browser.click("[data-do=pause]")
    browser.until_text("#live", "Paused")
    view = world.connect("ben", "gate-7")
    try:
        true(not browser.is_shown(f"#{view['id']}"), "nothing changes while it is paused")
        browser.click("[data-do=pause]")
        browser.until_text(f"#{view['id']}", "ben")
    finally:
        world.close_all(world.gate)


@expects("net::ERR_", 503)
def check_a_broker_that_goes_away_is_said_and_its_return_is_noticed(world):
    browser = world.browser
    world.visit("/console/")
    world.until_live()
    browser.run("window.sameDocument = true")
    world.broker.halt()
    browser.until_text("#live", "Reconnecting")
    browser.until_text(ROW, "Gate 7, east yard")
    world.broker.start()
    for device in (world.gate, world.slow, world.hostile):
        device.until_attached()
    world.until_live()
    view = world.connect("anna", "gate-7")
    try:
        browser.until_text(f"#{view['id']}", "anna (you)")
        true(browser.value("window.sameDocument"), "the page was not loaded again")
    finally:
        world.close_all(world.gate)
