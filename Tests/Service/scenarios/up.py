"""`drawbridge up` and what it says to do next, on one host.

A device is enrolled and its agent started with the files that `up` made; `connect --dial` brings up
the operator's own tunnel, too, and the gateway forwards between the two. Ctrl-C ends that tunnel and
closes the connection, and with it the device's tunnel. Started again, `up` goes on with its folder.
"""

import contextlib
import json
import os
import re
import signal

from harness.neighbours import Neighbours
from harness.programs import Program, drawbridge, run
from harness.real_device import enter_own_network
from harness.waiting import until

DEVICE = "device-1"


def play(folder):
    if not enter_own_network():
        return
    home = folder / "home"
    with contextlib.ExitStack() as stack:
        start(stack, home)
        ask = asking(home)
        neighbours = stack.enter_context(Neighbours([Found(home, ask)]))
        code = re.search(r"code (\S+),", ask("device", "enrol", DEVICE)).group(1)
        ask("agent", "enrol", "--broker", ask.broker, "--fingerprint", ask.fingerprint,
            "--code", code, "--token-file", str(home / "agent.token"))
        agent = stack.enter_context(Program(
            [drawbridge(), "agent", "--config", str(home / "agent.yaml")], "agent"))
        agent.line("attached broker=")

        with Program([drawbridge(), "connect", DEVICE, "--dial", str(home / "operator.yaml")],
                     "connect --dial", ask.environment) as connect:
            identity = connect.line("connected c-").split()[1]
            connect.line("up 10.66.0.")
            until(lambda: forwarding(ask, home) == [identity], "the gateway forwards")
            live = json.loads(ask("connections", "--json"))["items"]
            assert [(one["id"], one["user"]) for one in live] == [(identity, "admin")], live
            connect.send(signal.SIGINT)
            assert connect.process.wait(20) == 0, connect.text
        until(lambda: [one["connection"] for one in grants(ask, home)]
              == [neighbours.connection["id"]], "nothing of ours is granted any more")
        over = json.loads(ask("history", "--json"))["items"]
        assert [(one["id"], one["reason"]) for one in over] == [(identity, "requested")], over
        assert json.loads(ask("connections", "--json"))["items"] == []
        agent.line("tunnelClosed sequence=")
        neighbours.check()
    with contextlib.ExitStack() as stack:
        start(stack, home)
        devices = json.loads(asking(home)("device", "list", "--json"))["items"]
        assert [one["productID"] for one in devices] == [DEVICE], devices


def start(stack, home):
    program = stack.enter_context(Program([drawbridge(), "up", "--folder", str(home)], "up"))
    program.line("gateway ready")


class Found:
    """The broker of `up`, as its folder tells."""

    def __init__(self, home, ask):
        self.url, self.fingerprint, self.is_tls, self.conninfo = ask.broker, ask.fingerprint, True, None
        self.port = int(ask.broker.rsplit(":", 1)[1])
        self.database = home / "broker" / "broker.sqlite"
        self.admin_token = (home / "broker" / "admin.token").read_text().strip()


def forwarding(ask, home):
    """The connections that the gateway lets through: the annex's device has no session there."""
    return [one["connection"] for one in grants(ask, home) if one["forwarding"]]


def grants(ask, home):
    return json.loads(ask("show", "grants", "--json", "--socket", str(home / "gateway.sock")))["items"]


def asking(home):
    """Runs a command in the environment that `up` has written down."""
    given = dict(re.findall(r"^export (\w+)=(.*)$", (home / "env").read_text(), re.MULTILINE))
    environment = {**os.environ, **given}

    def ask(*words):
        code, output = run([drawbridge(), *words], environment=environment)
        assert code == 0, output
        return output
    ask.environment = environment
    ask.broker, ask.fingerprint = given["DRAWBRIDGE_BROKER"], given["DRAWBRIDGE_FINGERPRINT"]
    return ask
