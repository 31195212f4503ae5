"""What a command ends with when a real broker refuses.

Every code with which a broker can refuse a person's command is brought about, most of them in more ways
than one, and each ends with the exit code that `Docs/commands.md` promises and with three lines: the
code with what happened, the cause, the next step. The list of codes is the API's own: one that is new
fails here until it is brought about. (`storeUnavailable` is in `database_stops`.)
"""

import contextlib
import re

from harness.broker import ORDER, Broker, enrol, free_port, make_user
from harness.device import Device, refused
from harness.neighbours import PRODUCT as FOREIGN
from harness.neighbours import Neighbours
from harness.programs import Program, drawbridge, run
from harness.waiting import until

USAGE, NOT_FOUND, REFUSED, LIMIT, UNREACHABLE, TIMED_OUT, CUT, FAULT = 2, 3, 4, 5, 6, 7, 8, 1
SETTINGS = """policy:
  rules:
    - {verdict: refuse, products: [PBX-CLOSED], because: "No maintenance before Monday."}
limits: {eventStreams: 2}
"""
# No command of a person meets them: they are for agents, for a key that comes again, and for bodies
# that no command sends.
ELSEWHERE = {"epochOutdated", "idempotencyConflict", "tooLarge", "storeUnavailable"}
NEVER = "c-0000000000000000"
# What an establishment that failed for this reason ends with.
REASONS = {
    "negotiationFailed": REFUSED, "authenticationFailed": REFUSED, "policyRefused": REFUSED,
    "localVeto": REFUSED, "retriesExhausted": TIMED_OUT, "deadPeer": CUT, "gatewayLost": CUT,
    "peerClosed": CUT, "requested": CUT, "inactivity": CUT, "internalError": FAULT, None: CUT,
}


def play(folder):
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, "a", is_tls=True, more=SETTINGS))
        neighbours = stack.enter_context(Neighbours([broker]))
        devices = {
            name: stack.enter_context(Device(name, enrol(broker.admin, name), [broker]))
            for name in ("PBX-1", "PBX-2", "PBX-SLOW", "PBX-CLOSED")}
        enrol(broker.admin, "PBX-OFF")
        ask = Asking(broker)
        # It takes a minute, in which everything else happens.
        devices["PBX-SLOW"].holds = True
        silent = stack.enter_context(
            Program([drawbridge(), "connect", "PBX-SLOW"], "connect", ask.environment("anna")))
        check_usage(ask)
        check_connections(ask, devices["PBX-1"])
        check_failures(ask, devices["PBX-2"])
        check_ways(ask, broker, folder)
        # Then what is the other organisation's is asked for by its name.
        neighbours.check()
        check_people(ask)
        check_devices(ask)
        assert silent.process.wait(90) == TIMED_OUT, silent.text
        ask.check_words(silent.text, "deviceTimeout", "connect PBX-SLOW")
        check_too_many(ask)
        neighbours.check_untouched()
        codes = set(broker.api().call("GET", "/openapi.json")["components"]["schemas"]
                    ["RefusalCode"]["enum"])
        assert codes - ELSEWHERE == ask.seen, codes - ELSEWHERE ^ ask.seen
        print(f"{ask.count} refusals with {len(ask.seen)} codes")


class Asking:
    """Runs commands as somebody."""

    def __init__(self, broker):
        self.broker, self.seen, self.count = broker, set(), 0
        self.tokens = {"admin": broker.admin_token, "wrong": "dbt_" + "A" * 43}
        for user, role in (("anna", "operator"), ("ben", "operator"), ("vera", "viewer")):
            self.tokens[user] = make_user(broker.admin, user, role)

    def environment(self, user, **more):
        return {
            "DRAWBRIDGE_BROKER": self.broker.url, "DRAWBRIDGE_FINGERPRINT": self.broker.fingerprint,
            "TOKEN": self.tokens[user], "DRAWBRIDGE_TOKEN": "env:TOKEN", **more}

    def good(self, user, *words):
        code, text = run([drawbridge(), *words], environment=self.environment(user))
        assert code == 0, (words, code, text)
        return text

    def bad(self, user, exit_code, refusal, *words, says="", **environment):
        code, text = run([drawbridge(), *words], environment=self.environment(user, **environment))
        assert code == exit_code, (words, code, text)
        self.check_words(text, refusal, words)
        assert says in text, (words, text)

    def check_words(self, text, refusal, words):
        """Behind whatever was said while it waited."""
        said = text.splitlines()[-3:]
        assert len(said) == 3 and said[0].startswith(f"error [{refusal}] "), (words, text)
        assert re.match(r"  cause: \S", said[1]) and re.match(r"  next:  \S", said[2]), (words, text)
        self.seen.add(refusal)
        self.count += 1


def check_usage(ask):
    """Wrong before anybody is asked: in the parser's own words; and what the broker finds wrong."""
    for words in (
            ["connect"], ["connect", "a b"], ["connect", "PBX-1", "--idle", "soon"],
            ["connect", "PBX-1", "--nothing"], ["close", "no-such-id"], ["nothing"],
            ["events", "--type", "nothing"], ["history", "--reason", "nothing"],
            ["token", "add", "a b"], ["token", "add", "anna", "--role", "king"]):
        code, text = run([drawbridge(), *words], environment=ask.environment("anna"))
        assert code == USAGE and text.startswith("Error: "), (words, code, text)
    for missing in ("DRAWBRIDGE_BROKER", "DRAWBRIDGE_TOKEN"):
        environment = ask.environment("anna", **{missing: ""})
        code, text = run([drawbridge(), "connections"], environment=environment)
        assert code == USAGE and missing in text, (missing, code, text)
    ask.bad("anna", USAGE, "badRequest", "connect", "PBX-1", "--reason", "x" * 501)
    ask.bad("admin", USAGE, "badRequest", "device", "enrol", "PBX-NEW", "--name", "x" * 101)


def check_people(ask):
    for words in (["connect", "PBX-1"], ["close", NEVER], ["closeall", "PBX-1"], ["connections"],
                  ["history"], ["events"], ["device", "list"], ["token", "list"]):
        ask.bad("wrong", REFUSED, "unauthenticated", *words)
    for words in (["connect", "PBX-1"], ["close", NEVER], ["closeall", "PBX-1"]):
        ask.bad("vera", REFUSED, "forbidden", *words)
    for words in (["token", "list"], ["token", "add", "zoe"], ["token", "revoke", "k-none"],
                  ["device", "enrol", "PBX-NEW"], ["device", "remove", "PBX-1"]):
        ask.bad("anna", REFUSED, "forbidden", *words)
    ask.bad("admin", NOT_FOUND, "notFound", "token", "revoke", "k-none")
    ask.bad("admin", REFUSED, "productIDTaken", "device", "enrol", "PBX-1")
    ask.bad("admin", REFUSED, "productIDTaken", "device", "enrol", FOREIGN)


def check_devices(ask):
    for product in ("PBX-NONE", FOREIGN):
        ask.bad("anna", NOT_FOUND, "deviceUnknown", "connect", product)
        ask.bad("anna", NOT_FOUND, "deviceUnknown", "closeall", product)
        ask.bad("admin", NOT_FOUND, "deviceUnknown", "device", "remove", product)
    ask.bad("anna", UNREACHABLE, "deviceOffline", "connect", "PBX-OFF")
    ask.bad("anna", UNREACHABLE, "deviceOffline", "closeall", "PBX-OFF")
    for command in ("connect", "closeall"):
        ask.bad("anna", REFUSED, "policyRefused", command, "PBX-CLOSED",
                says="No maintenance before Monday.")


def check_connections(ask, device):
    made = [re.search(r"c-\w{16}", ask.good("anna", "connect", "PBX-1"))[0] for _ in range(2)]
    anna = ask.broker.api(ask.tokens["anna"])
    made += [anna.connect("PBX-1", ORDER)["id"] for _ in range(8)]
    ask.bad("anna", LIMIT, "connectionLimit", "connect", "PBX-1")
    ask.bad("ben", REFUSED, "forbidden", "close", made[0])
    ask.good("anna", "close", made[0])
    ask.bad("anna", REFUSED, "connectionClosed", "close", made[0])
    ask.bad("anna", NOT_FOUND, "connectionUnknown", "close", NEVER)
    device.holds = True
    ask.good("anna", "closeall", "PBX-1")
    ask.bad("anna", REFUSED, "tunnelClosing", "connect", "PBX-1")
    device.until_held()
    device.release()
    until(lambda: not device.live, "everything is closed")
    assert "requested" in ask.good("anna", "history")


def check_failures(ask, device):
    """What the device says of a tunnel that it could not bring up."""
    for reason, code in REASONS.items():
        answer = refused("establishmentFailed")
        if reason:
            answer["refused"]["refusal"]["reason"] = reason
        device._connect = lambda facts: answer
        ask.bad("anna", code, "establishmentFailed", "connect", "PBX-2", says="The device says no.")
    for refusal, code in (("policyRefused", REFUSED), ("internalError", FAULT)):
        device._connect = lambda facts: refused(refusal)
        ask.bad("anna", code, refusal, "connect", "PBX-2")


def check_ways(ask, broker, folder):
    """Nobody there, or somebody else."""
    nowhere = f"https://127.0.0.1:{free_port()}"
    for words in (["connect", "PBX-1"], ["close", NEVER], ["closeall", "PBX-1"], ["connections"]):
        ask.bad("anna", UNREACHABLE, "brokerUnreachable", *words, DRAWBRIDGE_BROKER=nowhere)
    ask.bad("anna", UNREACHABLE, "brokerUnreachable", "connections",
            DRAWBRIDGE_FINGERPRINT="0" * 64)
    enrolment = ["agent", "enrol", "--token-file", str(folder / "new.token"), "--code", "0000-0000"]
    ask.bad("anna", UNREACHABLE, "brokerUnreachable", *enrolment, "--broker", nowhere)
    ask.bad("anna", REFUSED, "enrolmentCodeInvalid", *enrolment, "--broker", broker.url,
            "--fingerprint", broker.fingerprint)
    assert not (folder / "new.token").exists()


def check_too_many(ask):
    """Both organisations follow the events already, and there is room for no third."""
    ask.bad("anna", LIMIT, "overloaded", "events", "--follow", "--limit", "1")
    ask.good("anna", "connections")
