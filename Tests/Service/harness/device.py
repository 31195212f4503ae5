"""A device's agent: the real stream and the real reports, its own books, no tunnel behind them."""

import collections
import contextlib
import datetime
import http.client
import json
import random
import socket
import threading

from .api import API, Refused, Stream
from .waiting import PAUSE_SECONDS, Noticed

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
BROKEN = (OSError, http.client.HTTPException, json.JSONDecodeError, Refused)


class Device:
    """Follows the rules of an agent: one tunnel, answers from memory, nothing is made anew.

    It survives its brokers: when a stream breaks it goes to the next one of ``brokers``.
    """

    def __init__(self, product, token, brokers, address="10.99.0.7"):
        self.product, self.token, self.brokers, self.address = product, token, brokers, address
        self.noticed = Noticed()
        self.lock = threading.RLock()
        self.instance = "device-" + "".join(random.choices(ALPHABET, k=16))
        self.epoch = None
        self.at = None
        # The books.
        self.live = []
        self.made = collections.Counter()
        self.closed = {}
        self.tunnel = None
        self.tunnels_made = 0
        self.is_superseded = False
        # What a scenario may have it do.
        self.holds = False
        self.held = []
        self.is_mute = False
        # The protocol.
        self._answers = []
        self._memory = {}
        self._history = []
        self._lines = 0
        self._number = 0
        self._stream = None
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        self.until_attached()
        return self

    def __exit__(self, *_):
        self._is_ending = True
        self.cut()
        self._thread.join(10)

    def until_attached(self, broker=None, seconds=20):
        self.noticed.until(
            lambda: self.epoch and (broker is None or self.at is broker),
            f"{self.product} is attached", seconds)

    def until_held(self):
        """A command has come that waits for release()."""
        self.noticed.until(lambda: self.held, f"{self.product} got a command")

    def cut(self):
        """The stream breaks, as a network does it."""
        if stream := self._stream:
            with contextlib.suppress(OSError):
                stream._socket.shutdown(socket.SHUT_RDWR)

    def release(self):
        with self.lock:
            held, self.held, self.holds = self.held, [], False
            for command in held:
                self._carry_out(command)

    def speak(self):
        """Says what it had to keep to itself, should anybody still be there."""
        with self.lock:
            self.is_mute = False
            self.report()

    def lose_tunnel(self, reason="deadPeer"):
        """It ended by itself (CS-13)."""
        with self.lock:
            self._write("unexpectedClose", reason=reason)
            self._forget_tunnel(reason)
            self.report()

    # The stream.

    def _run(self):
        turn = 0
        while not (self._is_ending or self.is_superseded):
            broker = self.brokers[turn % len(self.brokers)]
            turn += 1
            with contextlib.suppress(*BROKEN):
                self._follow(broker)
            self.noticed.change(self._detach)
            threading.Event().wait(PAUSE_SECONDS)

    def _detach(self):
        self.epoch, self.at = None, None

    def _follow(self, broker):
        cursor = 0
        api = API(broker.port, self.token, broker.is_tls)
        headers = {"Drawbridge-Instance": self.instance}
        with Stream(api, "/v1/agent/stream", headers) as stream:
            self._stream = stream
            while not self._is_ending:
                stream._noticed.until(
                    lambda: stream.has_ended or len(stream.messages) > cursor, "news", 600)
                if cursor == len(stream.messages):
                    return
                message = stream.messages[cursor]
                cursor += 1
                self._take(message, broker)

    def _take(self, message, broker):
        if message["event"] == "superseded":
            self.noticed.change(lambda: setattr(self, "is_superseded", True))
        elif message["event"] == "attached":
            with self.lock:
                self._answers, self.held = [], []
                self.at, self._epoch_given = broker, message["data"]["epoch"]
                self.noticed.change(lambda: setattr(self, "epoch", self._epoch_given))
                self.report()
        elif message["event"] == "command":
            with self.lock:
                if self.holds:
                    self.noticed.change(lambda: self.held.append(message["data"]))
                else:
                    self._carry_out(message["data"])

    # Commands.

    def _carry_out(self, command):
        number = command["id"]
        if command["epoch"] != self.epoch:
            return
        if number not in self._memory:
            name, facts = next(iter(command["action"].items()))
            self._memory[number] = getattr(self, f"_{name}")(facts)
        self._answers.append({"command": number, "outcome": self._memory[number]})
        self.report()

    def _connect(self, facts):
        order = facts["order"]
        connection = order["connection"]
        if connection in self.closed:
            return refused("connectionClosed")
        if len(self.live) >= 10:
            return refused("connectionLimit")
        asked = order["parameters"].get("inactivitySeconds")
        if not self.tunnel:
            self.tunnels_made += 1
            self.tunnel = {
                "id": "t-" + "".join(random.choices(ALPHABET, k=16)), "vpnAddress": self.address,
                "upSince": now(), "receivedBytes": 0, "sentBytes": 0,
                "inactivitySeconds": min(max(1200 if asked is None else asked, 300), 3600),
            }
            self._write("tunnelEstablished")
        self.made[connection] += 1
        self.live.append(connection)
        self._write("connectionOpened", connection=connection)
        seconds = self.tunnel["inactivitySeconds"]
        return {"connected": {"facts": {
            "connection": connection, "tunnel": self.tunnel["id"], "vpnAddress": self.address,
            "inactivity": {"seconds": seconds, "wasClamped": asked not in (None, seconds)},
        }}}

    def _close(self, facts):
        connection, reason = facts["connection"], facts["reason"]
        self.closed.setdefault(connection, reason)
        if connection in self.live:
            self.live.remove(connection)
            self._write("connectionClosed", connection=connection, reason=reason)
            if not self.live:
                self._write("tunnelClosed", reason="lastConnectionClosed")
                self.tunnel = None
        return {"closed": {}}

    def _closeAll(self, facts):
        if self.tunnel:
            for connection in self.live:
                self._write("connectionClosed", connection=connection, reason=facts["reason"])
            self._write("tunnelClosed", reason=facts["reason"])
            self._forget_tunnel(facts["reason"])
        return {"closed": {}}

    def _forget_tunnel(self, reason):
        self.closed.update({connection: reason for connection in self.live})
        self.live, self.tunnel = [], None

    # Reports.

    def _write(self, kind, **more):
        self._lines += 1
        self._history.append(
            {"sequence": self._lines, "time": now(), "kind": kind, "tunnel": self.tunnel["id"],
             **more})

    def report(self):
        """Tells everything that is new; what is lost is asked for again on the next stream."""
        with self.lock:
            self.noticed.change(lambda: None)
            if self.epoch is None or self.is_mute:
                return
            self._number += 1
            state = {
                "phase": "up" if self.tunnel else "down", "connections": sorted(self.live),
                "number": self._number}
            if self.tunnel:
                seconds = self.tunnel["inactivitySeconds"]
                state["tunnel"] = {**self.tunnel, "inactivityLeftSeconds": seconds}
            answers, history = self._answers[:64], self._history[:256]
            body = {
                "epoch": self.epoch, "answers": answers, "state": state, "history": history}
            receipt = self._post(body)
            if receipt is None:
                return
            told = receipt["historyAcknowledged"]
            self._answers = self._answers[len(answers):]
            self._history = [line for line in self._history if line["sequence"] > told]

    def _post(self, body):
        api = API(self.at.port, self.token, self.at.is_tls)
        while self.epoch is not None and not self._is_ending:
            try:
                return api.call("POST", "/v1/agent/reports", body, seconds=20)
            except Refused as refusal:
                if refusal.status not in (429, 503):
                    return None
            except BROKEN:
                return None
            threading.Event().wait(PAUSE_SECONDS)
        return None


def refused(code):
    return {"refused": {"refusal": {
        "code": code, "detail": "The device says no.", "cause": "It is asked for too much.",
        "nextStep": "Ask for less."}}}


def now():
    moment = datetime.datetime.now(datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
