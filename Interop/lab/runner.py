"""Runs scenarios, each in a process of its own, and says what came of them."""

import argparse
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import traceback

from . import scenario as scenarios
from .workspace import LabError, end, make_folder, remove, sweep_stale

# For booting guests and for cleaning, on top of a scenario's own limit.
GRACE_SECONDS = 60
LOG_TAILS = ("gateway.log", "dial.log", "*/charon.log", "*/pluto.log", "*/xl2tpd.log",
             "*/pppd.log")
PASSED, FAILED = "passed", "FAILED"


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="Interop/run", description="Runs the interoperability scenarios against real peers.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these scenarios")
    parser.add_argument("--list", action="store_true", help="lists the scenarios and ends")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="at once (default 2)")
    parser.add_argument("--keep", action="store_true", help="keeps the logs of passed ones too")
    parser.add_argument("--hold", action="store_true",
                        help="leaves everything running when the steps are over, until Ctrl-C")
    parser.add_argument("--reference", action="store_true",
                        help="puts strongSwan and xl2tpd in our product's place: a test of the "
                             "laboratory itself")
    parser.add_argument("--self-test", action="store_true",
                        help="runs scenarios with a fault in them, which must fail, with "
                             "strongSwan and xl2tpd in our product's place")
    parser.add_argument("--worker", nargs=2, type=pathlib.Path, metavar=("SCENARIO", "FOLDER"),
                        help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    arguments.reference |= arguments.self_test
    folder = scenarios.FAULTS if arguments.self_test else scenarios.SCENARIOS
    if arguments.list:
        for name in scenarios.names(folder):
            print(f"{name:28} {scenarios.load(folder / name).purpose}")
        return 0
    if os.geteuid() != 0:
        print("Interop/run makes network namespaces: run it as root", file=sys.stderr)
        return 2
    if arguments.worker:
        return work(*arguments.worker, arguments.reference, arguments.hold)
    try:
        names = arguments.only or scenarios.names(folder)
        chosen = [scenarios.load(folder / name) for name in names]
    except (ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    return Runner(arguments, chosen).run()


def work(scenario, folder, reference, hold):
    """The process of one scenario: writes `result.json` into the folder."""
    def leave(number, frame):
        raise SystemExit(f"ended by signal {number}")
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    performance = scenarios.Performance(scenarios.load(scenario), folder, reference)
    failure = ""

    def report(line):
        print(line, flush=True)

    def wait():
        report("holding")
        signal.pause()
    try:
        performance.perform(report, *([wait] if hold else []))
    except (scenarios.Failure, LabError) as error:
        failure = str(error)
    except SystemExit as error:
        failure = f"not done in time ({error})"
    except Exception as error:
        traceback.print_exc()
        failure = f"{type(error).__name__}: {error}"
    (folder / "result.json").write_text(json.dumps({
        "failure": failure, "judged": performance.judged, "skipped": performance.skipped,
        "peerFault": performance.peer_fault}))
    return 1 if failure else 0


class Run:
    """A scenario under way."""

    def __init__(self, scenario, folder, attempt, arguments):
        self.scenario, self.folder, self.attempt = scenario, folder, attempt
        self._limited = not arguments.hold
        self.began = time.monotonic()
        folder.mkdir(parents=True)
        with open(folder / "steps.log", "wb") as log:
            self.process = subprocess.Popen(
                [sys.argv[0], "--worker", str(scenario.folder), str(folder),
                 *(["--reference"] if arguments.reference else []),
                 *(["--hold"] if arguments.hold else [])],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)

    @property
    def seconds(self):
        return time.monotonic() - self.began

    def finished(self):
        late = self._limited and self.seconds > self.scenario.limit + GRACE_SECONDS
        if late and self.process.poll() is None:
            self.stop()
        return self.process.poll() is not None

    def stop(self):
        """In order first; whatever is left afterwards is swept."""
        end(self.process, seconds=15)
        sweep_stale(self.process.pid)

    def result(self):
        try:
            written = json.loads((self.folder / "result.json").read_text())
        except (OSError, ValueError):
            last = (self.folder / "steps.log").read_text().strip().splitlines()[-1:]
            written = {"failure": f"the scenario's process died: {last}", "judged": 0,
                       "skipped": 0, "peerFault": False}
        written["failure"] = verdict(self.scenario, written)
        return written


def verdict(scenario, written):
    """What is wrong, in one sentence, or nothing: a scenario passes with everything judged only,
    and one with a fault in it passes only by failing in the right way."""
    failure = written["failure"]
    counted = written["judged"] + written["skipped"]
    if not failure and (written["judged"] == 0 or counted != scenario.declared):
        failure = f"only {counted} of {scenario.declared} expectations judged"
    if scenario.fault is None:
        return failure
    return "" if re.search(scenario.fault, failure) else f"the fault went unnoticed: {failure!r}"


class Runner:
    def __init__(self, arguments, chosen):
        self._arguments = arguments
        self._waiting = [(one, 1) for one in chosen if one.reference or not arguments.reference]
        self._left_out = [one.name for one in chosen if arguments.reference and not one.reference]
        self._running = []
        self._rows = []
        self._folder = make_folder()

    def run(self):
        began = time.monotonic()
        sweep_stale()
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
        try:
            while self._waiting or self._running:
                while self._waiting and len(self._running) < self._arguments.jobs:
                    self._start(*self._waiting.pop(0))
                for run in [one for one in self._running if one.finished()]:
                    self._running.remove(run)
                    self._finish(run)
                time.sleep(0.1)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130
        finally:
            for run in self._running:
                run.process.terminate()
            for run in self._running:
                run.stop()
            if not self._arguments.keep and not any(row[1] == FAILED for row in self._rows):
                remove(self._folder)
        return self._conclude(time.monotonic() - began)

    def _start(self, scenario, attempt):
        folder = self._folder / (scenario.name if attempt == 1 else f"{scenario.name}-again")
        self._running.append(Run(scenario, folder, attempt, self._arguments))
        if self._arguments.hold:
            print(f"{scenario.name}: see {folder}/steps.log; commands for a guest: Interop/shell "
                  f"{folder}/GUEST COMMAND", flush=True)

    def _finish(self, run):
        result = run.result()
        if result["failure"] and result["peerFault"] and run.attempt == 1:
            print(f"again   {run.scenario.name}: xl2tpd tripped over its own call set-up",
                  flush=True)
            self._waiting.insert(0, (run.scenario, 2))
            return
        outcome = FAILED if result["failure"] else PASSED
        counts = f"{result['judged']} of {run.scenario.declared}"
        self._rows.append((run.scenario.name, outcome, counts, f"{run.seconds:.1f}"))
        print(f"{outcome}  {run.scenario.name} ({counts} expectations, {run.seconds:.1f} s)",
              flush=True)
        if result["failure"]:
            print(f"        {result['failure']}\n        kept in {run.folder}", flush=True)
            print_tails(run.folder)
        elif not self._arguments.keep:
            remove(run.folder)

    def _conclude(self, seconds):
        print()
        widths = [max(len(row[column]) for row in self._rows or [("",) * 4]) for column in range(4)]
        for row in sorted(self._rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        for name in self._left_out:
            print(f"{name}: not run, its rules are our product's own")
        failed = sum(row[1] == FAILED for row in self._rows)
        if failed or self._arguments.keep:
            print(f"logs and captures: {self._folder}")
        print(f"in {seconds:.0f} s")
        print(f"{len(self._rows) - failed} passed, {failed} failed")
        return 1 if failed or not self._rows else 0


def print_tails(folder):
    """The ends of the logs, for where the folder cannot be looked at afterwards."""
    for pattern in LOG_TAILS:
        for path in sorted(folder.glob(pattern)):
            with contextlib.suppress(OSError):
                lines = path.read_text(errors="replace").splitlines()[-12:]
                print("\n".join([f"        --- {path.relative_to(folder)}",
                                 *(f"        {line}" for line in lines)]), flush=True)
