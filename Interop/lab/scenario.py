"""A scenario: hosts, then steps, each with an action and what must be true after it."""

import dataclasses
import pathlib
import time
import tomllib

from .expectation import Expectation
from .guest import HERE, OPTIONS
from .hosts import DEFAULTS, Client, ReferenceDial, ReferenceGateway, Server
from .network import Network
from .product import Dial, Gateway
from .workspace import LabError, Workspace, until

SCENARIOS = HERE / "scenarios"
# Scenarios with a fault in them, to show that the laboratory notices.
FAULTS = HERE / "faults"
TOP_KEYS = {"purpose", "limit", "reference", "fault", "gateway", "dial", "guests", "step"}
GUEST_KEYS = {"role", "nat", "loss", "with"}
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
    hosts = {key: text[key] for key in ("gateway", "dial", "guests") if key in text}
    for guest in hosts.get("guests", {}).values():
        if unknown := set(guest) - GUEST_KEYS:
            raise complain(f"unknown key {sorted(unknown)[0]!r} of a guest")
        if unknown := set(guest.get("with", {})) - set(OPTIONS):
            raise complain(f"unknown guest option {sorted(unknown)[0]!r}")
    known = {"gateway", "dial"} & set(hosts) | set(hosts.get("guests", {}))
    steps = [read_step(one, known, complain) for one in text.get("step", [])]
    scenario = Scenario(name, folder, text["purpose"], text["limit"], text.get("reference", True),
                        text.get("fault"), hosts, steps)
    if scenario.declared == 0:
        raise complain("it expects nothing, so it could not fail")
    return scenario


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
            for host in self._hosts.values():
                host.start()
            for host in self._hosts.values():
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
        network = Network(self._workspace)
        folder = self.scenario.folder
        spec = self.scenario.hosts
        if "gateway" in spec:
            template = folder / "gateway.yaml"
            self._hosts["gateway"] = (
                ReferenceGateway(self._workspace, network) if self.reference else
                Gateway(self._workspace, network, spec["gateway"].get("with", {}),
                        template if template.exists() else None))
        for name, guest in spec.get("guests", {}).items():
            options = {**DEFAULTS, **guest.get("with", {})}
            if "gateway" in spec:
                options["remote"] = self._hosts["gateway"].place.address
            role = {"client": Client, "server": Server}[guest["role"]]
            place = network.attach_guest(name, guest.get("nat"))
            if "loss" in guest:
                place.lose(guest["loss"])
            self._hosts[name] = role(self._workspace, name, place, options)
        if "dial" in spec:
            dial = spec["dial"]
            server = self._hosts[dial["server"]].place.address
            template = folder / "dial.yaml"
            self._hosts["dial"] = (
                ReferenceDial(self._workspace, network, server, dial.get("nat"))
                if self.reference else
                Dial(self._workspace, network, server, dial.get("with", {}), dial.get("nat"),
                     template if template.exists() else None))

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
        for host in self._hosts.values():
            try:
                self.peer_fault |= host.peer_fault()
                host.post_mortem()
            except Exception as error:  # the first failure is the one to report
                print(f"post mortem of {host.name}: {error}")
