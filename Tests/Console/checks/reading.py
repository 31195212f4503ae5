"""Sizes, colours, motion, and reading without scripts."""

import pathlib

from . import equal, expects, true

PAGES = ("/console/", "/console/devices/gate-7", "/console/events", "/console/history")
MEASURES = (pathlib.Path(__file__).parent.parent / "harness" / "page.js").read_text()


def measure(browser, call):
    return browser.run(f"{MEASURES}\nreturn {call};")


def check_the_first_page_weighs_no_more_than_50_kilobytes(world):
    browser = world.browser
    world.visit("/console/")
    world.until_live()
    names = browser.value(
        "[...new Set(['navigation', 'resource'].flatMap((type) =>"
        " performance.getEntriesByType(type).map((entry) => entry.name)))]")
    for name in names:
        true(name.startswith(world.broker.url + "/"), f"{name} is our own")
    files = {name.removeprefix(world.broker.url) for name in names if "/v1/" not in name}
    # The icon is asked for when the browser feels like it.
    files.add("/console/icon.svg")
    cookie = {"Cookie": f"drawbridge_session={world.tokens['anna']}"}
    sizes = {}
    for path in sorted(files):
        status, _, data = world.broker.ask("GET", path, headers=cookie)
        equal(status, 200, path)
        sizes[path] = len(data)
    # The page, its styles, its icon, and seven modules.
    equal(len(sizes), 10, f"what the page is made of, {sizes},")
    total = sum(sizes.values())
    print(f"       the first page with four devices weighs {total} bytes")
    true(total <= 51_200, f"{total} bytes: {sizes}")


def check_files_are_not_sent_again_when_the_browser_has_them(world):
    _, headers, data = world.broker.ask("GET", "/console/console.css")
    true(len(data) > 1000, "the styles come")
    status, _, data = world.broker.ask(
        "GET", "/console/console.css", headers={"If-None-Match": headers["ETag"]})
    equal((status, data), (304, b""))


def check_no_page_scrolls_sideways_on_a_phone(world):
    browser = world.browser
    world.connect("anna", "gate-7", note="a note that is rather long, " * 8)
    try:
        browser.resize(360, 740, is_phone=True)
        for path in PAGES:
            world.visit(path)
            equal(measure(browser, "wideElements()"), [], f"what sticks out of {path}")
            equal(browser.value("document.documentElement.scrollWidth"), 360, f"width of {path}")
        world.visit("/console/")
        browser.click("[data-product=gate-7] [data-do=connect]")
        equal(measure(browser, "wideElements()"), [], "what sticks out of the dialog")
    finally:
        browser.devtools("Emulation.clearDeviceMetricsOverride")
        world.close_all(world.gate)


def check_dark_and_light_differ_and_are_readable(world):
    browser = world.browser
    world.connect("anna", "gate-7", note="colours")
    colours = {}
    try:
        for scheme in ("light", "dark"):
            browser.prefer(prefers_color_scheme=scheme)
            for path in PAGES:
                world.visit(path)
                equal(measure(browser, "poorContrasts(4.5)"), [], f"poor contrast, {scheme} {path}")
            world.visit("/console/")
            browser.click("#device-gate-7 [data-do=closeall]")
            equal(measure(browser, "poorContrasts(4.5)"), [], f"poor contrast, {scheme} dialog")
            colours[scheme] = browser.value("getComputedStyle(document.body).backgroundColor")
    finally:
        browser.prefer(prefers_color_scheme="")
        world.close_all(world.gate)
    true(colours["light"] != colours["dark"], f"{colours}")


def check_every_control_has_a_name(world):
    for path in PAGES:
        world.visit(path, "admin")
        equal(measure(world.browser, "poorControls()"), [], f"poor controls of {path}")


def check_reduced_motion_is_respected(world):
    browser = world.browser
    still = {"no-preference": "fresh", "reduce": "none"}
    try:
        for preference, animation in still.items():
            browser.prefer(prefers_reduced_motion=preference)
            world.visit("/console/")
            world.until_live()
            view = world.connect("ben", "gate-7")
            selector = f"document.getElementById('{view['id']}')"
            browser.until(selector, "the new line")
            browser.run(f"{selector}.classList.add('fresh')")
            equal(browser.value(f"getComputedStyle({selector}).animationName"), animation)
            world.close_all(world.gate)
    finally:
        browser.prefer(prefers_reduced_motion="")


def check_times_are_in_the_zone_of_the_reader(world):
    browser = world.browser
    try:
        browser.devtools("Emulation.setTimezoneOverride", timezoneId="Asia/Kathmandu")
        world.visit("/console/events")
        browser.until_text("#zone", "Kat")
        stamp, text = browser.value(
            "[document.querySelector('time').dateTime, document.querySelector('time').textContent]")
        minutes = (int(stamp[14:16]) + 45) % 60
        equal(text[14:16], f"{minutes:02}", f"the minutes of {stamp}, 5 h 45 min to the east")
    finally:
        browser.devtools("Emulation.setTimezoneOverride", timezoneId="")


def check_nothing_jumps_when_a_page_is_opened(world):
    browser = world.browser
    for path in PAGES:
        world.visit(path)
        world.until_live()
        moved = browser.run(
            "return new Promise((done) => { new PerformanceObserver((list) =>"
            " done(list.getEntries().reduce((sum, e) => sum + e.value, 0)))"
            ".observe({ type: 'layout-shift', buffered: true }); setTimeout(() => done(0), 300); })")
        true(moved < 0.01, f"{path} moved by {moved}")


def check_pages_can_be_read_without_scripts(world):
    browser = world.browser
    view = world.connect("anna", "gate-7", note="plain")
    try:
        world.visit("/console/")
        browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
        for path in PAGES:
            browser.open(world.broker.url + path)
            source = browser.source
            true(view["id"] in source, f"{path} shows the connection")
            true("UTC" in source, f"{path} says what its times are")
    finally:
        browser.devtools("Emulation.setScriptExecutionDisabled", value=False)
        world.close_all(world.gate)


@expects(401)
def check_the_login_works_without_scripts(world):
    browser = world.browser
    browser.devtools("Network.clearBrowserCookies")
    world.forget_user()
    try:
        browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
        browser.open(world.broker.url + "/console/history")
        browser.type("#token", world.tokens["vera"] + "\ue007")
        true("vera" in browser.source and "<h1>History</h1>" in browser.source, "vera is logged in")
    finally:
        browser.devtools("Emulation.setScriptExecutionDisabled", value=False)
