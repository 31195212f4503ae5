"""The laboratory's own rules: what an expectation says, and when a scenario has passed."""

import json
import pathlib
import struct
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lab import broker, scenario  # noqa: E402
from lab.expectation import Expectation  # noqa: E402
from lab.hosts import Clients  # noqa: E402
from lab.network import wire_facts  # noqa: E402
from lab.runner import verdict  # noqa: E402
from lab.workspace import LabError  # noqa: E402

FACTS = {
    "ping": {"lost": 0},
    "l2tp": {"tunnel": [
        {"state": "closed", "closing": {"closeReason": "deadPeer"}, "spent": True},
        {"state": "established", "spent": False},
    ]},
}


class ExpectationTests(unittest.TestCase):
    def holds(self, text):
        return Expectation.parse(f"a {text}").judge(FACTS)[0]

    def test_facts_are_compared_as_text_and_as_numbers(self):
        for text in ("ping.lost = 0", "ping.lost < 1", "ping.lost != 1", "ping.lost ~ ^0$"):
            self.assertTrue(self.holds(text), text)
        for text in ("ping.lost = 1", "ping.lost > 0", "ping.lost != 0", "ping.lost ~ 1"):
            self.assertFalse(self.holds(text), text)

    def test_lists_are_counted_indexed_and_filtered(self):
        for text in (
            "l2tp.tunnel.count = 2", "l2tp.tunnel[1].state = established",
            "l2tp.tunnel[state=closed].count = 1", "l2tp.tunnel[0].spent = true",
            "l2tp.tunnel[closing.closeReason=deadPeer][0].state = closed",
        ):
            self.assertTrue(self.holds(text), text)

    def test_what_is_not_there_is_absent_and_not_zero(self):
        for text in ("ping.sent = absent", "l2tp.tunnel[7].state = absent", "no.such = absent"):
            self.assertTrue(self.holds(text), text)
        for text in ("ping.sent = 0", "ping.sent >= 0", "l2tp.session.count = 0"):
            self.assertFalse(self.holds(text), text)

    def test_a_line_that_says_nothing_is_refused(self):
        for text in ("", "a", "a ping.lost", "a ping.lost 0", "a ping.lost == 0", "a = 0"):
            with self.assertRaises(ValueError, msg=text):
                Expectation.parse(text)


class VerdictTests(unittest.TestCase):
    def judge(self, failure, judged, skipped, declared=3, fault=None):
        written = {"failure": failure, "judged": judged, "skipped": skipped}
        return verdict(types.SimpleNamespace(declared=declared, fault=fault), written)

    def test_a_scenario_passes_with_everything_judged_only(self):
        self.assertEqual(self.judge("", 3, 0), "")
        self.assertEqual(self.judge("", 2, 1), "")
        for judged, skipped in ((2, 0), (0, 3), (0, 0), (3, 1)):
            self.assertNotEqual(self.judge("", judged, skipped), "")

    def test_a_fault_has_to_show_itself(self):
        self.assertEqual(self.judge("no session", 0, 0, fault="no session"), "")
        self.assertNotEqual(self.judge("no boot", 0, 0, fault="no session"), "")
        self.assertNotEqual(self.judge("", 3, 0, fault="no session"), "")


class ScenarioTests(unittest.TestCase):
    HEAD = 'purpose = "p"\nlimit = 1\n[gateway]\n[guests.a]\nrole = "client"\n'

    def load(self, text):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "scenario.toml").write_text(text)
            (folder / "scenario.md").write_text("x")
            return scenario.load(folder)

    def test_a_scenario_that_expects_nothing_is_refused(self):
        with self.assertRaisesRegex(ValueError, "could not fail"):
            self.load(self.HEAD + '[[step]]\ntitle = "t"\ndo = "a connect"\n')

    def test_unknown_words_are_refused(self):
        step = '[[step]]\ntitle = "t"\nexpect = ["a ping.lost = 0"]\n'
        self.assertEqual(self.load(self.HEAD + step).declared, 1)
        for text in (
            step + 'until = 5\n', step.replace('"a ping', '"b ping'),
            'with = { colour = 1 }\n' + step,
            step + 'do = "a"\n', step + 'do = "b connect"\n', 'speed = 1\n' + step,
        ):
            with self.assertRaises(ValueError, msg=text):
                self.load(self.HEAD + text)

    def test_keys_of_hosts_are_checked(self):
        step = '[[step]]\ntitle = "t"\nexpect = ["a ping.lost = 0"]\n'
        for text in (
            'outside = "ipx"\n' + self.HEAD + step,
            'outside = "ipv6"\n' + self.HEAD + 'nat = "home"\n' + step,
            self.HEAD.replace("[gateway]", "[gateway]\nspeed = 1") + step,
            self.HEAD + "[dial]\n" + step,
            self.HEAD + '[dial]\nserver = "b"\n' + step,
            self.HEAD + '[dial]\nserver = "a"\nspeed = 1\n' + step,
            self.HEAD.replace("[gateway]", "[broker]") + step,
        ):
            with self.assertRaises(ValueError, msg=text):
                self.load(text)
        for text in (
            'outside = "ipv6"\n' + self.HEAD + "path-mtu = 1280\n" + step,
            self.HEAD + '[broker]\n[dial]\nserver = "a"\n[dials.d]\nserver = "gateway"\n' + step,
        ):
            self.assertEqual(self.load(text).declared, 1)

    def test_a_dial_with_a_count_is_that_many(self):
        dials = '[dials.d]\ncount = 3\nserver = "gateway"\n'
        step = '[[step]]\ntitle = "t"\nexpect = ["%s exit = 0", "clients ping.lost = 0"]\n'
        self.assertEqual(list(self.load(self.HEAD + dials + step % "d3").hosts["dials"]),
                         ["d1", "d2", "d3"])
        for host in ("d", "d4"):
            with self.assertRaises(ValueError, msg=host):
                self.load(self.HEAD + dials + step % host)

    def test_every_scenario_of_the_project_is_well_formed(self):
        for folder in (scenario.SCENARIOS, scenario.FAULTS):
            for name in scenario.names(folder):
                with self.subTest(name):
                    scenario.load(folder / name)


class ClientsTests(unittest.TestCase):
    class One:
        verbs = {"ping": "ping", "hang-up": "hang_up"}

        def __init__(self, lost, failure=None):
            self.lost, self.failure, self.done = lost, failure, []

        def perform(self, verb, options):
            self.done.append((verb, options))
            if self.failure:
                raise LabError(self.failure)

        def facts(self, expectations):
            return {"ping": {"sent": 5, "lost": self.lost, "error": "none"}}

    def test_they_all_do_it_and_their_figures_are_summed(self):
        ones = [self.One(0), self.One(2)]
        clients = Clients(ones)
        clients.perform("ping", {"count": 5})
        self.assertEqual([one.done for one in ones], [[("ping", {"count": 5})]] * 2)
        facts = clients.facts([Expectation.parse("clients ping.lost = 2")])
        self.assertEqual(facts, {"ping": {"sent": 10, "lost": 2}})

    def test_one_failure_is_everybodys(self):
        with self.assertRaisesRegex(LabError, "1 of 2 clients: no session"):
            Clients([self.One(0), self.One(0, "no session")]).perform("ping", {})

    def test_only_what_all_can_do_is_theirs(self):
        other = self.One(0)
        other.verbs = {"ping": "ping"}
        self.assertEqual(Clients([self.One(0), other]).verbs, {"ping"})


class BrokerTests(unittest.TestCase):
    def test_a_revocation_names_the_connection_that_was_granted(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            stand_in = broker.Broker(types.SimpleNamespace(folder=folder), "")
            for device in ("bob", "carol"):
                stand_in.perform("grant", {"operator": "alice", "device": device, "address": "::1"})
            stand_in.perform("revoke", {"operator": "alice", "device": "bob"})
            said = [json.loads(one) for one in (folder / "broker.changes").read_text().splitlines()]
        granted = [one["granted"]["grant"] for one in said[:2]]
        self.assertEqual([one["deviceUser"] for one in granted], ["bob", "carol"])
        self.assertNotEqual(granted[0]["connection"], granted[1]["connection"])
        self.assertEqual(said[2], {"revoked": {"connection": granted[0]["connection"]}})


class WireTests(unittest.TestCase):
    """tcpdump's filters on frames made here: one of each kind, over IPv4 and IPv6."""

    @staticmethod
    def frame(family, protocol, payload, fragment=False):
        if family == "ipv6":
            if fragment:
                protocol, payload = 44, struct.pack(">BBHI", protocol, 0, 1, 0) + payload
            header = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + bytes(32)
            return bytes(12) + b"\x86\xdd" + header + payload
        header = struct.pack(">BBHHHBBH8x", 0x45, 0, 20 + len(payload), 0,
                             0x2000 if fragment else 0, 64, protocol, 0)
        return bytes(12) + b"\x08\x00" + header + payload

    @staticmethod
    def udp(port, payload):
        return struct.pack(">HHHH", port, port, 8 + len(payload), 0) + payload

    def test_each_kind_is_told_from_the_others(self):
        frames = {
            "esp": (50, bytes(40), False), "isakmp": (17, self.udp(500, bytes(40)), False),
            "floated": (17, self.udp(4500, bytes(40)), False),
            "encapsulated": (17, self.udp(4500, b"\x01" * 40), False),
            "clear": (17, self.udp(1701, bytes(40)), False), "fragments": (6, bytes(40), True),
            "a keepalive": (17, self.udp(4500, b"\xff"), False),
        }
        for family in ("ipv4", "ipv6"):
            for name, frame in frames.items():
                with self.subTest(f"{name} over {family}"), tempfile.TemporaryDirectory() as folder:
                    capture = pathlib.Path(folder) / "one.pcap"
                    data = self.frame(family, *frame)
                    capture.write_bytes(
                        struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
                        + struct.pack("<IIII", 0, 0, len(data), len(data)) + data)
                    facts = wire_facts(types.SimpleNamespace(capture=capture))
                    seen = {kind for kind, count in facts.items() if count}
                    self.assertEqual(seen, {name} & set(facts))


if __name__ == "__main__":
    unittest.main()
