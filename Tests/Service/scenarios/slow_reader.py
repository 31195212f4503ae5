"""A reader that does not read costs the broker nothing, and loses nothing.

One stream of events is read, another one is not, while more happens than its sockets can hold and
more than the broker keeps in memory. The first gets every event; memory stays within bounds. What the
slow one got, once it reads, is whole up to a place, and it goes on from there with Last-Event-ID.
"""

import contextlib
import json
import socket

from harness.api import Stream
from harness.broker import Broker, enrol, make_user
from harness.device import Device, now
from harness.neighbours import Neighbours
from harness.waiting import until

REPORTS, LINES = 48, 256
TUNNEL = "t-0000000000000000"
GROWTH_BYTES_MAX = 96 << 20


def play(folder):
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, "a"))
        anna = broker.api(make_user(broker.admin, "anna", "viewer"))
        device = stack.enter_context(Device("PBX-1", enrol(broker.admin, "PBX-1"), [broker]))
        neighbours = stack.enter_context(Neighbours([broker], watches_ours=False))
        fast = stack.enter_context(Stream(anna, "/v1/events?type=tunnel.opened"))
        slow = stack.enter_context(open_unread(anna))
        before = broker.program.memory_bytes
        for report in range(REPORTS):
            tell(broker, device, report)
        last = int(anna.call("GET", "/v1/events?type=tunnel.opened&limit=1")["items"][0]["id"])
        until(lambda: len(fast.messages) == REPORTS * LINES, "the fast reader has everything", 60)
        growth = broker.program.memory_bytes - before
        assert growth < GROWTH_BYTES_MAX, f"{growth >> 20} MiB more than before"

        known = read_numbers(slow, last)
        assert known == list(range(known[0], known[-1] + 1)), "a part in the middle is missing"
        assert 0 < len(known) < REPORTS * LINES, "the sockets hold it all: this shows nothing"
        rest = stack.enter_context(
            Stream(anna, "/v1/events?type=tunnel.opened", {"Last-Event-ID": str(known[-1])}))
        until(lambda: rest.messages and int(rest.messages[-1]["id"]) == last, "the rest", 60)
        got = known + [int(one["id"]) for one in rest.messages]
        assert got == [int(one["id"]) for one in fast.messages], "nothing is lost"
        neighbours.check()
        print(f"{len(got)} events, {len(known)} of them to the slow reader at first, "
              f"{growth >> 20} MiB of memory more")


def tell(broker, device, report):
    """Many events at once: lines of a device's history."""
    first = report * LINES + 1
    broker.api(device.token).call("POST", "/v1/agent/reports", {
        "epoch": device.epoch, "answers": [], "state": {"phase": "down", "connections": []},
        "history": [
            {"sequence": first + line, "time": now(), "kind": "tunnelEstablished", "tunnel": TUNNEL}
            for line in range(LINES)],
    })


def open_unread(api):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", api.port))
    connection.settimeout(60)
    connection.sendall((
        "GET /v1/events?type=tunnel.opened HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n"
        f"Authorization: Bearer {api.token}\r\n\r\n").encode())
    # The head only: the stream stands from here on.
    head = b""
    while b"events after" not in head:
        head += connection.recv(1)
    assert b" 200 " in head, head
    return connection


def read_numbers(connection, last):
    """Sequences of the events that came, until the stream ended or all of them are there."""
    text = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while data := connection.recv(1 << 20):
            text += data
            if b"too slow" in text or f"id: {last}\n".encode() in text:
                break
    # Chunks' lengths stand on lines of their own, between events.
    numbers = []
    for event in text.split(b"\n\n"):
        lines = event.split(b"\n")
        number = next((line[4:] for line in lines if line.startswith(b"id: ")), None)
        data = next((line[6:] for line in lines if line.startswith(b"data: ")), None)
        if number and data and data.endswith(b"}"):
            assert json.loads(data)["id"] == number.decode()
            numbers.append(int(number))
    return numbers
