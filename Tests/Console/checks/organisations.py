"""Two organisations look at one broker, and neither sees anything of the other."""

import contextlib

from harness.device import Device

from . import equal, true

PAGES = ("/console/", "/console/?find=1", "/console/events", "/console/history")
# What stands for one side on its own pages; the other must never read it.
OURS, THEIRS = "gate-7", "annex-1"


@contextlib.contextmanager
def annex(world):
    """Another organisation with a device that somebody is on, and its own user."""
    admin = world.broker.found("annex")
    world.tokens["annex"] = admin
    token = world.broker.enrol(THEIRS, "Annex, cellar", admin)
    with Device(world.broker, THEIRS, token, "10.77.0.7") as device:
        try:
            world.connect("annex", THEIRS, note="the annex's words")
            yield
        finally:
            world.close_all(device, "annex")
            # The next check announces it again.
            world.call("annex", "DELETE", f"/v1/devices/{THEIRS}")


def marks(world, user):
    """Every name of the user's organisation that a page may show."""
    pages = {path: world.call(user, "GET", path)["items"] for path in (
        "/v1/devices", "/v1/connections?limit=200")}
    names = {item["productID"] for item in pages["/v1/devices"]}
    for item in pages["/v1/connections?limit=200"]:
        names |= {item["id"], item.get("tunnel")}
    return {name for name in names if name}


def look(world, user, foreign):
    """Every page of the console, as it is sent and as it is when it is live."""
    for path in PAGES:
        world.visit(path, user)
        if path == "/console/events":
            world.until_live()
        source = world.browser.source
        seen = [mark for mark in foreign if mark in source]
        equal(seen, [], f"what {user} sees on {path}")


def check_two_organisations_see_nothing_of_each_other(world):
    world.connect("anna", OURS, note="our words")
    try:
        with annex(world):
            look(world, "admin", marks(world, "annex") | {"the annex's words", "10.77.0.7"})
            look(world, "annex", marks(world, "admin") | {"our words", "Gate 7"})
            world.visit("/console/", "annex")
            world.browser.until_text("main", "Annex, cellar")
            for user, product, never in (("annex", OURS, "gate-8"), ("admin", THEIRS, "annex-2")):
                pages = []
                for name in (product, never):
                    status, _, data = world.broker.ask(
                        "GET", f"/console/devices/{name}", token=world.tokens[user])
                    pages.append((status, data.decode().replace(name, "NAME")))
                equal(pages[0], pages[1], f"the page of {product} for {user}")
                equal(pages[0][0], 404, "its status")
    finally:
        world.close_all(world.gate)


def check_a_live_page_tells_nothing_of_the_other_organisation(world):
    browser = world.browser
    with annex(world):
        world.visit("/console/events", "annex")
        world.until_live()
        ours = world.connect("anna", OURS, note="our live words")
        world.close_all(world.gate)
        # Theirs comes after it, and a page shows events in their order.
        theirs = world.connect("annex", THEIRS, note="their live words")
        browser.until_text(".grid tbody", theirs["id"])
        for mark in (ours["id"], "our live words", OURS):
            true(mark not in browser.source, f"{mark} is on the annex's page")
        world.visit("/console/events", "admin")
        world.until_live()
        again = world.connect("annex", THEIRS, note="their last words")
        ours = world.connect("anna", OURS)
        browser.until_text(".grid tbody", ours["id"])
        for mark in (again["id"], "their last words", THEIRS):
            true(mark not in browser.source, f"{mark} is on our page")
        world.close_all(world.gate)
