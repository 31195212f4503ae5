"""Processes of our own: their output is kept, and they are ended by their id."""

import os
import pathlib
import signal
import subprocess
import threading

from .waiting import SECONDS, Noticed, NotSeen

ROOT = pathlib.Path(__file__).resolve().parents[3]


def drawbridge():
    """The program that is tested."""
    path = pathlib.Path(os.environ.get("DRAWBRIDGE", ROOT / ".build/debug/drawbridge"))
    if not os.access(path, os.X_OK):
        raise SystemExit(f"{path} is missing: swift build --product drawbridge")
    return str(path)


class Program:
    """A running process; ``text`` is all that it has written."""

    def __init__(self, arguments, name, environment=None, folder=None):
        self.name, self.arguments = name, arguments
        self._noticed, self._lines, self._has_ended = Noticed(), [], False
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", cwd=folder, env={**os.environ, **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _read(self):
        with self.process.stdout as output:
            for line in output:
                self._noticed.change(lambda said=line: self._lines.append(said))
        self._noticed.change(lambda: setattr(self, "_has_ended", True))

    @property
    def pid(self):
        return self.process.pid

    @property
    def text(self):
        return "".join(self._lines)

    def line(self, part, seconds=SECONDS):
        """The first line that contains ``part``."""

        def find():
            return next((line for line in self._lines if part in line), None)

        self._noticed.until(
            lambda: find() or self._has_ended,
            lambda: f"{self.name} says “{part}”; it said:\n{self.text}", seconds)
        found = find()
        if not found:
            raise NotSeen(f"{self.name} ended without “{part}”; it said:\n{self.text}")
        return found

    def send(self, number):
        if self.process.poll() is None:
            os.kill(self.process.pid, number)

    def kill(self):
        """What a crash or a power cut does to it."""
        self.send(signal.SIGKILL)
        self._reap()

    def stop(self, number=signal.SIGTERM):
        self.send(signal.SIGCONT)
        self.send(number)
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
        self._reap()

    def _reap(self):
        self.process.wait(SECONDS)
        self._reader.join(SECONDS)

    @property
    def memory_bytes(self):
        """Resident memory now."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024


def run(arguments, seconds=60, environment=None):
    """A program from beginning to end: its code and all that it wrote."""
    with Program(arguments, arguments[0], environment) as program:
        code = program.process.wait(seconds)
        program._reap()
        return code, program.text
