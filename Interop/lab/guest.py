"""A guest: a whole Linux kernel (User Mode Linux) with its own ESP, L2TP and PPP."""

import itertools
import json
import os
import pathlib
import re
import shlex
import shutil
import signal

from .workspace import LabError, end, until

HERE = pathlib.Path(__file__).resolve().parent.parent
CACHE = HERE / ".cache"
UML = "/usr/bin/linux.uml"
MEMORY = "192M"

# Settings that a scenario may give to a guest, with their names in the guest's scripts.
OPTIONS = {
    "ike": "IKE", "psk": "PSK", "user": "USER_NAME", "password": "PASSWORD",
    "encapsulation": "ENCAPSULATION", "ike-proposals": "IKE_PROPOSALS",
    "esp-proposals": "ESP_PROPOSALS", "ike-lifetime": "IKE_LIFETIME",
    "esp-lifetime": "ESP_LIFETIME", "rekey-margin": "REKEY_MARGIN", "dpd": "DPD",
    "l2tp-port": "L2TP_PORT", "l2tp-secret": "L2TP_SECRET", "l2tp-challenge": "L2TP_CHALLENGE",
    "l2tp-host-name": "L2TP_HOST_NAME", "interface-mtu": "INTERFACE_MTU",
    "initial-contact": "INITIAL_CONTACT", "ppp-auth": "PPP_AUTH", "mtu": "MTU", "mru": "MRU",
    "netem": "NETEM", "route": "ROUTE", "timeout": "TIMEOUT",
}


class Guest:
    """One guest, from `boot` to `power_off`; commands run in it through its job folder."""

    def __init__(self, workspace, name, place, options):
        self._workspace, self.name, self.place = workspace, name, place
        self._options = options
        self._job = workspace.folder / name
        self._numbers = itertools.count()
        self._process = None
        self._failure = ""

    # Starting and ending.

    def boot(self):
        """Starts the guest; `ready` waits for it."""
        if not os.path.exists(UML):
            raise LabError("no User Mode Linux here: run Scripts/setup")
        for part in ("in", "out"):
            (self._job / part).mkdir(parents=True)
        shutil.copytree(HERE / "guest", self._job / "guest")
        settings = {"ADDRESS": self.place.address, "PREFIX": self.place.prefix,
                    "ROUTER": self.place.gateway, "NETEM": self._options.get("netem", "")}
        if self._options.get("ike") == "libreswan":
            settings["LAYER"] = CACHE / "libreswan"
        (self._job / "env").write_text(
            "".join(f"{key}={shlex.quote(str(value))}\n" for key, value in settings.items()))
        self._process = self._workspace.spawn(
            [UML, "rootfstype=hostfs", "rootflags=/", "ro", f"init={self._job}/guest/init.sh",
             f"mem={MEMORY}", "quiet", "con=null", "con0=null,fd:1", "ssl=null", "umid=uml",
             f"uml_dir={self._job}/", f"JOB={self._job}",
             f"vec0:transport=tap,ifname={self.place.interface},depth=128,gro=1"],
            self._job / "console.log", namespace=self.place.router,
            environment={"TMPDIR": "/dev/shm"})
        self._workspace.on_close(self._stop)

    def ready(self, seconds=60):
        status = self._job / "status"

        def written():
            return status.exists() and status.read_text().endswith("\n")
        until(lambda: written() or self._process.poll() is not None, seconds)
        text = status.read_text().strip() if written() else "it did not boot"
        if text != "ready":
            raise LabError(f"guest {self.name}: {text} (see {self._job}/console.log)")

    def power_off(self):
        """A power cut: nothing is said to anybody."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def _stop(self):
        (self._job / "stop").touch()
        until(lambda: self._process.poll() is not None, 3)
        end(self._process)

    # Commands.

    def run(self, command, options=None, seconds=30):
        """Runs a shell command in the guest; returns its status and output."""
        number = next(self._numbers)
        merged = {**self._options, **(options or {})}
        lines = [f"export {OPTIONS[key]}={shlex.quote(str(value))}"
                 for key, value in merged.items() if key in OPTIONS]
        lines += [f"export REMOTE={merged['remote']}"] if "remote" in merged else []
        draft = self._job / "in" / f".{number}"
        draft.write_text("\n".join([*lines, command, ""]))
        draft.rename(self._job / "in" / f"{number}.sh")
        status = self._job / "out" / f"{number}.status"

        def ended():
            return status.exists() and status.read_text().endswith("\n")
        if not until(lambda: ended() or self._process.poll() is not None, seconds):
            return 124, f"no end after {seconds} s"
        if not ended():
            return 255, "the guest is gone"
        return int(status.read_text()), (self._job / "out" / f"{number}.txt").read_text()

    def perform(self, script, verb, options=None, seconds=60):
        """Runs a verb of client.sh or server.sh; raises `LabError` with its output on failure."""
        status, text = self.run(f"bash /job/guest/{script} {verb}", options, seconds)
        if status != 0:
            last = text.strip().splitlines()[-1:] or ["no output"]
            raise LabError(f"{self.name}: {verb}: {last[0]}")

    def facts(self, kinds):
        """What the guest's kernel and daemons know, of the kinds asked for."""
        status, text = self.run(f"perl /job/guest/facts.pl {' '.join(sorted(kinds))}")
        try:
            return json.loads(text)
        except ValueError:
            raise LabError(f"{self.name}: no facts ({status}): {text.strip()}") from None

    def peer_fault(self):
        """A known fault of xl2tpd 1.3.18 that is nobody's here, when its log shows it."""
        log = self._job / "xl2tpd.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return re.search(r"attempting to negotiate ICRP when state != ICRQ", text) is not None
