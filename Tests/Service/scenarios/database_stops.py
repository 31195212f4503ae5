"""PostgreSQL stops, and comes back, under a running broker.

While it is gone `/readyz` says so, a connect gets 503 `storeUnavailable`, and no stream ends: neither
the device's nor that of the events. Once it is back, after an orderly stop and after a crash, the
broker works again without being started anew, over the same streams, and the books are right.
"""

import contextlib
import signal

from harness import books
from harness.api import Stream
from harness.broker import ORDER, Broker, enrol, make_user
from harness.device import Device
from harness.neighbours import Neighbours
from harness.postgres import PASSWORD, PostgreSQL
from harness.programs import drawbridge, run
from harness.waiting import until


def play(folder):
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(PostgreSQL())
        broker = stack.enter_context(Broker(folder, "a", database.conninfo))
        anna = broker.api(make_user(broker.admin, "anna"))
        device = stack.enter_context(Device("PBX-1", enrol(broker.admin, "PBX-1"), [broker]))
        neighbours = stack.enter_context(Neighbours([broker]))
        events = stack.enter_context(Stream(anna, "/v1/events"))
        anna.connect("PBX-1", ORDER)
        epoch = device.epoch
        for number in (signal.SIGINT, signal.SIGQUIT):
            database.stop(number)
            check_gone(broker, anna)
            database.start()
            check_back(broker, anna, device, events)
            neighbours.stir()
        assert device.epoch == epoch, "the device never had to attach anew"
        assert not events.has_ended
        records = books.check_at_rest([broker.admin], [device], neighbours=neighbours)
        attached = [one for one in records["events"] if one["type"].endswith("device.attached")]
        assert len(attached) == 1, attached
        neighbours.check()


def check_gone(broker, anna):
    answer = until(
        lambda: not_ready(anna), "/readyz says that the database is gone")
    reasons = " ".join(answer.json["reasons"])
    assert "database" in reasons and PASSWORD not in reasons, reasons
    assert anna.ask("GET", "/healthz").status == 200, "the process itself lives"
    for method, path in (
            ("POST", "/v1/devices/PBX-1/connections"), ("GET", "/v1/devices"),
            ("DELETE", "/v1/connections/c-0000000000000000")):
        answer = anna.ask(method, path, ORDER if method == "POST" else None)
        assert (answer.status, answer.json["code"]) == (503, "storeUnavailable"), answer.body
        assert int(answer.headers["Retry-After"]) > 0
        assert PASSWORD not in answer.body.decode()
    assert broker.program.process.poll() is None
    # A person's command: unreachable (6), in three lines that hold no password.
    environment = {
        "DRAWBRIDGE_BROKER": broker.url, "TOKEN": anna.token, "DRAWBRIDGE_TOKEN": "env:TOKEN"}
    for words in (["connect", "PBX-1"], ["connections"]):
        code, text = run([drawbridge(), *words], environment=environment)
        assert code == 6 and "error [storeUnavailable] " in text, (words, code, text)
        assert PASSWORD not in text, text


def not_ready(anna):
    answer = anna.ask("GET", "/readyz")
    return answer if answer.status == 503 else None


def check_back(broker, anna, device, events):
    until(lambda: anna.ask("GET", "/readyz").status == 200, "/readyz says that it is back")
    view = anna.connect("PBX-1", ORDER)
    assert view["id"] in device.live
    events.until(
        lambda one: one["data"]["subject"] == view["id"]
        and one["data"]["type"].endswith("connection.opened"), "the old stream tells of it")
