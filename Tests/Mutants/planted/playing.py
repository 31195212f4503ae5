"""Playing one fault: the tests named for it run with the fault switched on."""

import contextlib
import ctypes
import dataclasses
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time

from .copy import VARIABLE

# A fault may make a program fill the memory or run for ever; both count as noticed.
MEMORY_BYTES_MAX = 8 << 30
SECONDS_MIN, SECONDS_MAX, TIMES_MAX = 30, 300, 8
PROGRAM = ".build/debug/drawbridgePackageTests.xctest"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FAILED_TEST = re.compile(r"[✘×] Test (?!run)(.+?) (?:recorded an issue|failed)")
PR_SET_PDEATHSIG = 1  # prctl(2)
LIBC = ctypes.CDLL(None)
COUNT = re.compile(r"Test run with (\d+) tests?")


@dataclasses.dataclass
class Outcome:
    """What one run said: nothing noticed, or by what, and how long it took."""

    noticed_by: str
    seconds: float
    tests: int = 0


def commands(fault):
    """What is run for a fault, as (name, words): tests first, because they are quick."""
    if fault.tests:
        yield fault.tests, [
            PROGRAM, "--testing-library", "swift-testing", "--filter", fault.tests]
    if fault.service:
        yield f"service {fault.service}", [
            sys.executable, "Tests/Service/run", fault.service, "--jobs", "1"]


def limit(seconds):
    """How long a run may take that takes so long without a fault."""
    return min(SECONDS_MAX, max(SECONDS_MIN, seconds * TIMES_MAX))


def bound():
    """In the child: it has a memory limit, and the kernel ends it when we are killed."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX,) * 2)
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(words, folder, number=None, seconds=SECONDS_MAX):
    """Runs tests until they are over, one fails, or the time is."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(
        prefix="mutant-", dir="/tmp", ignore_cleanup_errors=True) as scratch:
        # A database that root starts runs as another user, who has to come through.
        os.chmod(scratch, 0o755)
        environment = {
            **os.environ, "TMPDIR": scratch, "SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH": "4",
            **({VARIABLE: str(number)} if number is not None else {})}
        with subprocess.Popen(
            words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
            preexec_fn=bound,
        ) as process:
            is_late = threading.Event()
            timer = threading.Timer(seconds, lambda: (is_late.set(), stop(process)))
            timer.start()
            try:
                failed, tests = follow(process)
            finally:
                timer.cancel()
                stop(process)
                end_servers(scratch)
    took = time.monotonic() - began
    if is_late.is_set():
        failed = f"not over after {seconds:.0f} s"
    elif not failed and process.returncode != 0:
        failed = f"ended with {process.returncode}"
    return Outcome(failed, took, tests)


def follow(process):
    """The first failure that the output tells, and how many tests ran."""
    tests = 0
    for line in process.stdout:
        line = COLOUR.sub("", line)
        if found := FAILED_TEST.search(line):
            return found[1], tests
        if line.startswith("FAILED"):
            return " ".join(line.split()[-1:]), tests
        if found := COUNT.search(line):
            tests = int(found[1])
        elif line.startswith("ok "):
            tests += 1
    process.wait()
    return "", tests


def stop(process):
    """Ends a run and what it has started: all of it is one session of ours."""
    try:
        os.killpg(process.pid, signal.SIGTERM if process.poll() is None else signal.SIGKILL)
        process.wait(5)
    except ProcessLookupError:
        pass
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def end_servers(scratch):
    """Ends the databases of a run that was stopped: they are sessions of their own, but their data
    lies in the run's folder, and their command lines name it."""
    deadline = time.monotonic() + 5
    for process in naming(scratch):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGQUIT)
    while naming(scratch) and time.monotonic() < deadline:
        time.sleep(0.1)


def naming(folder):
    """The processes whose command lines name a folder."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if os.fsencode(folder) in path.read_bytes():
                found.append(int(path.parent.name))
    return found
