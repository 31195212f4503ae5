#!/usr/bin/env python3
"""TCP through one tunnel at a time, between two namespaces of this machine; prints JSON.

    Scripts/bench.d/tcp.py [--quick]

    client 198.18.0.1 ──── one cable ──── 198.18.0.2 gateway
           └─────────────── tunnel ───────────────┘

Both ends of the tunnel and of the transfer share this machine's cores. All tunnels are up at once
and are measured in turn, several rounds: what disturbs the machine meets them all. Whatever cannot
be measured here says why.
"""

import contextlib
import glob
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time

import tunnels
from tunnels import LabError, Pair, sh
from lab.workspace import Workspace, make_folder, remove, sweep_stale

SUBJECTS = {
    "drawbridge-gcm": tunnels.drawbridge("aes128gcm16"),
    "drawbridge-cbc": tunnels.drawbridge("aes128-sha1"),
    "cable": tunnels.cable,
    "socat": tunnels.socat,
    "strongswan-gcm": tunnels.strongswan("aes128gcm16"),
    "strongswan-cbc": tunnels.strongswan("aes128-sha1"),
    "wireguard-go": tunnels.wireguard_go,
    "softether": tunnels.softether,
}
DIRECTIONS = {"toGateway": [], "toClient": ["-R"]}
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(processes):
    """What the processes and their children have used so far, all threads."""
    sessions, total = {process.pid for process in processes}, 0
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
            if int(fields[3]) in sessions:
                total += int(fields[11]) + int(fields[12])
    return total / TICKS


class Subject:
    """One tunnel and what was measured of it."""

    def __init__(self, name, pair, make):
        self.name, self._pair, self._inside = name, pair, None
        self.problem = None
        self._samples = {}
        try:
            self._inside = make(pair)
            self._ping(count=3)
        except (LabError, OSError, subprocess.SubprocessError) as error:
            self.problem = " ".join(str(error).split())[:200]

    def measure(self, seconds):
        if self.problem:
            return
        try:
            self._note("roundTrip", self._ping(count=200))
            for direction, options in DIRECTIONS.items():
                self._transfer(direction, options, seconds)
        except (LabError, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            self.problem = " ".join(str(error).split())[:200]

    def result(self):
        """Medians; for transfers Gb/s, and core-seconds of both ends for each GB."""
        medians = {key: statistics.median_low(values) for key, values in self._samples.items()}
        return {"name": self.name, "problem": self.problem, **({} if self.problem else medians)}

    def _note(self, key, value):
        self._samples.setdefault(key, []).append(value)

    def _ping(self, count):
        """The mean round trip in microseconds."""
        inside = self._inside
        text = self._pair.run(self._pair.client, "ping", "-n", "-q", "-c", count, "-i", "0.005",
                              "-W", "2", "-I", inside.source, inside.target)
        return float(re.search(r"= [\d.]+/([\d.]+)/", text)[1]) * 1000

    def _transfer(self, direction, options, seconds):
        inside = self._inside
        began, cpu = time.monotonic(), cpu_seconds(inside.processes)
        text = self._pair.run(
            self._pair.client, "iperf3", "-J", "-c", inside.target, "-B", inside.source, "-t",
            seconds, "-O", 1, "--connect-timeout", 5000, *options, seconds=seconds + 20)
        cpu = (cpu_seconds(inside.processes) - cpu) / (time.monotonic() - began)
        gigabits = json.loads(text)["end"]["sum_received"]["bits_per_second"] / 1e9
        self._note(direction, gigabits)
        if inside.processes:
            self._note(f"{direction}CPU", cpu / (gigabits / 8))


def main():
    is_quick = "--quick" in sys.argv[1:]
    seconds, rounds = (2, 1) if is_quick else (3, 3)
    if os.getuid() != 0:
        problem = "needs root, to make network namespaces"
        print(json.dumps([{"name": name, "problem": problem} for name in SUBJECTS]))
        return
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sweep_stale()
    workspace = Workspace(make_folder())
    try:
        subjects = [Subject(name, Pair(workspace, number), make)
                    for number, (name, make) in enumerate(SUBJECTS.items())]
        for _ in range(rounds):
            for subject in subjects:
                subject.measure(seconds)
        print(json.dumps([subject.result() for subject in subjects], indent=1))
    finally:
        workspace.close()
        remove(workspace.folder)


main()
