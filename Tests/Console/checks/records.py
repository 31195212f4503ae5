"""Events as they happen, and the history."""

from . import equal, expects, true


def check_events_arrive_live(world):
    browser = world.browser
    world.visit("/console/events")
    world.until_live()
    view = world.connect("anna", "gate-7", note="live note")
    world.close_all(world.gate)
    first = ".grid tbody:first-of-type"
    browser.until_text(".grid tbody", "Connection asked for")
    browser.until_text(".grid tbody", "live note")
    browser.until_text(".grid tbody", view["id"])
    browser.until_text(first, "Connection over")
    browser.until_text(first, "all connections were closed at once")
    true(browser.value("document.querySelectorAll('.grid tbody').length") <= 50, "it is bounded")


def check_events_are_filtered_by_device_type_and_reason(world):
    browser = world.browser
    world.visit("/console/events")
    browser.type("#filter-product", "gate-7")
    browser.run("document.getElementById('filter-type').value = 'connection.closed'")
    browser.run("document.getElementById('filter-reason').value = 'closeAll'")
    browser.click(".filters button")
    browser.until("location.search.includes('reason=closeAll')")
    browser.until_text("main", "all connections were closed at once")
    equal(
        browser.value("[...new Set([...document.querySelectorAll('.grid td:nth-child(2) code')]"
                      ".map(e => e.textContent))]"), ["connection.closed"], "the types")
    equal(browser.value("document.getElementById('filter-type').value"), "connection.closed")
    world.until_live()
    rows = "document.querySelectorAll('.grid tbody').length"
    before = browser.value(rows)
    world.connect("anna", "gate-7")
    world.close_all(world.gate)
    browser.until(f"{rows} === {before + 1} || {rows} === 50", "the filtered stream goes on")


def check_older_events_are_turned_to_and_stay_still(world):
    browser = world.browser
    world.visit("/console/events")
    newest = browser.value("document.querySelector('.grid tbody').id")
    browser.click(".turning a")
    browser.until("location.search.includes('before=')")
    browser.until_text(".live", "Not live")
    true(browser.value("document.querySelector('.grid tbody').id") != newest, "another page")
    browser.click(".turning a")
    browser.until("!location.search.includes('before=')", "back to the newest")


def check_history_says_why_connections_ended(world):
    browser = world.browser
    world.connect("ben", "gate-7", note="by ben")
    world.gate.lose_tunnel("inactivity")
    view = world.connect("anna", "gate-7")
    world.call("anna", "DELETE", f"/v1/connections/{view['id']}")
    world.visit("/console/history?product=gate-7")
    browser.until_text(f"#{view['id']}", "closed on request")
    browser.until_text(f"#{view['id']}", "by anna")
    browser.run("document.getElementById('filter-reason').value = 'inactivity'")
    browser.click(".filters button")
    browser.until("location.search.includes('reason=inactivity')")
    browser.until_text("main", "no user traffic for the whole idle time")
    true(not browser.is_shown(f"#{view['id']}"), "the other reason is filtered out")
    world.visit("/console/history?user=ben")
    equal(
        browser.value("[...new Set([...document.querySelectorAll('.grid td:nth-child(3)')]"
                      ".map(e => e.textContent.trim()))]"), ["ben"], "the users")


def check_history_is_turned_page_by_page(world):
    browser = world.browser
    for _ in range(6):
        for _ in range(9):
            world.connect("ben", "gate-7")
        world.close_all(world.gate)
    world.visit("/console/history")
    ids = "[...document.querySelectorAll('.grid tbody')].map(e => e.id)"
    first = browser.value(ids)
    equal(len(first), 50, "connections on a page")
    browser.click(".turning a")
    browser.until("location.search.includes('after=')")
    second = browser.value(ids)
    true(second and not set(first) & set(second), "the next page has others")


@expects(400)
def check_a_filter_that_makes_no_sense_is_explained(world):
    browser = world.browser
    world.visit("/console/history")
    browser.type("#filter-product", "no such/device")
    browser.click(".filters button")
    browser.until_text(".problem", "The parameter product is no product id.")
    equal(browser.value("document.getElementById('filter-product').value"), "no such/device")


@expects(404)
def check_what_does_not_exist_is_a_page_with_a_way_on(world):
    browser = world.browser
    world.visit("/console/devices/nobody")
    browser.until_text(".problem", "There is no device nobody.")
    world.visit("/console/nothing")
    browser.until_text(".problem", "The console has no such page.")
    browser.click("main a[href='/console/']")
    browser.until_text("h1", "Devices")
