"""Tokens, cookies, sessions."""

from harness.browser import ENTER

from . import equal, expects, true


@expects(401)
def check_a_wrong_token_is_refused_with_cause_and_next_step(world):
    browser = world.browser
    browser.open(world.broker.url + "/")
    equal(browser.path, "/console/", "the first page")
    browser.until("document.activeElement.id === 'token'", "the token's field has the focus")
    browser.type("#token", "dbt_" + "A" * 43)
    browser.press(ENTER)
    browser.until_text(".problem", "The token is not good here.")
    browser.until_text(".problem", "Next step")
    true(not browser.is_shown(".who"), "nobody is logged in")


def check_a_good_token_leads_to_the_page_that_was_wanted(world):
    browser = world.browser
    browser.open(world.broker.url + "/console/events?type=device.attached")
    browser.type("#token", "  " + world.tokens["anna"] + " ")
    browser.press(ENTER)
    browser.until_text("h1", "Events")
    equal(browser.path, "/console/events?type=device.attached", "the page")
    browser.until_text(".who", "anna · operator · default")


def check_the_token_is_out_of_reach_of_scripts_and_of_the_page(world):
    world.visit("/console/")
    equal(world.browser.value("document.cookie"), "", "what scripts see of the cookie")
    true(world.tokens["anna"] not in world.browser.source, "the token is not in the page")


def check_no_address_of_another_origin_is_followed_after_login(world):
    for wanted in ("https://example.org/", "//example.org", "/console/\\example", "/v1/tokens"):
        status, headers, _ = world.broker.ask(
            "POST", "/console/session", f"token={world.tokens['anna']}&next={wanted}",
            headers={"Content-Type": "application/x-www-form-urlencoded",
                     "Sec-Fetch-Site": "same-origin"})
        equal((status, headers["Location"]), (303, "/console/"), f"the way on after {wanted}")


def check_another_site_can_neither_log_in_nor_out_nor_close(world):
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site"}
    cookie = {"Cookie": f"drawbridge_session={world.tokens['anna']}", "Origin": "https://evil.test"}
    for method, path, headers in (
        ("POST", "/console/session", form),
        ("DELETE", "/console/session", form),
        ("DELETE", "/v1/devices/gate-7/connections", cookie),
        ("POST", "/v1/devices/gate-7/connections", cookie),
    ):
        equal(world.broker.ask(method, path, headers=headers)[0], 403, f"{method} {path}")


def check_tokens_of_devices_do_not_open_the_console(world):
    status, _, data = world.broker.ask(
        "POST", "/console/session", f"token={world.gate.token}",
        headers={"Content-Type": "application/x-www-form-urlencoded",
                 "Sec-Fetch-Site": "same-origin"})
    equal(status, 403)
    true(b"A token of role device does not allow this." in data, "it says why")


def check_logging_out_ends_the_session(world):
    world.visit("/console/")
    world.browser.click(".who button")
    world.browser.until("document.getElementById('token')", "the login page is back")
    world.forget_user()
    world.browser.open(world.broker.url + "/console/history")
    world.browser.until("document.getElementById('token')", "nobody is logged in any more")


@expects(401)
def check_a_token_that_is_revoked_ends_its_open_page(world):
    browser = world.browser
    made = world.broker.call("POST", "/v1/tokens", {"user": "tina", "role": "viewer"})
    world.tokens["tina"] = made["token"]
    world.visit("/console/", "tina")
    world.until_live()
    world.call("admin", "DELETE", f"/v1/tokens/{made['view']['id']}")
    browser.until("document.getElementById('token')", "the login page is back")
    browser.until_text(".problem", "expired or revoked")
    world.forget_user()
