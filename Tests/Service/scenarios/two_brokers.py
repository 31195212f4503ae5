"""Two brokers on one PostgreSQL are one service.

A device is attached to broker B. An operator who asks broker A reaches it, and closes what she has
at either. A gateway that follows A sees at once what B did. Events and history are the same at both,
live and listed. The device moves to A by attaching anew: its stream at B is told so and ends.
"""

import contextlib

from harness import books
from harness.api import Refused, Stream
from harness.broker import ORDER, Broker, enrol, make_user
from harness.device import Device
from harness.neighbours import Neighbours
from harness.postgres import PostgreSQL


def change(kind, connection):
    """A gateway's news about one connection."""

    def is_it(message):
        facts = message["data"].get(kind)
        return facts and connection == facts.get("grant", facts).get("connection")

    return is_it


def play(folder):
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(PostgreSQL())
        a = stack.enter_context(Broker(folder, "a", database.conninfo))
        b = stack.enter_context(Broker(folder, "b", database.conninfo))
        admin = a.admin
        anna = make_user(admin, "anna")
        gateway = make_user(admin, "gateway", "gateway")
        device = stack.enter_context(Device("PBX-1", enrol(admin, "PBX-1"), [b]))
        neighbours = stack.enter_context(Neighbours([a, b]))
        live = stack.enter_context(Stream(b.api(anna), "/v1/events"))
        grants = stack.enter_context(Stream(a.api(gateway), "/v1/gateway/stream"))
        # A gateway serves every organisation.
        grants.until(
            lambda one: [grant["connection"] for grant in one["data"]["all"]["grants"]]
            == [neighbours.connection["id"]], "the annex's grant alone at first")

        first = a.api(anna).connect("PBX-1", ORDER)
        assert first["phase"] == "up" and device.live == [first["id"]], first
        grants.until(change("granted", first["id"]), "the grant", seconds=1)
        second = b.api(anna).connect("PBX-1", ORDER)
        assert second["vpnAddress"] == first["vpnAddress"] and second["tunnel"] == first["tunnel"]
        grants.until(change("granted", second["id"]), "the grant of what B did", seconds=1)

        neighbours.stir()
        closed = a.api(anna).close(first["id"])
        assert (closed["phase"], closed["reason"]) == ("closed", "requested"), closed
        grants.until(change("revoked", first["id"]), "its end", seconds=1)
        b.api(anna).close(second["id"])
        grants.until(change("revoked", second["id"]), "the end of what B closed", seconds=1)
        assert device.tunnel is None, "the last close ended the tunnel"
        refuse_closed(a, b, anna, first["id"])
        for connection in (first["id"], second["id"]):
            live.until(
                lambda one: one["data"]["type"].endswith("connection.closed")
                and one["data"]["subject"] == connection, f"the end of {connection} at B")

        moved = stack.enter_context(Device("PBX-1", device.token, [a]))
        device.noticed.until(lambda: device.is_superseded, "B's stream is told of A's")
        third = b.api(anna).connect("PBX-1", ORDER)
        assert moved.live == [third["id"]] and not device.live, "the newer attachment wins"

        records = books.check_at_rest(
            [admin, b.api(a.admin_token)], [moved], neighbours=neighbours)
        listed = [int(event["id"]) for event in records["events"]]
        seen = [int(one["id"]) for one in live.messages]
        assert seen and seen == listed[listed.index(seen[0]):][:len(seen)], (seen, listed)
        neighbours.check()


def refuse_closed(a, b, token, connection):
    """The same refusal at both (CS-8)."""
    answers = []
    for broker in (a, b):
        try:
            broker.api(token).close(connection)
        except Refused as refusal:
            answers.append(refusal)
    assert [one.code for one in answers] == ["connectionClosed"] * 2, answers
    assert answers[0].answer.json == answers[1].answer.json
