"""The real agent and the real gateway, in a network that nothing else is in."""

import json
import os
import subprocess
import sys

from .broker import enrol
from .programs import Program, drawbridge, run

PSK, PASSWORD, PRODUCT = "Schl-uessel-91", "Kenn-wort-17", "PBX-1"
INSIDE = "SERVICE_TEST_IN_OWN_NETWORK"


def enter_own_network():
    """Plays the scenario once more, in a network of its own; true in there.

    The ports of ISAKMP are fixed, and two scenarios may run at once.
    """
    if INSIDE in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return True
    own = [] if os.getuid() == 0 else ["--map-root-user"]
    subprocess.run(
        ["unshare", "--net", *own, "--", sys.executable, *sys.argv], check=True,
        env={**os.environ, INSIDE: "yes"})
    return False


class Files:
    """The device and its gateway: what they are told, and how they are started."""

    def __init__(self, folder, broker, gateway_more="", level="info"):
        self.folder, self.socket = folder, folder / "agent.sock"
        self.agents, self.gateways = [], []
        (folder / "device.token").write_text(enrol(broker.admin, PRODUCT))
        (folder / "device.token").chmod(0o600)
        (folder / "gateway.yaml").write_text(f"""
listen: {{addresses: [127.0.0.1]}}
tun: {{name: none}}
preSharedKeys: [{{secret: {PSK}}}]
pools: [{{addresses: 10.66.0.0/24}}]
users: [{{name: {PRODUCT}, password: {PASSWORD}}}]
control: {{socket: {folder}/gateway.sock}}
{gateway_more}
""")
        trust = f', fingerprint: "{broker.fingerprint}"' if broker.is_tls else ""
        (folder / "agent.yaml").write_text(f"""
broker: {{url: "{broker.url}", token: "file:{folder}/device.token"{trust}}}
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
log: {{level: {level}}}
""")

    def start_gateway(self):
        gateway = Program(
            [drawbridge(), "gateway", "--config", f"{self.folder}/gateway.yaml"], "gateway")
        self.gateways.append(gateway)
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
