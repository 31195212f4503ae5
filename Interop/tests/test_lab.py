"""The laboratory's own rules: what an expectation says, and when a scenario has passed."""

import pathlib
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lab import scenario  # noqa: E402
from lab.expectation import Expectation  # noqa: E402
from lab.runner import verdict  # noqa: E402

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

    def test_every_scenario_of_the_project_is_well_formed(self):
        for folder in (scenario.SCENARIOS, scenario.FAULTS):
            for name in scenario.names(folder):
                with self.subTest(name):
                    scenario.load(folder / name)


if __name__ == "__main__":
    unittest.main()
