"""A scenario: hosts, then steps, each with an action and what must be true after it."""

import dataclasses
import pathlib
import time
import tomllib

from .expectation import Expectation
from .guest import HERE, OPTIONS
from .broker import Broker
from .hosts import DEFAULTS, Client, Clients, ReferenceDial, ReferenceGateway, Server
from .network import FAMILIES, Network
from .product import POOL, SERVER_POOL, Dial, Gateway
from .workspace import LabError, Workspace, until

SCENARIOS = HERE / "scenarios"
# Scenarios with a fault in them, to show that the laboratory notices.
FAULTS = HERE / "faults"
TOP_KEYS = {"purpose", "limit", "reference", "fault", "outside", "gateway", "broker", "dial",
            "dials", "guests", "step"}
# What a host of each kind may say of itself; whatever concerns its link is for all of them.
LINK_KEYS = {"nat", "loss", "path-mtu"}
GATEWAY_KEYS = {"with", "path-mtu"}
GUEST_KEYS = {"role", "with"} | LINK_KEYS
DIAL_KEYS = {"server", "count", "with"} | LINK_KEYS
# All clients of the scenario, as one host.
CLIENTS = "clients"
STEP_KEYS = {"title", "do", "with", "fails", "expect", "within", "throughout"}
# How long an expectation may take to come true unless the step says otherwise.
WITHIN_SECONDS = 5


class Failure(Exception):
    """The scenario's verdict: what was expected and what was found."""


@dataclasses.dataclass
class Step:
    title: str
    action: tuple | None
    options: dict
    fails: bool
    expectations: list
    within: float
    throughout: float


@dataclasses.dataclass
class Scenario:
    name: str
    folder: pathlib.Path
    purpose: str
    limit: int
    reference: bool
    # What the failure must say, in a scenario that must fail.
    fault: str | None
    outside: str
    hosts: dict
    steps: list

    @property
    def declared(self):
        """Everything that has to be judged: expectations, and actions that must fail."""
        return sum(len(step.expectations) + step.fails for step in self.steps)


def names(folder):
    return sorted(path.parent.name for path in folder.glob("*/scenario.toml"))


def load(folder):
    """Raises `ValueError` for a scenario that is not well formed, or that could not fail."""
    name = folder.name
    with open(folder / "scenario.toml", "rb") as file:
        text = tomllib.load(file)
    complain = lambda what: ValueError(f"scenario {name}: {what}")  # noqa: E731
    if not (folder / "scenario.md").exists():
        raise complain("scenario.md is missing")
    if unknown := set(text) - TOP_KEYS:
        raise complain(f"unknown key {sorted(unknown)[0]!r}")
    outside = text.get("outside", "ipv4")
    if outside not in FAMILIES:
        raise complain(f"`outside` is {' or '.join(FAMILIES)}, not {outside!r}")
    hosts = read_hosts(text, outside, complain)
    known = {"gateway", "broker"} & set(hosts) | set(hosts["guests"]) | set(hosts["dials"])
    steps = [read_step(one, known | {CLIENTS}, complain) for one in text.get("step", [])]
    scenario = Scenario(name, folder, text["purpose"], text["limit"], text.get("reference", True),
                        text.get("fault"), outside, hosts, steps)
    if scenario.declared == 0:
        raise complain("it expects nothing, so it could not fail")
    return scenario


def read_hosts(text, outside, complain):
    """The hosts by kind; `[dial]` is a dial named so, and one with a count is that many."""
    hosts = {key: text[key] for key in ("gateway", "broker") if key in text}
    hosts["guests"] = text.get("guests", {})
    hosts["dials"] = {"dial": text["dial"]} if "dial" in text else {}
    for name, dial in text.get("dials", {}).items():
        count = dial.get("count")
        names = [f"{name}{n}" for n in range(1, count + 1)] if count else [name]
        hosts["dials"] |= dict.fromkeys(names, dial)
    guests, dials = hosts["guests"].values(), hosts["dials"].values()
    gateway = [hosts["gateway"]] if "gateway" in hosts else []
    for kind, keys, every in (("the gateway", GATEWAY_KEYS, gateway),
                              ("a guest", GUEST_KEYS, guests), ("a dial", DIAL_KEYS, dials)):
        for one in every:
            if unknown := set(one) - keys:
                raise complain(f"unknown key {sorted(unknown)[0]!r} of {kind}")
            if outside == "ipv6" and "nat" in one:
                raise complain("there is no NAT outside over IPv6")
    for guest in guests:
        if unknown := set(guest.get("with", {})) - set(OPTIONS):
            raise complain(f"unknown guest option {sorted(unknown)[0]!r}")
    for dial in dials:
        if dial.get("server") not in {*hosts["guests"], *hosts} - {"guests", "dials", "broker"}:
            raise complain(f"a dial's server is a guest or the gateway, not {dial.get('server')!r}")
    if "broker" in hosts and "gateway" not in hosts:
        raise complain("a broker is for a gateway")
    return hosts


def read_step(text, known, complain):
    if unknown := set(text) - STEP_KEYS:
        raise complain(f"unknown key {sorted(unknown)[0]!r} in a step")
    action = tuple(text["do"].split()) if "do" in text else None
    if action and (len(action) != 2 or action[0] not in known):
        raise complain(f"`do` is HOST VERB, not {text['do']!r}")
    expectations = [Expectation.parse(line) for line in text.get("expect", [])]
    if not expectations and not action:
        raise complain(f"step {text['title']!r} neither does nor expects anything")
    for one in expectations:
        if one.host not in known:
            raise complain(f"{one.text!r}: there is no host {one.host!r}")
    return Step(text["title"], action, text.get("with", {}), text.get("fails", False),
                expectations, text.get("within", WITHIN_SECONDS), text.get("throughout", 0))


def spoil(place, spec):
    """What is wrong with a host's link from the start."""
    if "loss" in spec:
        place.lose(spec["loss"])
    if "path-mtu" in spec:
        place.limit(spec["path-mtu"])


class Performance:
    """One run of a scenario."""

    def __init__(self, scenario, folder, reference):
        self.scenario, self.reference = scenario, reference
        self.judged = self.skipped = 0
        self.peer_fault = False
        self._workspace = Workspace(folder)
        self._hosts = {}

    def perform(self, report, hold=lambda: None):
        """Runs every step; raises `Failure` or `LabError`. Nothing is left afterwards.

        `hold` is called when the steps are over, well or not, and everything still runs.
        """
        try:
            self._build()
            hosts = [host for name, host in self._hosts.items() if name != CLIENTS]
            for host in hosts:
                host.start()
            for host in hosts:
                host.ready()
            for step in self.scenario.steps:
                began = time.monotonic()
                self._take(step)
                report(f"{time.monotonic() - began:6.1f} s  {step.title}")
            hold()
        except Exception:
            self._examine()
            hold()
            raise
        except SystemExit:
            self._examine()
            raise
        finally:
            self._workspace.close()

    def _build(self):
        network = Network(self._workspace, self.scenario.outside)
        spec = self.scenario.hosts
        if "gateway" in spec:
            self._add_gateway(spec["gateway"], "broker" in spec, network)
        for name, guest in spec["guests"].items():
            options = {**DEFAULTS, **guest.get("with", {})}
            if "gateway" in spec:
                options["remote"] = self._hosts["gateway"].place.address
            role = {"client": Client, "server": Server}[guest["role"]]
            place = network.attach_guest(name, guest.get("nat"))
            spoil(place, guest)
            self._hosts[name] = role(self._workspace, name, place, options)
        for name, dial in spec["dials"].items():
            self._add_dial(name, dial, network)
        self._hosts[CLIENTS] = Clients(
            [host for host in self._hosts.values() if isinstance(host, Client | Dial)])

    def _add_gateway(self, spec, has_broker, network):
        if self.reference:
            self._hosts["gateway"] = ReferenceGateway(self._workspace, network)
            return
        gateway = Gateway(self._workspace, network, spec.get("with", {}),
                          self._template("gateway.yaml"))
        spoil(gateway.place, spec)
        if has_broker:
            self._hosts["broker"] = Broker(self._workspace, gateway.namespace)
        self._hosts["gateway"] = gateway

    def _add_dial(self, name, spec, network):
        server = self._hosts[spec["server"]].place.address
        if self.reference:
            place = network.attach_guest(name, spec.get("nat"))
            self._hosts[name] = ReferenceDial(self._workspace, name, place, server)
        else:
            namespace, place = network.attach_namespace(name, spec.get("nat"))
            pool = POOL if spec["server"] == "gateway" else SERVER_POOL
            self._hosts[name] = Dial(self._workspace, name, namespace, place, server, pool,
                                     spec.get("with", {}), self._template("dial.yaml"))
        spoil(place, spec)

    def _template(self, name):
        path = self.scenario.folder / name
        return path if path.exists() else None

    def _take(self, step):
        if step.action:
            self._act(step)
        applicable = [one for one in step.expectations
                      if not self.reference or one.kind in self._hosts[one.host].provides]
        self.skipped += len(step.expectations) - len(applicable)
        wrong = []

        def hold():
            wrong[:] = self._wrong(applicable)
            return not wrong
        until(hold, step.within, pause=0.2)
        if not wrong and step.throughout:
            until(lambda: not hold(), step.throughout, pause=0.5)
        if wrong:
            raise Failure(f"{step.title}: {'; '.join(wrong)}")
        self.judged += len(applicable)

    def _act(self, step):
        host, verb = self._hosts[step.action[0]], step.action[1]
        if verb not in host.verbs:
            known = ", ".join(sorted(host.verbs))
            raise LabError(f"{step.action[0]} has no verb {verb!r}, only {known}")
        try:
            host.perform(verb, step.options)
        except LabError as error:
            if not step.fails:
                raise Failure(f"{step.title}: {error}") from None
            self.judged += 1
        else:
            if step.fails:
                raise Failure(f"{step.title}: `{' '.join(step.action)}` succeeded but must fail")

    def _wrong(self, expectations):
        """What does not hold now, one sentence each; the facts of a host are taken once."""
        wrong = []
        for name in sorted({one.host for one in expectations}):
            mine = [one for one in expectations if one.host == name]
            facts = self._hosts[name].facts(mine)
            for one in mine:
                holds, found = one.judge(facts)
                if not holds:
                    wrong.append(f"expected `{one.text}`, found {found[-200:]!r}")
        return wrong

    def _examine(self):
        for host in [host for name, host in self._hosts.items() if name != CLIENTS]:
            try:
                self.peer_fault |= host.peer_fault()
                host.post_mortem()
            except Exception as error:  # the first failure is the one to report
                print(f"post mortem of {host.name}: {error}")
