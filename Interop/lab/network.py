"""The network of a scenario: a router ("net") and NATs behind it, each a namespace.

Every host hangs on a subnet of its own, so addresses repeat in every scenario:

    host 10.50.K.2 ── 10.50.K.1 [net] 10.60.J.1 ── 10.60.J.2 [nat] 192.168.1.1 ── host 192.168.1.2

or, in a scenario whose outside is IPv6 (and has no NAT):

    host fd50:K::2 ── fd50:K::1 [net]

A host is a namespace on a veth pair, or a guest on a tap.
"""

import dataclasses
import sys

from .workspace import LabError, sh, until

# `flush` makes the table anew. "random": ports change even when they need not, as with most
# carriers.
MASQUERADE = """
table ip nat {}
flush table ip nat
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "wan" meta l4proto udp masquerade %s random
    oifname "wan" masquerade random
  }
}
"""

# An IPCTNL_MSG_CT_DELETE without a tuple (linux/netfilter/nfnetlink_conntrack.h) forgets every
# connection; the answer is its acknowledgement.
FORGET = """
import socket, struct
netfilter = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
netfilter.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, 0, 0, 0))
error = struct.unpack_from("=i", netfilter.recv(4096), 16)[0]
raise SystemExit(f"connections not forgotten: error {error}" if error else 0)
"""


class NAT:
    """A router that masquerades what comes from behind it."""

    def __init__(self, namespace, number):
        self.namespace, self._subnet = namespace, f"10.60.{number}"
        self._host, self._rebinds = 2, 0
        self.connect()
        self._masquerade("")

    def connect(self):
        """Takes its present address outside."""
        sh("ip", "-n", self.namespace, "addr", "flush", "dev", "wan")
        sh("ip", "-n", self.namespace, "addr", "add", f"{self._subnet}.{self._host}/24", "dev",
           "wan")
        sh("ip", "-n", self.namespace, "route", "replace", "default", "via", f"{self._subnet}.1")

    def rebind(self, address):
        """Forgets every mapping. New ones come from ports beyond 61,000 the first time, beyond
        62,000 the second; with `address` from another address besides."""
        self._rebinds += 1
        if address:
            self._host += 1
            self.connect()
        first = 60_000 + 1000 * self._rebinds
        self._masquerade(f"to :{first}-{first + 999}")
        sh("ip", "netns", "exec", self.namespace, sys.executable, "-c", FORGET)

    def _masquerade(self, ports):
        sh("ip", "netns", "exec", self.namespace, "nft", "-f", "-", stdin=MASQUERADE % ports)


@dataclasses.dataclass
class Family:
    """How the outside is numbered."""

    subnet: str
    prefix: int


FAMILIES = {"ipv4": Family("10.50.{}.", 24), "ipv6": Family("fd50:{}::", 64)}


class Attachment:
    """Where one host is connected: its address, its router, and the router's interface."""

    def __init__(self, router, interface, subnet, prefix=24, nat=None):
        self.router, self.interface, self.nat = router, interface, nat
        self.address, self.gateway, self.prefix = f"{subnet}2", f"{subnet}1", prefix
        self._subnet = f"{subnet}0/{prefix}"

    def lose(self, percent):
        """Drops so many of a hundred packets, either way; 0 for none."""
        drop = f"numgen random mod 100 < {percent} drop" if percent < 100 else "drop"
        name = self.interface
        self._filter(f"inet {name}", {"forward": [f'{end} "{name}" {drop}' for end in
                                                  ("iifname", "oifname")] if percent else []})

    def drop_fragments(self):
        """Drops what is a fragment, either way, as some firewalls do; at the interface itself,
        because the router makes fragments after all its other filters."""
        drops = ["ip frag-off & 0x3fff != 0 drop", "exthdr frag exists drop"]
        self._filter(f"netdev {self.interface}", {"ingress": drops, "egress": drops})

    def limit(self, mtu):
        """The path to the host carries so many bytes: the router fragments larger packets, or tells
        their sender where that is forbidden."""
        sh("ip", "-n", self.router, "route", "change", self._subnet, "dev", self.interface,
           "mtu", mtu)

    def rebind(self, address=False):
        if self.nat is None:
            raise LabError("there is no NAT to rebind")
        self.nat.rebind(address)

    def _filter(self, table, rules):
        """Makes a table of the router's anew, with rules by hook."""
        text = [f"table {table} {{}}", f"delete table {table}", f"table {table} {{"]
        device = f'device "{self.interface}" ' if table.startswith("netdev") else ""
        for hook, lines in rules.items():
            text += [f"chain {hook} {{", f"type filter hook {hook} {device}priority filter", *lines,
                     "}"]
        sh("ip", "netns", "exec", self.router, "nft", "-f", "-",
           stdin="\n".join([*text, "}"]) + "\n")


class Network:
    def __init__(self, workspace, family="ipv4"):
        self._workspace = workspace
        self._family = FAMILIES[family]
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
        sh("ip", "-n", namespace, "addr", "add", f"{place.address}/{place.prefix}", "dev", "eth0")
        self._finish(place, name)
        sh("ip", "-n", namespace, "route", "add", "default", "via", place.gateway)
        return namespace, place

    def _place(self, name, nat):
        if nat is None:
            self._subnets += 1
            return Attachment(self._router, f"p-{name}"[:15],
                              self._family.subnet.format(self._subnets), self._family.prefix)
        if nat not in self._nats:
            self._add_nat(nat)
        # The first host of every NAT gets the same address: two NATs make equal inner addresses.
        self._behind[nat] = self._behind.get(nat, 0) + 1
        return Attachment(self._nats[nat].namespace, f"p-{name}"[:15],
                          f"192.168.{self._behind[nat]}.", nat=self._nats[nat])

    def _add_nat(self, nat):
        namespace = self._workspace.namespace(nat)
        number = len(self._nats) + 1
        self._veth(self._router, nat, namespace, "wan")
        sh("ip", "-n", self._router, "addr", "add", f"10.60.{number}.1/24", "dev", nat)
        self._nats[nat] = NAT(namespace, number)

    @staticmethod
    def _veth(first, first_interface, second, second_interface):
        sh("ip", "-n", first, "link", "add", first_interface, "type", "veth", "peer", "name",
           second_interface, "netns", second)
        sh("ip", "-n", first, "link", "set", first_interface, "up")
        sh("ip", "-n", second, "link", "set", second_interface, "up")

    def _finish(self, place, name):
        sh("ip", "-n", place.router, "addr", "add", f"{place.gateway}/{place.prefix}", "dev",
           place.interface)
        sh("ip", "-n", place.router, "link", "set", place.interface, "up")
        place.capture = self._workspace.folder / f"{name}.pcap"
        log = self._workspace.folder / f"{name}.tcpdump.log"
        self._workspace.spawn(
            ["tcpdump", "-U", "-n", "-s", "0", "-Z", "root", "-i", place.interface, "-w",
             place.capture], log, namespace=place.router)
        until(lambda: place.capture.exists(), 5)


# What is on the wire, by name. Behind the non-ESP marker (RFC 3948 §2.2) port 4500 carries ISAKMP;
# a keepalive is one byte. tcpdump's `udp[…]` knows IPv4 only, and its `and` and `or` bind alike.
WIRE = {
    "esp": "proto 50",
    "isakmp": "udp port 500",
    "floated": "udp port 4500 and ((udp[4:2] > 12 and udp[8:4] = 0)"
               " or (ip6[44:2] > 12 and ip6[48:4] = 0))",
    "encapsulated": "udp port 4500 and ((udp[4:2] > 12 and udp[8:4] != 0)"
                    " or (ip6[44:2] > 12 and ip6[48:4] != 0))",
    "clear": "udp port 1701",
    "fragments": "ip[6:2] & 0x3fff != 0 or ip6 proto 44",
}


def wire_facts(place):
    """How many packets of each kind passed the attachment so far."""
    return {kind: len(sh("tcpdump", "-n", "-r", place.capture, text, check=False).splitlines()) - 1
            for kind, text in WIRE.items()}
