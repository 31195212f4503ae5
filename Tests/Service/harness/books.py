"""What must be so once nothing moves any more, however it came to be."""

import collections

from .waiting import NotSeen, until

ENDS = ("org.drawbridge.connection.closed", "org.drawbridge.connection.failed")


def records(api):
    """Everything that a broker shows of its books."""
    events = [
        {name: value for name, value in event.items() if name != "source"}
        for event in api.events()]
    return {
        "connections": api.pages("/v1/connections"), "events": events,
        "grants": sorted(grant["connection"] for grant in api.call("GET", "/v1/grants")["items"]),
    }


def check_at_rest(apis, devices, seconds=20, neighbours=None):
    """All brokers and all devices come to tell the same; returns the first broker's records.

    The chain goes through the events of all organisations.
    """

    def agree():
        live = {one["id"] for one in apis[0].pages("/v1/connections", live="true")}
        return live == {one for device in devices for one in device.live}

    def disagreement():
        live = [one for one in apis[0].pages("/v1/connections", live="true")]
        return f"the ledgers are equal; broker: {live}; devices: " + "; ".join(
            f"{device.product} {device.live} attached {device.epoch}" for device in devices)

    until(agree, disagreement, seconds)
    every = [records(api) for api in apis]
    for other in every[1:]:
        assert other == every[0], "two brokers on one database tell different stories"
    check_chain(neighbours.events() if neighbours else every[0]["events"])
    check_ends(every[0])
    check_devices(every[0], devices)
    return every[0]


def check_chain(events):
    previous = events[0]["previoushash"] if events else None
    for number, event in enumerate(events, 1):
        assert event["previoushash"] == previous, f"the chain breaks at {event['id']}"
        assert int(event["id"]) == number, f"event {number} has the id {event['id']}"
        previous = event["hash"]


def check_ends(records):
    """Each connection that is over has one reason and one end; a live one has none."""
    ends = collections.Counter(
        event["subject"] for event in records["events"] if event["type"] in ENDS)
    for connection in records["connections"]:
        is_over = connection["phase"] == "closed"
        assert bool(connection.get("reason")) == is_over, connection
        assert ends[connection["id"]] == (1 if is_over else 0), (connection, ends)
    up = sorted(one["id"] for one in records["connections"] if one["phase"] == "up")
    assert records["grants"] == up, (records["grants"], up)


def check_devices(records, devices):
    known = {one["id"]: one for one in records["connections"]}
    for device in devices:
        twice = [one for one, times in device.made.items() if times != 1]
        assert not twice, f"{device.product} made {twice} more than once"
        for made in device.made:
            assert made in known, f"{device.product} has made {made}, which no broker knows"
        for one in device.live:
            assert known[one]["phase"] == "up", known[one]


def check_keys(records, keys):
    """Each request, however often it was sent, made one connection (its note is its key)."""
    notes = collections.Counter(one.get("note") for one in records["connections"])
    wrong = {key: notes[key] for key in keys if notes[key] != 1}
    if wrong:
        raise NotSeen(f"requests that did not make one connection: {wrong}")
