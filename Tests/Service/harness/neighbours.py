"""A second organisation beside the one of a scenario; neither sees anything of the other."""

import contextlib

from .broker import ORDER, enrol, make_user
from .device import Device
from .organisation import Organisation, found_organisation
from .programs import drawbridge, run
from .waiting import until

PRODUCT, NOTE, KEY = "ANNEX-1", "words of the annex alone", "the-same-key"


class Neighbours:
    """Ours, which the scenario plays, and the annex: a device, people, a connection that stays.

    ``brokers``: all on one store. ``watches_ours``: ours has a follower and a webhook, too; not
    where a scenario measures what it costs, or takes away what it finds.
    """

    def __init__(self, brokers, admin_token=None, watches_ours=True):
        self.brokers = brokers
        admin_token = admin_token or brokers[0].admin_token
        self.ours = Organisation("default", admin_token, brokers, watches_ours)
        self.annex = Organisation("annex", found_organisation(brokers[0], "annex"), brokers)
        self._stack, self._stirs = contextlib.ExitStack(), 0

    def __enter__(self):
        try:
            for one in (self.ours, self.annex):
                one.enter(self._stack)
            # The same user's name as in many scenarios: a name says nothing of the organisation.
            self.anna = self.annex.api(make_user(self.annex.admin, "anna"))
            self.device = self._stack.enter_context(
                Device(PRODUCT, enrol(self.annex.admin, PRODUCT), self.brokers, "10.77.0.7"))
            self.connection = self.anna.connect(PRODUCT, {**ORDER, "note": NOTE}, key=KEY)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    @property
    def secrets(self):
        """Tokens and keys of both, by name."""
        found = {"the annex's admin": self.annex.admin_token, "the annex's anna": self.anna.token,
                 "the annex's device": self.device.token}
        for one in (self.ours, self.annex):
            found[f"{one.name}'s watcher"] = one.viewer_token
            if one.is_watched:
                found[f"{one.name}'s webhook key"] = one.hook["secret"]
        return found

    def stir(self):
        """Something happens in the annex."""
        self._stirs += 1
        make_user(self.annex.admin, f"stirred-{self._stirs}", "viewer")

    def events(self):
        """Those of both, in their order."""
        every = self.ours.admin.events() + self.annex.admin.events()
        return sorted(every, key=lambda event: int(event["id"]))

    def check(self):
        """At a scenario's end: each has all of its own, and nothing of the other."""
        self.stir()
        self.check_untouched()
        for one in (self.ours, self.annex):
            self._check_told(one)
        for one, other in ((self.ours, self.annex), (self.annex, self.ours)):
            self._check_apart(one, other)
            self._check_commands(one, other)
        for one, other in ((self.ours, self.annex), (self.annex, self.ours)):
            self._check_foreign(one, other)
        self._check_keys()
        self.check_untouched()

    def check_untouched(self):
        """Whatever ours has done, the annex has its device, its connection and its grant."""
        identity = self.connection["id"]
        self.device.until_attached()
        assert self.device.live == [identity] and self.device.tunnels_made == 1, self.device.live
        assert not self.device.is_superseded
        view = self.anna.call("GET", f"/v1/connections/{identity}")
        assert view == self.connection, (view, self.connection)
        admin = self.annex.admin
        assert [one["id"] for one in admin.pages("/v1/connections")] == [identity]
        assert [one["productID"] for one in admin.pages("/v1/devices")] == [PRODUCT]
        grants = admin.call("GET", "/v1/grants")["items"]
        assert [one["connection"] for one in grants] == [identity], grants

    def _check_told(self, one):
        """Live and by webhook: all of its own events, and of no other organisation."""
        events = one.admin.events()
        wrong = [event for event in events if event.get("organisation") != one.name]
        assert not wrong, f"{one.name} lists {wrong}"
        if not one.is_watched:
            return
        one.follower.until(events[-1]["id"])
        told = [event["id"] for event in one.follower.events]
        listed = [event["id"] for event in one.admin.events()]
        assert told == listed[:len(told)] and len(told) >= len(events), (
            one.name, set(told) ^ set(listed))
        if one is self.annex:
            until(lambda: one.delivered and int(one.delivered[-1]["id"]) >= int(events[-1]["id"]),
                  "the annex's webhook has everything", 60)
        wrong = [event for event in one.follower.events + one.delivered
                 if event.get("organisation") != one.name]
        assert not wrong, f"{one.name} is told of {wrong}"

    def _check_apart(self, one, other):
        marks = other.marks()
        assert marks, f"{other.name} has nothing that could be seen"
        for (place, _), text in one.shown().items():
            seen = [mark for mark in marks if mark in text]
            assert not seen, f"{one.name} sees {seen} of {other.name} in {place}"

    def _check_commands(self, one, other):
        """What people print and export."""
        marks = other.marks()
        broker = self.brokers[0]
        environment = {
            "DRAWBRIDGE_BROKER": broker.url, "TOKEN": one.admin_token,
            "DRAWBRIDGE_TOKEN": "env:TOKEN"}
        if broker.is_tls:
            environment["DRAWBRIDGE_FINGERPRINT"] = broker.fingerprint
        for words in (["history"], ["connections"], ["events", "--limit", "200"],
                      ["device", "list"], ["token", "list"]):
            code, text = run([drawbridge(), *words, "--json"], environment=environment)
            assert code == 0, (words, text)
            seen = [mark for mark in marks if mark in text]
            assert not seen, f"{one.name} sees {seen} of {other.name} in {words}"

    def _check_foreign(self, one, other):
        """A name of the other's is as unknown as one that never was."""
        api, admin = one.admin, other.admin
        product = admin.pages("/v1/devices")[:1]
        connection = admin.pages("/v1/connections")[:1]
        token = admin.pages("/v1/tokens")[:1]
        hook = admin.call("GET", "/v1/webhooks")["items"][:1]
        for found, field, requests in (
                (product, "productID", (
                    ("GET", "/v1/devices/{}"), ("POST", "/v1/devices/{}/connections"),
                    ("DELETE", "/v1/devices/{}/connections"), ("DELETE", "/v1/devices/{}"),
                    ("GET", "/console/devices/{}"))),
                (connection, "id", (
                    ("GET", "/v1/connections/{}"), ("DELETE", "/v1/connections/{}"),
                    ("GET", "/v1/connections?after={}"))),
                (token, "id", (("DELETE", "/v1/tokens/{}"),)),
                (hook, "id", (("DELETE", "/v1/webhooks/{}"),))):
            for item in found:
                name = item[field]
                never = name[:-1] + ("x" if name[-1] != "x" else "y")
                for method, path in requests:
                    answers = [_plain(api, method, path, text) for text in (name, never)]
                    assert answers[0] == answers[1], (one.name, method, path, answers)

    def _check_keys(self):
        """A key is its asker's own: in the other organisation it names nothing."""
        again = self.anna.connect(PRODUCT, {**ORDER, "note": NOTE}, key=KEY)
        assert again["id"] == self.connection["id"], again
        for device in self.ours.admin.pages("/v1/devices")[:1]:
            answer = self.ours.admin.ask(
                "DELETE", f"/v1/devices/{device['productID']}/connections",
                headers={"Idempotency-Key": KEY})
            assert answer.status in (202, 503), answer.body


def _plain(api, method, path, name):
    """An answer without the name that was asked for, and without the moment."""
    answer = api.ask(method, path.format(name), ORDER if method == "POST" else None)
    headers = sorted((key, value) for key, value in answer.headers.items() if key.lower() != "date")
    return answer.status, headers, answer.body.decode().replace(name, "NAME")
