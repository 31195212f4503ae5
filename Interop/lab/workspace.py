"""What a scenario makes on this machine, and how all of it goes away again."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

PREFIX = "db"


class LabError(Exception):
    """The laboratory itself failed: a sentence for people."""


def sh(*arguments, check=True, stdin=None, seconds=20):
    """Runs a command to its end and returns its output."""
    done = subprocess.run(
        [str(a) for a in arguments], input=stdin, text=True, timeout=seconds,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if check and done.returncode != 0:
        raise LabError(f"{' '.join(map(str, arguments))}: {done.stdout.strip()}")
    return done.stdout


def until(condition, seconds, pause=0.05):
    """Waits until the condition holds; returns whether it did in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def make_folder():
    """A new folder in /tmp: short, because UML keeps a UNIX socket in it."""
    return pathlib.Path(tempfile.mkdtemp(prefix=f"{PREFIX}-interop-", dir="/tmp"))


class Workspace:
    """Namespaces and processes named after one owner, all removed by `close`.

    Processes get KILL from the kernel when the owner dies, and the next run sweeps the namespaces
    of owners that are gone, so not even `kill -9` leaves anything for long.
    """

    def __init__(self, folder):
        self.folder = folder
        self._stack = contextlib.ExitStack()
        folder.mkdir(parents=True, exist_ok=True)

    def namespace(self, role):
        name = f"{PREFIX}-{os.getpid()}-{role}"
        sh("ip", "netns", "add", name)
        self._stack.callback(sh, "ip", "netns", "del", name, check=False)
        sh("ip", "-n", name, "link", "set", "lo", "up")
        sh("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.ip_forward=1",
           "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
           "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.default.accept_dad=0")
        return name

    def spawn(self, arguments, log, namespace=None, environment=None):
        """Starts a process in a session of its own; `close` ends its whole group."""
        inside = ["ip", "netns", "exec", namespace] if namespace else []
        with open(log, "ab") as output:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *inside, *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, env={**os.environ, **(environment or {})})
        self._stack.callback(end, process)
        return process

    def on_close(self, function, *arguments):
        self._stack.callback(function, *arguments)

    def close(self):
        self._stack.close()


def end(process, seconds=3):
    """TERM to the process group, KILL after a while."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def sweep_stale(owner=None):
    """Removes namespaces whose owner (or the owner named) is gone."""
    for line in sh("ip", "netns", "list", check=False).splitlines():
        match = re.match(rf"({PREFIX}-(\d+)-\S+)", line)
        if not match:
            continue
        if match[2] == str(owner) or not os.path.exists(f"/proc/{match[2]}"):
            for pid in sh("ip", "netns", "pids", match[1], check=False).split():
                with contextlib.suppress(ProcessLookupError, ValueError):
                    os.kill(int(pid), signal.SIGKILL)
            sh("ip", "netns", "del", match[1], check=False)


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
