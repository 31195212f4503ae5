"""One organisation of a broker: its administrator, what it is told, and what its objects are."""

import hashlib
import json
import random
import sqlite3
import threading
import time

from .api import API, Refused, Stream
from .device import ALPHABET, BROKEN
from .programs import run
from .waiting import PAUSE_SECONDS, Noticed
from .webhook import Webhook


def found_organisation(broker, name):
    """The first administrator's token of a new organisation.

    No request makes one, so that it is written where the broker reads it.
    """
    token = "dbt_" + hashlib.sha256(random.randbytes(32)).hexdigest()[:43]
    identity = "k-" + "".join(random.choices(ALPHABET, k=16))
    digest, now = hashlib.sha256(token.encode()).digest(), int(time.time() * 1000)
    columns = "tokens (id, hash, organisation, user_name, role, created_at)"
    if broker.conninfo is None:
        store = sqlite3.connect(broker.database, timeout=20)
        with store:
            store.execute(
                f"INSERT INTO {columns} VALUES (?, ?, ?, 'admin', 'admin', ?)",
                (identity, digest, name, now))
        store.close()
        return token
    statement = (
        f"INSERT INTO {columns} VALUES ('{identity}', '\\x{digest.hex()}', '{name}', 'admin',"
        f" 'admin', {now})")
    code, text = run(["psql", broker.conninfo, "-v", "ON_ERROR_STOP=1", "-qc", statement])
    assert code == 0, text
    return token


class Follower:
    """Follows the events of one token from the first on, over streams that break."""

    def __init__(self, brokers, token):
        self.brokers, self.token = brokers, token
        self.events, self._noticed, self._is_ending = [], Noticed(), False
        self._stream = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_ending = True
        if stream := self._stream:
            stream.__exit__()
        self._thread.join(10)

    def _run(self):
        turn = 0
        while not self._is_ending:
            broker = self.brokers[turn % len(self.brokers)]
            turn += 1
            try:
                self._follow(broker)
            except BROKEN:
                pass
            threading.Event().wait(PAUSE_SECONDS)

    def _follow(self, broker):
        last = self.events[-1]["id"] if self.events else "0"
        api = API(broker.port, self.token, broker.is_tls)
        with Stream(api, "/v1/events", {"Last-Event-ID": last}) as stream:
            self._stream, read = stream, 0
            while not self._is_ending:
                stream._noticed.until(
                    lambda: stream.has_ended or len(stream.messages) > read, "news", 600)
                fresh = [one["data"] for one in stream.messages[read:]]
                read += len(fresh)
                self._noticed.change(lambda: self.events.extend(fresh))
                if stream.has_ended and read == len(stream.messages):
                    return

    def until(self, identity, seconds=60):
        """The event has been told, or one behind it."""
        self._noticed.until(
            lambda: self.events and int(self.events[-1]["id"]) >= int(identity),
            lambda: f"the follower is told of {identity}; the last was {self.events[-1:]}", seconds)


class Organisation:
    """What one organisation is told live, and what it can list.

    ``is_watched``: with a follower of its events and a webhook of its own.
    """

    def __init__(self, name, admin_token, brokers, is_watched=True):
        self.name, self.brokers, self.is_watched = name, brokers, is_watched
        self.admin_token = admin_token
        self.delivered = []

    @property
    def admin(self):
        return self.api(self.admin_token)

    def api(self, token):
        broker = self.brokers[0]
        return API(broker.port, token, broker.is_tls)

    def enter(self, stack):
        """Begins to watch."""
        made = self.admin.call("POST", "/v1/tokens", {"user": "watcher", "role": "viewer"})
        self.viewer_token = made["token"]
        if not self.is_watched:
            return
        self.follower = stack.enter_context(Follower(self.brokers, self.viewer_token))
        webhook = stack.enter_context(
            Webhook(lambda _, body: self.delivered.append(json.loads(body)) or 204))
        self.hook = self.admin.call("POST", "/v1/webhooks", {"url": webhook.url})

    def marks(self):
        """Every name that only this organisation may see."""
        admin = self.admin
        lists = {
            "/v1/devices": ("productID",), "/v1/connections": ("id", "note", "tunnel"),
            "/v1/tokens": ("id",), "/v1/webhooks": ("id", "url")}
        found = set()
        for path, fields in lists.items():
            is_one_page = path == "/v1/webhooks"
            items = admin.call("GET", path)["items"] if is_one_page else admin.pages(path)
            found |= {item[field] for item in items for field in fields if item.get(field)}
        # Short words may stand in any text.
        return {mark for mark in found if len(mark) > 6 or mark.startswith("PBX-")}

    def shown(self):
        """Everything that it can list, look at and be told, as texts by where they stand."""
        texts = {}
        for token in (self.admin_token, self.viewer_token):
            api = self.api(token)
            for path in ("/v1/devices", "/v1/connections", "/v1/events", "/v1/tokens"):
                more = {"after": 0} if path == "/v1/events" else {}
                texts[path, token] = _listed(lambda: api.pages(path, **more))
            for path in ("/v1/webhooks", "/v1/grants"):
                texts[path, token] = _listed(lambda: api.call("GET", path))
            for path in ("/console/", "/console/history", "/console/events"):
                answer = api.ask("GET", path)
                assert answer.status == 200, (path, answer.status)
                texts[path, token] = answer.body.decode()
        if self.is_watched:
            texts["the stream of events", ""] = json.dumps(self.follower.events)
            texts["the webhook", ""] = json.dumps(self.delivered)
        return texts


def _listed(ask):
    """What is forbidden to the token shows nothing either."""
    try:
        return json.dumps(ask())
    except Refused as refusal:
        assert refusal.status == 403, refusal
        return refusal.answer.body.decode()
