"""Nonsense over the wire gets one clear answer, and changes nothing.

Over TLS: idle times from every edge of their type; bodies that are too large, too deep, malformed or
have fields that nobody knows; credentials that are unknown, expired, revoked or none at all, whose
answers are the same byte for byte; keys that come again with another body; the eleventh connection.
Then what is no HTTP at all, or two requests in one: plain text on the TLS port, bytes of chance,
contradictory lengths. The broker answers everybody else all the while.
"""

import contextlib
import random
import socket
import ssl

from harness.api import make_connection
from harness.broker import ORDER, Broker, enrol, make_user
from harness.device import Device
from harness.neighbours import Neighbours
from harness.waiting import until

PATH = "/v1/devices/PBX-1/connections"
CREDENTIALS = b'"parameters": {"credentials": {"named": {"_0": "default"}}}'
CLAMPED = {
    b"0": (300, True), b"-1": (300, True), b"299": (300, True), b"300": (300, False),
    b"3600": (3600, False), b"3601": (3600, True), b"9223372036854775808": (3600, True),
    None: (1200, False),
}
NO_NUMBERS = (b"1e999", b"-1e999", b'"20"', b"20.5", b"true", b"[]", b"{}", b"NaN", b"0x20", b"+5")
MALFORMED = (
    b"", b"{", b"[]", b"null", b'{"note"}', b'{"note": "a",}', b"{} {}", b"\xff\xfe", b"\x00",
    b'{"note": "\\ud800"}', b"[" * 60_000, b'{"parameters": ' * 4_000, b'{"note": "\x01"}')


def play(folder):
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, "a", is_tls=True))
        token = make_user(broker.admin, "anna")
        anna = broker.api(token)
        device = stack.enter_context(Device("PBX-1", enrol(broker.admin, "PBX-1"), [broker]))
        neighbours = stack.enter_context(Neighbours([broker]))
        check_idle(anna)
        check_bodies(anna)
        check_keys(anna)
        check_credentials(broker)
        check_devices(broker, anna)
        assert not device.live
        check_limit(anna, device)
        check_junk(broker, anna, token)
        assert broker.program.process.poll() is None
        assert anna.ask("GET", "/readyz").status == 200
        neighbours.check()


def check_idle(anna):
    """Bad input 60."""
    for number, (seconds, was_clamped) in CLAMPED.items():
        field = b'"inactivitySeconds": ' + number + b", " if number else b""
        view = anna.call("POST", PATH, b"{" + field + CREDENTIALS + b"}")
        assert view["inactivitySeconds"] == seconds, (number, view)
        assert view["inactivityWasClamped"] == was_clamped, (number, view)
        anna.close(view["id"])
    for number in NO_NUMBERS:
        body = b'{"inactivitySeconds": ' + number + b", " + CREDENTIALS + b"}"
        check_refused(anna.ask("POST", PATH, body), 400, "badRequest", number)


def check_refused(answer, status, code, what, part=""):
    assert (answer.status, answer.json["code"]) == (status, code), (what, answer.status, answer.body)
    assert answer.headers["Content-Type"] == "application/problem+json", what
    for field in ("type", "title", "detail", "cause", "nextStep"):
        assert answer.json[field], (what, answer.json)
    assert part in answer.json["detail"], (what, answer.json)
    assert len(answer.body) < 2_000, what


def check_bodies(anna):
    for body in MALFORMED[1:]:
        check_refused(anna.ask("POST", PATH, body), 400, "badRequest", body[:40])
    check_refused(
        anna.ask("POST", PATH, b'{"idle": 300, ' + CREDENTIALS + b"}"), 400, "badRequest",
        "unknown field", "idle")
    nested = b'{"parameters": {"credentials": {"named": {"_0": "default", "also": 1}}}}'
    check_refused(anna.ask("POST", PATH, nested), 400, "badRequest", "unknown field", "also")
    for query in ("?limit=0", "?limit=201", "?limit=x", "?after=%00", "?nothing=1", "?limit=1&limit=1",
                  "?limit=%zz", "?live=maybe"):
        check_refused(anna.ask("GET", "/v1/connections" + query), 400, "badRequest", query)
    large = b'{"note": "' + b"x" * 65_536 + b'"}'
    check_refused(anna.ask("POST", PATH, large), 413, "tooLarge", "64 KiB and a little")
    check_refused(
        anna.ask("POST", PATH, b"{}", headers={"Content-Type": "text/plain"}), 400, "badRequest",
        "text/plain")
    # Whoever sends on without end is told, or cut off.
    with contextlib.suppress(OSError):
        check_refused(anna.ask("POST", PATH, b" " * 30_000_000), 413, "tooLarge", "30 MB")


def check_keys(anna):
    first = anna.connect("PBX-1", ORDER, key="k-1")
    assert anna.connect("PBX-1", ORDER, key="k-1")["id"] == first["id"], "the same request again"
    other = anna.ask(
        "POST", PATH, {**ORDER, "note": "another"}, headers={"Idempotency-Key": "k-1"})
    check_refused(other, 422, "idempotencyConflict", "another body")
    check_refused(
        anna.ask("DELETE", f"/v1/connections/{first['id']}", headers={"Idempotency-Key": "k-1"}),
        422, "idempotencyConflict", "another request")
    for key in ("", "x" * 129, "a b"):
        answer = anna.ask("POST", PATH, ORDER, headers={"Idempotency-Key": key})
        check_refused(answer, 400, "badRequest", key)
    closed = anna.close(first["id"], key="k-2")
    assert anna.close(first["id"], key="k-2") == closed, "closing again under its key"
    check_refused(
        anna.ask("DELETE", f"/v1/connections/{first['id']}"), 409, "connectionClosed", "twice")


def check_credentials(broker):
    """Nobody learns from the answer what a credential was once."""
    admin = broker.admin
    expiring = make_user(admin, "expiring", lifetimeSeconds=1)
    revoked = admin.call("POST", "/v1/tokens", {"user": "revoked", "role": "operator"})
    removed = enrol(admin, "PBX-9")
    admin.call("DELETE", "/v1/devices/PBX-9")
    admin.call("DELETE", f"/v1/tokens/{revoked['view']['id']}")
    ended = broker.api(expiring)
    until(lambda: ended.ask("GET", "/v1/devices").status == 401, "the token has expired")
    answers = {}
    for name, token in (
            ("expired", expiring), ("revoked", revoked["token"]), ("removed device", removed),
            ("unknown", "dbt_" + "A" * 43), ("no token", "nonsense"), ("long", "dbt_" + "x" * 5000)):
        answer = broker.api(token).ask("GET", "/v1/devices")
        headers = sorted(
            (key, value) for key, value in answer.headers.items() if key.lower() != "date")
        answers[name] = (answer.status, headers, answer.body)
    assert {status for status, _, _ in answers.values()} == {401}, answers
    assert len({repr(answer) for answer in answers.values()}) == 1, answers


def check_devices(broker, anna):
    admin = broker.admin
    enrol(admin, "PBX-OFF")
    unknown = anna.ask("POST", "/v1/devices/PBX-NONE/connections", ORDER)
    check_refused(unknown, 404, "deviceUnknown", "unknown")
    offline = anna.ask("POST", "/v1/devices/PBX-OFF/connections", ORDER)
    check_refused(offline, 503, "deviceOffline", "offline")
    for connection, status in (("c-0000000000000000", 404), ("c-1", 400), ("../tokens", 404)):
        assert anna.ask("DELETE", f"/v1/connections/{connection}").status == status, connection
    for method, path in (
            ("POST", "/v1/tokens"), ("DELETE", "/v1/devices/PBX-1"), ("GET", "/v1/grants"),
            ("GET", "/v1/agent/stream"), ("GET", "/v1/gateway/stream"), ("GET", "/v1/webhooks")):
        body = {"user": "x", "role": "admin"} if method == "POST" else None
        check_refused(anna.ask(method, path, body), 403, "forbidden", path)


def check_limit(anna, device):
    for _ in range(10):
        anna.connect("PBX-1", ORDER)
    check_refused(anna.ask("POST", PATH, ORDER), 409, "connectionLimit", "the 11th")
    assert len(device.live) == 10
    assert anna.ask("DELETE", PATH).status == 202
    until(lambda: not device.live, "everything is closed")


# Below HTTP.

def check_junk(broker, anna, token):
    chance = random.Random(7)
    plain = [
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00" * 100, b"\x16\x03\x01\x40\x00" + b"\x01" * 900,
        chance.randbytes(4096), b"\x80\x2e\x01\x00\x02", b"\x15\x03\x03\x00\x02\x02\x28", b"SSH-2.0-x\r\n",
    ]
    for junk in plain:
        with socket.create_connection(("127.0.0.1", broker.port), timeout=20) as connection:
            answer = talk(connection, junk)
            assert b"HTTP/1" not in answer, (junk[:20], answer[:80])
    bearer = f"Authorization: Bearer {token}\r\n".encode()
    inner = b"GET /v1/devices HTTP/1.1\r\nHost: a\r\n" + bearer + b"\r\n"
    post = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + bearer
    for name, junk in {
        "both lengths": post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
        "two lengths": post + b"Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}" + inner,
        "a list of lengths": post + b"Content-Length: 2, 2\r\n\r\n{}" + inner,
        "a negative length": post + b"Content-Length: -1\r\n\r\n{}" + inner,
        "a long length": post + b"Content-Length: 99999999999999999999\r\n\r\n{}" + inner,
        "a wrong chunk": post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n" + inner,
        "a huge chunk": post + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}" + inner,
        "a strange coding": post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + inner,
        "a space in a name": post + b"Content-Length : 2\r\n\r\n{}" + inner,
        "a bare line feed": b"GET /healthz HTTP/1.1\nHost: a\n X: y\n\n" + chance.randbytes(64),
        "no version": b"GET /healthz\r\n\r\n", "a strange version": b"GET / HTTP/9.9\r\n\r\n",
        "NUL": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
        "a long header": b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        "many headers": b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 5_000 + b"\r\n",
        "a long path": b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        "bytes of chance": chance.randbytes(4096), "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    }.items():
        answer = talk(make_tls(broker.port), junk)
        statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
        assert all(status[:1] == b"4" for status in statuses), (name, answer[:300])
        assert len(statuses) <= 1, (name, answer)
        assert b"PBX-1" not in answer, f"{name}: the request inside was answered"
        assert anna.ask("GET", "/healthz").status == 200, name


def make_tls(port):
    connection = make_connection(port, True, 20)
    connection.connect()
    return connection.sock


def talk(connection, junk):
    """Everything that comes back until the other end is gone; our own end is closed at once."""
    answer = b""
    with connection, contextlib.suppress(OSError, ssl.SSLError):
        connection.sendall(junk)
        if not isinstance(connection, ssl.SSLSocket):
            connection.shutdown(socket.SHUT_WR)
        connection.settimeout(3)
        while data := connection.recv(65536):
            answer += data
    return answer
