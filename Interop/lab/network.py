"""The network of a scenario: a router ("net") and NATs behind it, each a namespace.

Every host hangs on a subnet of its own, so addresses repeat in every scenario:

    host 10.50.K.2 ── 10.50.K.1 [net] 10.60.J.1 ── 10.60.J.2 [nat] 192.168.1.1 ── host 192.168.1.2

A host is a namespace on a veth pair, or a guest on a tap.
"""

from .workspace import sh, until

MASQUERADE = """
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade %s
  }
}
"""


class Attachment:
    """Where one host is connected: its address, its router, and the router's interface."""

    def __init__(self, router, interface, subnet):
        self.router, self.interface = router, interface
        self.address, self.gateway = f"{subnet}.2", f"{subnet}.1"

    def lose(self, percent):
        """Drops so many of a hundred packets, either way; 0 for none."""
        table = f"table ip {self.interface}"
        rules = [f"{table} {{}}", f"delete {table}"]
        if percent:
            drop = f"numgen random mod 100 < {percent} drop" if percent < 100 else "drop"
            rules += [f"{table} {{", "chain forward {", "type filter hook forward priority filter",
                      f'iifname "{self.interface}" {drop}', f'oifname "{self.interface}" {drop}',
                      "}", "}"]
        sh("ip", "netns", "exec", self.router, "nft", "-f", "-", stdin="\n".join(rules) + "\n")


class Network:
    def __init__(self, workspace):
        self._workspace = workspace
        self._router = workspace.namespace("net")
        self._nats = {}
        self._subnets = 0
        self._behind = {}

    def attach_guest(self, name, nat=None):
        """A tap for a guest."""
        place = self._place(name, nat)
        sh("ip", "-n", place.router, "tuntap", "add", place.interface, "mode", "tap")
        self._finish(place, name)
        return place

    def attach_namespace(self, name, nat=None):
        """A namespace with the interface `eth0`; returns it and its attachment."""
        place = self._place(name, nat)
        namespace = self._workspace.namespace(name)
        self._veth(place.router, place.interface, namespace, "eth0")
        sh("ip", "-n", namespace, "addr", "add", f"{place.address}/24", "dev", "eth0")
        self._finish(place, name)
        sh("ip", "-n", namespace, "route", "add", "default", "via", place.gateway)
        return namespace, place

    def _place(self, name, nat):
        if nat is None:
            self._subnets += 1
            return Attachment(self._router, f"p-{name}"[:15], f"10.50.{self._subnets}")
        if nat not in self._nats:
            self._add_nat(nat)
        # The first host of every NAT gets the same address: two NATs make equal inner addresses.
        self._behind[nat] = self._behind.get(nat, 0) + 1
        return Attachment(self._nats[nat], f"p-{name}"[:15], f"192.168.{self._behind[nat]}")

    def _add_nat(self, nat):
        namespace = self._workspace.namespace(nat)
        number = len(self._nats) + 1
        self._veth(self._router, nat, namespace, "wan")
        sh("ip", "-n", self._router, "addr", "add", f"10.60.{number}.1/24", "dev", nat)
        sh("ip", "-n", namespace, "addr", "add", f"10.60.{number}.2/24", "dev", "wan")
        sh("ip", "-n", namespace, "route", "add", "default", "via", f"10.60.{number}.1")
        # "random": ports change even when they need not, as with most carriers.
        sh("ip", "netns", "exec", namespace, "nft", "-f", "-", stdin=MASQUERADE % "random")
        self._nats[nat] = namespace

    @staticmethod
    def _veth(first, first_interface, second, second_interface):
        sh("ip", "-n", first, "link", "add", first_interface, "type", "veth", "peer", "name",
           second_interface, "netns", second)
        sh("ip", "-n", first, "link", "set", first_interface, "up")
        sh("ip", "-n", second, "link", "set", second_interface, "up")

    def _finish(self, place, name):
        sh("ip", "-n", place.router, "addr", "add", f"{place.gateway}/24", "dev", place.interface)
        sh("ip", "-n", place.router, "link", "set", place.interface, "up")
        place.capture = self._workspace.folder / f"{name}.pcap"
        log = self._workspace.folder / f"{name}.tcpdump.log"
        self._workspace.spawn(
            ["tcpdump", "-U", "-n", "-s", "0", "-Z", "root", "-i", place.interface, "-w",
             place.capture], log, namespace=place.router)
        until(lambda: place.capture.exists(), 5)


# What is on the wire, by name. Behind the non-ESP marker (RFC 3948 §2.2) port 4500 carries ISAKMP.
WIRE = {
    "esp": "ip proto 50",
    "isakmp": "udp port 500",
    "floated": "udp port 4500 and udp[4:2] > 12 and udp[8:4] = 0",
    "encapsulated": "udp port 4500 and udp[4:2] > 12 and udp[8:4] != 0",
    "clear": "udp port 1701",
}


def wire_facts(place):
    """How many packets of each kind passed the attachment so far."""
    return {kind: len(sh("tcpdump", "-n", "-r", place.capture, text, check=False).splitlines()) - 1
            for kind, text in WIRE.items()}
