"""Pictures of every page, for people to look at."""

VIEWS = {
    "desktop-light": ("light", 1280, 800, False),
    "desktop-dark": ("dark", 1280, 800, False),
    "phone-light": ("light", 360, 740, True),
}


def take(world, folder):
    browser = world.browser
    # Its name is for the checks, not for the eye.
    world.call("admin", "DELETE", "/v1/devices/evil-1")
    world.connect("ben", "gate-7", note="belt stands still since 01:40")
    world.connect("anna", "gate-7", note="second pair of eyes")
    world.connect("anna", "pump-3", note="pressure too low")
    world.slow.report(left_seconds=47)
    world.gate.report(left_seconds=1073)
    for view, (scheme, width, height, is_phone) in VIEWS.items():
        browser.prefer(prefers_color_scheme=scheme)
        browser.resize(width, height, is_phone)
        pages = {
            "devices": "/console/", "device": "/console/devices/gate-7",
            "events": "/console/events", "history": "/console/history",
        }
        for name, path in pages.items():
            world.visit(path)
            world.until_live()
            browser.screenshot(folder / f"{name}-{view}.png")
        world.visit("/console/")
        browser.click("[data-product=gate-7] [data-do=connect]")
        browser.screenshot(folder / f"ask-{view}.png")
        browser.click("#connect .ask button[type=submit]")
        browser.until_text("#connect [data-slot=outcome]", "10.99.0.7")
        browser.screenshot(folder / f"connected-{view}.png")
        browser.click("#connect .progress .buttons button")
        world.visit("/console/")
        browser.click("[data-product=lift-2] [data-do=connect]")
        browser.click("#connect .ask button[type=submit]")
        browser.until_text("#connect .problem", "Next step")
        browser.screenshot(folder / f"refused-{view}.png")
        browser.devtools("Network.clearBrowserCookies")
        world.forget_user()
        browser.open(world.broker.url + "/console/")
        browser.screenshot(folder / f"login-{view}.png")
    browser.devtools("Emulation.clearDeviceMetricsOverride")
