"""The real agent loses a real tunnel to a real gateway, by kill -9 and by the gateway's death.

The three programs talk over loopback in a network of their own. Nothing is dialled again by itself;
the agent that starts after the kill tells of exactly one `unexpectedClose`, at the device and at the
broker, also when it is killed again before and after; and what stood on the tunnel has one end. Then
the agent is stopped in order with a tunnel up, which is no accident.
"""

import contextlib
import json
import os
import subprocess
import sys

from harness import books
from harness.broker import Broker, enrol, make_user
from harness.programs import Program, drawbridge, run
from harness.waiting import until

PSK, PASSWORD, PRODUCT = "Schl-uessel-91", "Kenn-wort-17", "PBX-1"
INSIDE = "SERVICE_TEST_IN_OWN_NETWORK"


def play(folder):
    if INSIDE not in os.environ:
        return play_in_own_network()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, "a"))
        device = Files(folder, broker)
        anna = broker.api(make_user(broker.admin, "anna"))
        gateway = stack.enter_context(device.start_gateway())
        agent = device.start_agent(stack)
        until(lambda: is_online(anna), "the device is online")

        first, second = anna.connect(PRODUCT), anna.connect(PRODUCT)
        assert first["vpnAddress"] == second["vpnAddress"], (first, second)
        agent.kill()
        # Killed once more while it tells of what it found, or before.
        device.start_agent(stack, until_ready=False).kill()
        agent = device.start_agent(stack)
        closed = [until(lambda: over(anna, one["id"]), "the connection is over", 60)
                  for one in (first, second)]
        assert len({one["reason"] for one in closed}) == 1, closed
        check_one_loss(anna, device, 1)
        agent.kill()
        agent = device.start_agent(stack)
        until(lambda: is_online(anna), "the device is online")
        check_one_loss(anna, device, 1)

        # Nothing was dialled again; a new connect makes a new tunnel, which the gateway's end cuts.
        assert device.dials() == 1, device.dials()
        third = anna.connect(PRODUCT)
        assert third["tunnel"] != first["tunnel"]
        gateway.stop()
        until(lambda: over(anna, third["id"]), "the third connection is over", 30)
        check_one_loss(anna, device, 2)

        stack.enter_context(device.start_gateway())
        fourth = anna.connect(PRODUCT)
        agent.stop()
        agent = device.start_agent(stack)
        until(lambda: over(anna, fourth["id"]), "the fourth connection is over")
        check_one_loss(anna, device, 2)
        assert device.dials() == 3, "nobody dialled but for a connect"
        records = books.records(broker.admin)
        books.check_chain(records["events"])
        books.check_ends(records)


def play_in_own_network():
    own = [] if os.getuid() == 0 else ["--map-root-user"]
    subprocess.run(
        ["unshare", "--net", *own, "--", *([sys.executable] + sys.argv)], check=True,
        env={**os.environ, INSIDE: "yes"})


def is_online(api):
    return api.call("GET", f"/v1/devices/{PRODUCT}")["online"]


def over(api, connection):
    view = api.call("GET", f"/v1/connections/{connection}")
    return view if view["phase"] == "closed" else None


def check_one_loss(api, device, losses):
    """As many losses as there were, on both sides, each of a tunnel of its own."""
    def told():
        return api.events(type="tunnel.unexpectedClose")

    until(lambda: len(told()) >= losses, "the broker is told of the loss")
    for lines, name in ((told(), "broker"), (device.losses(), "device")):
        assert len(lines) == losses, (name, lines)
    tunnels = [event["data"]["tunnel"] for event in told()]
    assert len(set(tunnels)) == losses, tunnels


class Files:
    """The device and its gateway: what they are told, and how they are started."""

    def __init__(self, folder, broker):
        self.folder, self.socket = folder, folder / "agent.sock"
        self.agents = []
        (folder / "device.token").write_text(enrol(broker.admin, PRODUCT))
        (folder / "device.token").chmod(0o600)
        (folder / "gateway.yaml").write_text(f"""
listen: {{addresses: [127.0.0.1]}}
tun: {{name: none}}
preSharedKeys: [{{secret: {PSK}}}]
pools: [{{addresses: 10.66.0.0/24}}]
users: [{{name: {PRODUCT}, password: {PASSWORD}}}]
control: {{socket: {folder}/gateway.sock}}
""")
        (folder / "agent.yaml").write_text(f"""
broker: {{url: "{broker.url}", token: "file:{folder}/device.token"}}
tun: {{name: none}}
credentials:
  - name: default
    gateway: 127.0.0.1
    listen: {{address: 127.0.0.2, ike: 500, natt: 4500}}
    preSharedKey: {PSK}
    user: {PRODUCT}
    password: {PASSWORD}
history: {{path: {folder}/agent.sqlite}}
control: {{socket: {self.socket}}}
""")

    def start_gateway(self):
        gateway = Program(
            [drawbridge(), "gateway", "--config", f"{self.folder}/gateway.yaml"], "gateway")
        gateway.line("gateway ready")
        return gateway

    def start_agent(self, stack, until_ready=True):
        agent = Program([drawbridge(), "agent", "--config", f"{self.folder}/agent.yaml"], "agent")
        stack.enter_context(agent)
        self.agents.append(agent)
        if until_ready:
            agent.line("agent ready")
        return agent

    def dials(self):
        return sum(agent.text.count("dialling tunnel=") for agent in self.agents)

    def losses(self):
        code, text = run(
            [drawbridge(), "agent", "history", "--socket", str(self.socket), "--json"])
        assert code == 0, text
        return [one for one in json.loads(text)["items"] if one["kind"] == "unexpectedClose"]
