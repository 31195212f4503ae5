"""Nothing that anybody says becomes a part of the page."""

import urllib.parse

from harness.service import Refused
from harness.world import HOSTILE

from . import equal, expects, true

PAGES = ("/console/", "/console/devices/evil-1", "/console/events", "/console/history")


def check_scripts_in_names_notes_and_refusals_are_inert(world):
    browser = world.browser
    view = world.connect("anna", "evil-1", note=HOSTILE)
    world.hostile.refusal = {
        "code": "policyRefused", "detail": HOSTILE, "cause": HOSTILE, "nextStep": HOSTILE}
    try:
        try:
            world.connect("ben", "evil-1", note=HOSTILE)
        except Refused as refused:
            equal(refused.problem["code"], "policyRefused")
        for path in PAGES:
            world.visit(path, "admin")
            browser.until_text("main", "<script>window.hacked=1</script>")
            equal(browser.value("document.querySelectorAll('main script, main img').length"), 0)
        world.visit("/console/", "admin")
        browser.until_text("#device-evil-1 a", HOSTILE)
        browser.click("[data-product=evil-1] [data-do=connect]")
        browser.click("#connect .ask button[type=submit]")
        browser.until_text("#connect .problem", HOSTILE)
        equal(browser.value("document.querySelectorAll('dialog script, dialog img').length"), 0)
        equal(browser.value("window.hacked"), None, "what the scripts did")
        true(view["note"] == HOSTILE, "the note is kept as it is")
    finally:
        world.hostile.refusal = None
        world.close_all(world.hostile)


@expects(400)
def check_scripts_in_addresses_are_inert(world):
    browser = world.browser
    text = urllib.parse.quote(HOSTILE)
    for path in (f"/console/events?actor={text}", f"/console/history?user={text}"):
        world.visit(path)
        equal(browser.value("document.querySelector('.filters').user?.value"
                            " ?? document.querySelector('.filters').actor.value"), HOSTILE)
        equal(browser.value("window.hacked"), None, "what the scripts did")
    world.visit("/console/")


def check_actors_cannot_be_named_like_markup(world):
    status, _, _ = world.broker.ask(
        "POST", "/v1/tokens", {"user": "<script>", "role": "viewer"}, world.broker.admin)
    equal(status, 400)


def check_the_policy_stops_what_is_inline(world):
    browser = world.browser
    world.visit("/console/")
    browser.run(
        "const s = document.createElement('script'); s.textContent = 'window.hacked = 2';"
        "document.body.append(s)")
    browser.until("window.hacked === undefined")
    complaints = [entry["message"] for entry in browser.logs()]
    true(any("Content Security Policy" in text for text in complaints), f"{complaints}")
    _, headers, _ = world.broker.ask("GET", "/console/")
    equal(headers["Content-Security-Policy"],
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
          "img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
