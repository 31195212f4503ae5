"""Devices that do what an agent does towards its broker, thousands in one process."""

import collections
import json
import time

from http1 import Connection

# As the agent's, in seconds: a report at least so often, on a connection that is kept so long.
REPORT_SECONDS, KEPT_SECONDS = 30, 0.1
# How often this process looks at what is due, in seconds.
TICK_SECONDS = 0.05
TUNNEL = "t-0000000000000000"


class Device:
    """One device: its stream, its reports; it answers each command at once."""

    def __init__(self, loop, origin, product, token):
        self._loop, self._origin, self.product, self._token = loop, origin, product, token
        self.epoch, self.errors = None, []
        # When the last command was read, and when its answer was on its way.
        self.commanded_at, self.answered_at = 0, 0
        self._connections, self._text = [], b""
        self.stream, self._reports, self._waiting = None, None, []

    def attach(self):
        self.epoch = None
        self.stream = Connection(self._loop, self._origin)
        self.stream.request("GET", "/v1/agent/stream", self._token, on_data=self._read,
                            done=self._stream_ended)

    def close(self):
        self.close_reports()
        if self.stream:
            self.stream.close()

    def close_reports(self):
        """Closes the connection that reports travel on."""
        if self._reports:
            self._reports.close()
            self._reports = None

    def report(self, answers=()):
        """Posts a report; one after another."""
        self._waiting.append(answers)
        if len(self._waiting) == 1:
            self._post()

    @property
    def is_reporting(self):
        return bool(self._waiting)

    def ask(self, method, path, done):
        """A request on the connection that reports travel on."""
        self._ready().request(method, path, self._token, done=done)

    def _ready(self):
        if self._reports is None or self._reports.is_closed:
            self._reports = Connection(self._loop, self._origin)
        return self._reports

    def _post(self):
        body = json.dumps({
            "epoch": self.epoch, "answers": list(self._waiting[0]), "state": self._state(),
            "history": []}).encode()
        self._ready().request("POST", "/v1/agent/reports", self._token, body, self._posted)

    def _posted(self, status, body, _):
        if status != 200:
            self.errors.append(f"{status} {body[:120].decode(errors='replace')}")
        self._waiting.pop(0)
        if self._waiting:
            self._post()

    def _stream_ended(self, *_):
        self.epoch = None

    def _state(self):
        if not self._connections:
            return {"phase": "down", "connections": []}
        tunnel = {"id": TUNNEL, "vpnAddress": "10.99.0.7", "upSince": "2026-01-01T00:00:00.000Z",
                  "inactivitySeconds": 1200, "inactivityLeftSeconds": 1200, "receivedBytes": 0,
                  "sentBytes": 0}
        return {"phase": "up", "tunnel": tunnel, "connections": sorted(self._connections)}

    def _read(self, data):
        self._text += data
        while b"\n\n" in self._text:
            message, _, self._text = self._text.partition(b"\n\n")
            self._take(dict(line.split(": ", 1) for line in message.decode().split("\n")))

    def _take(self, fields):
        if fields.get("event") == "attached":
            self.epoch = json.loads(fields["data"])["epoch"]
        elif fields.get("event") == "command":
            self.commanded_at = time.perf_counter()
            command = json.loads(fields["data"])
            self.report([{"command": command["id"], "outcome": self._carry_out(command)}])
            self.answered_at = time.perf_counter()

    def _carry_out(self, command):
        action = command["action"]
        if "connect" in action:
            connection = action["connect"]["order"]["connection"]
            if connection not in self._connections:
                self._connections.append(connection)
            return {"connected": {"facts": {
                "connection": connection, "tunnel": TUNNEL, "vpnAddress": "10.99.0.7",
                "inactivity": {"seconds": 1200, "wasClamped": False}}}}
        gone = action.get("close", {}).get("connection")
        self._connections = [] if gone is None else [
            one for one in self._connections if one != gone]
        return {"closed": {}}


def enrol(loop, origin, administrator, count, first=0):
    """Makes devices by the broker's own API, many at once; returns them."""
    devices, lanes = [], [Connection(loop, origin) for _ in range(min(count, 48))]
    names = iter(range(first, first + count))

    def announce(lane):
        number = next(names, None)
        if number is not None:
            again(lane, f"device-{number:05}")

    def again(lane, product):
        lane.request("POST", "/v1/enrolments", administrator,
                     json.dumps({"productID": product}).encode(),
                     lambda status, body, _: announced(lane, product, status, body))

    def announced(lane, product, status, body):
        if status == 429:  # The token's own limit: once more.
            time.sleep(0.01)
            return again(lane, product)
        if status != 201:
            raise OSError(f"enrolment of {product}: {status} {body[:200]}")
        code = json.dumps({"code": json.loads(body)["code"]}).encode()
        lane.request("POST", "/v1/enrol", None, code,
                     lambda status, body, _: enrolled(lane, product, status, body))

    def enrolled(lane, product, status, body):
        if status != 201:
            raise OSError(f"enrolment of {product}: {status} {body[:200]}")
        devices.append(Device(loop, origin, product, json.loads(body)["token"]))
        announce(lane)

    for lane in lanes:
        announce(lane)
    if not loop.run(lambda: len(devices) == count, 600):
        raise OSError(f"only {len(devices)} of {count} devices were enrolled")
    for lane in lanes:
        lane.close()
    return devices


def attach(loop, devices, at_once=200, seconds=300):
    """Attaches all, so many at a time; returns how many failed."""
    deadline = time.monotonic() + seconds
    waiting, under_way = list(devices)[::-1], []
    while waiting or under_way:
        under_way = [one for one in under_way if one.epoch is None and not one.stream.is_closed]
        while waiting and len(under_way) < at_once:
            device = waiting.pop()
            device.attach()
            under_way.append(device)
        count = len(under_way)
        if time.monotonic() > deadline:
            break
        loop.run(lambda: sum(one.epoch is None and not one.stream.is_closed
                             for one in under_way) < max(1, count * 3 // 4), 5)
    return sum(one.epoch is None for one in devices)


def idle(loop, devices, seconds):
    """Lets time pass, each device reporting as often as an agent does.

    Returns how many connections for reports there were at once, at most. Where this process comes
    late, it catches up slowly: devices have clocks of their own, and do not wait for each other.
    """
    began = time.monotonic()
    due, reports, kept, most = len(devices) / REPORT_SECONDS, 0, collections.deque(), 0
    while (passed := time.monotonic() - began) < seconds:
        for _ in range(max(1, int(2 * due * TICK_SECONDS))):
            if reports >= passed * due:
                break
            device = devices[reports % len(devices)]
            device.report()
            kept.append((passed + KEPT_SECONDS, device))
            reports += 1
        most = max(most, len(kept))
        for _ in range(len(kept)):
            if kept[0][0] > passed:
                break
            _, device = kept.popleft()
            if device.is_reporting:
                kept.append((passed + KEPT_SECONDS, device))
            else:
                device.close_reports()
        loop.run(lambda: False, TICK_SECONDS)
    return most
