"""The hosts of a scenario: guests in both roles, and as stand-ins for the product.

A host has verbs (what a step may do with it) and facts (what an expectation may ask it).
"""

import concurrent.futures

from . import traffic
from .guest import Guest
from .network import wire_facts
from .workspace import LabError

DEFAULTS = {"psk": "a long shared key", "user": "alice", "password": "wonderland"}
# What a guest tells of itself (guest/facts.pl).
GUEST_FACTS = {"ike", "ipsec", "l2tp", "ppp"}


class Host:
    """Verbs and facts that every host has."""

    verbs = {"ping": "ping", "transfer": "transfer", "unplug": "unplug", "plug": "plug",
             "rebind": "rebind", "drop-fragments": "drop_fragments"}
    provides = {"ping", "transfer", "wire"}

    def __init__(self, name, place):
        self.name, self.place, self._traffic = name, place, {}

    def perform(self, verb, options):
        getattr(self, self.verbs[verb])(**options)

    def facts(self, expectations):
        facts = dict(self._traffic)
        if any(one.kind == "wire" for one in expectations):
            facts["wire"] = wire_facts(self.place)
        return facts

    def unplug(self):
        self.place.lose(100)

    def plug(self):
        self.place.lose(0)

    def rebind(self, address=False):
        self.place.rebind(address)

    def drop_fragments(self):
        self.place.drop_fragments()

    def ping(self, count=10, interval=0.2, size=56, to=None, df=None):
        self._traffic["ping"] = traffic.ping(
            self.run, to or self.tunnel_peer(), count, interval, size, df)

    def transfer(self, megabytes=2, reverse=False, to=None):
        self._traffic["transfer"] = traffic.transfer(
            self.run, to or self.tunnel_peer(), megabytes, reverse)

    def peer_fault(self):
        return False

    def post_mortem(self):
        """Leaves in the scenario's folder what helps to understand a failure."""


class GuestHost(Host):
    """A guest of either role."""

    provides = Host.provides | GUEST_FACTS
    script = ""

    def __init__(self, workspace, name, place, options):
        super().__init__(name, place)
        self._guest = Guest(workspace, name, place, options)
        self.verbs = {**Host.verbs, "power-off": "power_off", **self.script_verbs}

    def start(self):
        self._guest.boot()

    def ready(self):
        self._guest.ready()

    def perform(self, verb, options):
        if verb in self.script_verbs:
            self._guest.perform(self.script, verb, options)
        else:
            super().perform(verb, options)

    def facts(self, expectations):
        facts = super().facts(expectations)
        if inner := {one.kind for one in expectations} & GUEST_FACTS:
            facts |= self._guest.facts(inner)
        return facts

    def run(self, command, seconds):
        return self._guest.run(command, seconds=seconds)

    def power_off(self):
        self._guest.power_off()

    def peer_fault(self):
        return self._guest.peer_fault()


class Client(GuestHost):
    script = "client.sh"
    script_verbs = dict.fromkeys(
        ("connect", "ipsec", "session", "second-session", "hang-up", "disconnect", "crash"))

    def tunnel_peer(self):
        return self._guest.facts({"ppp"})["ppp"]["peer"]


class Server(GuestHost):
    script = "server.sh"
    script_verbs = dict.fromkeys(("serve", "stop"))

    def ready(self):
        super().ready()
        self._guest.perform(self.script, "serve")


class ReferenceGateway(Server):
    """A guest (strongSwan, xl2tpd) at the gateway's place."""

    provides = {"wire"}

    def __init__(self, workspace, network):
        super().__init__(workspace, "gateway", network.attach_guest("gateway"),
                         {**DEFAULTS, "ppp-auth": "any", "ike-proposals": "default",
                          "esp-proposals": "default,aes128-sha1-modp2048"})


class ReferenceDial(Client):
    """A guest (strongSwan, xl2tpd) at dial's place; its facts are not dial's."""

    provides = Host.provides

    def __init__(self, workspace, name, place, server):
        super().__init__(workspace, name, place,
                         {**DEFAULTS, "remote": server, "timeout": 10,
                          "esp-proposals": "aes256-sha256,aes128-sha1-modp2048"})
        self.verbs |= {"wait": "wait", "stop": "disconnect"}

    def wait(self, seconds=30):
        """How dial ends is dial's own."""

    def disconnect(self):
        self._guest.perform(self.script, "disconnect")


class Clients:
    """Every client of a scenario as one host: what it does, they do at once, and its figures are
    the sums of theirs."""

    provides = {"ping", "transfer"}

    def __init__(self, hosts):
        self._hosts = hosts
        self.verbs = set.intersection(*(set(host.verbs) for host in hosts)) if hosts else set()
        # Kept to the end: the kernel ends a process with the thread that started it.
        self._threads = concurrent.futures.ThreadPoolExecutor(max(len(hosts), 1))

    def perform(self, verb, options):
        jobs = [self._threads.submit(host.perform, verb, options) for host in self._hosts]
        errors = [str(error) for job in jobs if (error := job.exception())]
        if errors:
            raise LabError(f"{len(errors)} of {len(jobs)} clients: {errors[0]}")

    def facts(self, expectations):
        facts = {}
        for kind in {one.kind for one in expectations}:
            for host in self._hosts:
                for key, figure in host.facts([]).get(kind, {}).items():
                    if isinstance(figure, int):
                        facts.setdefault(kind, {}).setdefault(key, 0)
                        facts[kind][key] += figure
        return facts
