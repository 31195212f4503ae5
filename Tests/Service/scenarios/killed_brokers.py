"""A broker that is killed between any two steps neither loses nor doubles a connection.

Two brokers on one PostgreSQL. First the known places, for a connect and for a close, each with the
asked broker and the device's broker killed: the request is stored and not delivered; it is delivered
and not answered; the device has done it and could not say so. Then many rounds at random moments,
while several operators connect and close. Each request has a key and is sent again, to the other
broker, until it is answered. At rest all ledgers are equal, each key has made one connection, and
each connection has one end.
"""

import contextlib
import http.client
import random
import signal
import threading

from harness import books
from harness.api import Refused
from harness.broker import ORDER, Broker, enrol, make_user
from harness.device import Device
from harness.neighbours import Neighbours
from harness.postgres import PostgreSQL
from harness.waiting import Crowd, until

BROKEN = (OSError, http.client.HTTPException)
# What a request meets while brokers die and devices move; the same request is right a moment later.
PASSING = ("deviceOffline", "storeUnavailable", "overloaded", "tunnelClosing")
DEVICES = 4
KILLS = 24
SEED = 20


def insist(brokers, ask, turn=0):
    """Sends the same request to one broker after the other until it is answered."""
    tries = iter(range(turn, 1_000_000))

    def once():
        broker = brokers[next(tries) % len(brokers)]
        try:
            return ask(broker)
        except BROKEN:
            return None
        except Refused as refusal:
            if refusal.code in PASSING:
                return None
            raise

    return until(once, "the request is answered", seconds=40)


class Place:
    """A step between which and the next one a broker dies, for a connect or for a close."""

    def __init__(self, brokers, device, token):
        self.brokers, self.device, self.token = brokers, device, token

    def before_delivery(self, request, asked, attached):
        """Stored by one broker, while the other, which has the stream, does not run any more."""
        attached.program.send(signal.SIGSTOP)
        asking = self.ask(request, self.other(attached))
        self.until_stored(self.other(attached))
        return asking

    def before_answer(self, request, asked, attached):
        self.device.holds = True
        asking = self.ask(request, asked)
        self.device.until_held()
        return asking

    def before_report(self, request, asked, attached):
        self.device.is_mute = True
        before = len(self.device.live)
        asking = self.ask(request, asked)
        until(lambda: len(self.device.live) != before, "the device has done it")
        return asking

    def ask(self, request, broker):
        crowd = Crowd()
        turn = self.brokers.index(broker)
        crowd.start(lambda: insist(self.brokers, lambda one: request(one.api(self.token)), turn))
        return crowd

    def until_stored(self, broker):
        def pending():
            live = broker.api(self.token).pages("/v1/connections", live="true")
            return any(one["phase"] in ("requested", "closing") for one in live)

        until(pending, "the request is stored")

    def other(self, broker):
        return next(one for one in self.brokers if one is not broker)


def kill_at(place, step, request, is_asked_killed):
    """One death at one place; the victim comes back, and the request is answered in the end."""
    device = place.device
    device.until_attached()
    attached = device.at
    asked = attached if step != "before_delivery" and is_asked_killed else place.other(attached)
    victim = asked if is_asked_killed and step != "before_delivery" else attached
    asking = getattr(place, step)(request, asked, attached)
    victim.kill()
    device.is_mute, device.holds = False, False
    if victim is not attached:
        device.release()
        device.speak()
    asking.join()
    victim.start()


def play_known(brokers, device, token, keys):
    place = Place(brokers, device, token)
    for step in ("before_delivery", "before_answer", "before_report"):
        for is_asked_killed in (False, True):
            key = f"{step}-{is_asked_killed}"
            keys.add(key)
            made = []

            def connect(api):
                view = api.connect(device.product, {**ORDER, "note": key}, key=key)
                made.append(view["id"])
                return view

            kill_at(place, step, connect, is_asked_killed)
            kill_at(place, step, lambda api: api.close(made[-1], key=key + "-close"), is_asked_killed)
            assert not device.live, f"{key}: {device.live} is still there"


class Operator:
    """Connects and closes on one device, until told to end; counts what became of it."""

    def __init__(self, number, brokers, device, token, keys):
        self.number, self.brokers, self.device, self.token = number, brokers, device, token
        self.keys, self.random = keys, random.Random(SEED + number)

    def work(self, is_over):
        mine, requests = [], 0
        while not is_over.is_set():
            requests += 1
            if mine and (len(mine) >= 3 or self.random.random() < 0.4):
                self.close(mine.pop(self.random.randrange(len(mine))), requests)
            else:
                mine.append(self.connect(f"o{self.number}-{requests}"))

    def connect(self, key):
        self.keys.add(key)
        body = {**ORDER, "note": key}
        return self.insist(lambda api: api.connect(self.device.product, body, key=key))["id"]

    def close(self, connection, request):
        view = self.insist(
            lambda api: api.close(connection, key=f"o{self.number}-{request}-close"))
        assert view["phase"] in ("closing", "closed"), view

    def insist(self, ask):
        return insist(
            self.brokers, lambda one: ask(one.api(self.token)), self.random.randrange(2))


def play_random(brokers, devices, token, keys):
    is_over, crowd, chance = threading.Event(), Crowd(), random.Random(SEED)
    for number, device in enumerate(devices):
        crowd.start(Operator(number, brokers, device, token, keys).work, is_over)
    try:
        for _ in range(KILLS):
            victim = brokers[chance.randrange(2)]
            # The moment is what chance decides here.
            is_over.wait(chance.uniform(0, 0.4))
            victim.kill()
            is_over.wait(chance.uniform(0, 0.2))
            victim.start()
    finally:
        is_over.set()
    crowd.join()


def play(folder):
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(PostgreSQL())
        brokers = [
            stack.enter_context(Broker(folder, name, database.conninfo)) for name in ("a", "b")]
        admin = brokers[0].admin
        token = make_user(admin, "anna")
        devices = [
            stack.enter_context(Device(name, enrol(admin, name), brokers[number % 2:] + brokers[:1]))
            for number, name in enumerate(f"PBX-{number}" for number in range(DEVICES))]
        neighbours = stack.enter_context(Neighbours(brokers))
        keys = set()
        play_known(brokers, devices[0], token, keys)
        play_random(brokers, devices, token, keys)
        for device in devices:
            device.until_attached()
        records = books.check_at_rest(
            [one.api(brokers[0].admin_token) for one in brokers], devices,
            neighbours=neighbours)
        books.check_keys(records, keys)
        neighbours.check()
        print(f"{len(keys)} connects, {KILLS} random kills, {len(records['events'])} events")
