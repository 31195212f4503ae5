"""A device's agent: the real stream and the real reports, and no tunnel behind them."""

import contextlib
import datetime
import http.client
import json
import random
import socket
import threading

from .service import Refused
from .waiting import Noticed, NotSeen

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class Device:
    """Answers every command at once, unless it is told to hold connects or to refuse them."""

    def __init__(self, broker, product, token, address="10.99.0.7"):
        self.broker, self.product, self.token, self.address = broker, product, token, address
        self.holds_connects = False
        self.refusal = None
        self.left_seconds = 1200
        self._noticed = Noticed()
        self._lock = threading.RLock()
        self._epoch = None
        self._connections = []
        self._held = []
        self._tunnel = None
        self._history = 0
        self._number = 0
        self._stream = None
        self._is_leaving = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        self.until_attached()
        return self

    def __exit__(self, *_):
        self._is_leaving = True
        with contextlib.suppress(OSError, AttributeError):
            self._stream.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def until_connect_waits(self):
        self._noticed.until(lambda: self._held, f"{self.product} got a connect")

    def until_empty(self):
        self._noticed.until(
            lambda: not self._connections and self._tunnel is None, f"{self.product} is empty")

    def dial(self):
        """The tunnel is on its way."""
        self._report(phase="establishing")

    def release(self):
        """Answers the connects that were held."""
        with self._lock:
            held, self._held = self._held, []
            self.holds_connects = False
        for command in held:
            self._carry_out(command)

    def report(self, left_seconds):
        with self._lock:
            self.left_seconds = left_seconds
            self._report()

    def lose_tunnel(self, reason):
        """It ended by itself: one line of history says so (CS-13)."""
        with self._lock:
            self._history += 1
            line = {
                "sequence": self._history, "time": now(), "kind": "unexpectedClose",
                "tunnel": self._tunnel["id"], "reason": reason, "lastedSeconds": 61, "bytes": 4096,
            }
            self._tunnel, self._connections = None, []
            self._report(history=[line])

    def _serve(self):
        while not self._is_leaving:
            with contextlib.suppress(OSError, http.client.HTTPException, AttributeError, Refused):
                self._follow()
            self._noticed.change(lambda: setattr(self, "_epoch", None))
            if not self._is_leaving:
                with contextlib.suppress(NotSeen):
                    self.broker.until_ready()

    def _follow(self):
        self._stream = http.client.HTTPConnection("127.0.0.1", self.broker.port)
        try:
            self._stream.request(
                "GET", "/v1/agent/stream", headers={"Authorization": f"Bearer {self.token}"})
            response = self._stream.getresponse()
            if response.status == 401:
                # Removed: nothing will ever come.
                self._is_leaving = True
            name = None
            while line := response.readline().decode():
                key, _, value = line.strip().partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    self._take(name, json.loads(value))
        finally:
            self._stream.close()

    def until_attached(self):
        self._noticed.until(lambda: self._epoch is not None, f"{self.product} is attached")

    def _take(self, name, data):
        if name == "attached":
            epoch = data["epoch"]
            self._noticed.change(lambda: setattr(self, "_epoch", epoch))
            self._report()
        elif name == "command":
            self._carry_out(data)

    def _carry_out(self, command):
        with self._lock:
            action, facts = next(iter(command["action"].items()))
            if action == "connect" and self.holds_connects:
                self._noticed.change(lambda: self._held.append(command))
                return
            outcome = getattr(self, f"_{action}")(facts)
            answer = {"command": command["id"], "outcome": outcome}
            self._noticed.change(lambda: self._report(answers=[answer]))

    def _connect(self, facts):
        if self.refusal:
            return {"refused": {"refusal": self.refusal}}
        order = facts["order"]
        asked = order["parameters"].get("inactivitySeconds", 1200)
        if not self._tunnel:
            seconds = min(max(asked, 300), 3600)
            self._tunnel = {
                "id": "t-" + "".join(random.choices(ALPHABET, k=16)), "vpnAddress": self.address,
                "upSince": now(), "inactivitySeconds": seconds, "receivedBytes": 1234,
                "sentBytes": 5_600_000,
            }
        self._connections.append(order["connection"])
        seconds = self._tunnel["inactivitySeconds"]
        return {"connected": {"facts": {
            "connection": order["connection"], "tunnel": self._tunnel["id"],
            "vpnAddress": self.address,
            "inactivity": {"seconds": seconds, "wasClamped": seconds != asked},
        }}}

    def _close(self, facts):
        self._held = [
            held for held in self._held
            if held["action"]["connect"]["order"]["connection"] != facts["connection"]
        ]
        if facts["connection"] in self._connections:
            self._connections.remove(facts["connection"])
        if not self._connections:
            self._tunnel = None
        return {"closed": {}}

    def _closeAll(self, _):
        self._connections, self._tunnel = [], None
        return {"closed": {}}

    def _report(self, answers=(), history=(), phase=None):
        with self._lock:
            self._number += 1
            state = {
                "phase": phase or ("up" if self._tunnel else "down"),
                "connections": sorted(self._connections), "number": self._number,
            }
            if self._tunnel:
                state["tunnel"] = {**self._tunnel, "inactivityLeftSeconds": self.left_seconds}
            self.broker.call("POST", "/v1/agent/reports", {
                "epoch": self._epoch, "answers": list(answers), "state": state,
                "history": list(history),
            }, token=self.token)


def now():
    moment = datetime.datetime.now(datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
