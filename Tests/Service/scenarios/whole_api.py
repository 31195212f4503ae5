"""The whole API as its own description has it, asked by schemathesis.

A broker with SQLite and an attached device that does what it is told. Every operation gets hundreds of
requests, right ones and wrong ones, from a fixed seed, state-changing ones included: no answer is a
server's error that is not described, every answer is as described, what the description forbids is
refused and what it allows is taken. Then chains of requests, each with what the one before has made:
connect, look, close; make a token, revoke it. At the end the books are right.
"""

import contextlib
import fcntl
import pathlib
import subprocess
import sys

from harness import books
from harness.broker import Broker, enrol
from harness.device import Device
from harness.neighbours import Neighbours
from harness.programs import ROOT, run

PACKAGE = "schemathesis==4.32.5"
FOLDER = ROOT / ".build-venv"
SEED = "20"
# Requests of each operation; the phase before them makes some hundred more out of every limit.
EXAMPLES, CHAINS = "200", "60"
HARNESS = pathlib.Path(__file__).resolve().parents[1] / "harness"
# Streams never end, so nothing can be said about the end of their answers.
ENDLESS = "/stream$"


def play(folder):
    program = install()
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, "a"))
        admin = broker.admin
        device = stack.enter_context(Device("PBX-1", enrol(admin, "PBX-1"), [broker]))
        reporter = enrol(admin, "PBX-2")
        neighbours = stack.enter_context(Neighbours([broker], watches_ours=False))
        check_credentials(broker)
        check = Check(program, folder, broker)
        check_chains(check, folder, admin, device, neighbours)
        fuzz = ("--phases", "coverage,fuzzing", "-n", EXAMPLES)
        check.run(reporter, *fuzz, "--include-path", "/v1/agent/reports")
        # Ids that were seen in answers are tried, too: the asker's own must not be revoked.
        check.run(admin.token, *fuzz, "--exclude-path-regex", ENDLESS,
                  "--exclude-operation-id", "revokeToken")
        assert admin.ask("GET", "/v1/devices").status == 200
        neighbours.check()
        check.run(admin.token, *fuzz, "--include-operation-id", "revokeToken")
        neighbours.check_untouched()
        assert broker.program.process.poll() is None
        assert broker.api().ask("GET", "/readyz").status == 200


def check_chains(check, folder, admin, device, neighbours):
    """Requests that take what the one before has made; connects go to the device that is there."""
    (folder / "schemathesis.toml").write_text(
        '[[operations]]\ninclude-operation-id = "connect"\nparameters = { productID = "PBX-1" }\n')
    # A connection that is closed can still be looked at, and a key that comes again with another
    # request is refused, as it should be.
    check.run(admin.token, "--phases", "stateful", "-n", CHAINS, "-m", "positive",
              "--exclude-path-regex", ENDLESS,
              "--exclude-operation-id", "tokens", "--exclude-operation-id", "removeDevice",
              but=["use_after_free", "positive_data_acceptance"])
    (folder / "schemathesis.toml").write_text("")
    assert device.made, "no chain has reached the device"
    books.check_at_rest([admin], [device], neighbours=neighbours)


def check_credentials(broker):
    """Whatever is described to need a credential does."""
    described = broker.api().call("GET", "/openapi.json")
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if operation["security"]:
                where = path.format(productID="PBX-1", id="c-0000000000000000")
                answer = broker.api().ask(method.upper(), where)
                assert answer.status == 401, (method, path, answer.status)


class Check:
    """Runs schemathesis against the broker."""

    def __init__(self, program, folder, broker):
        self.program, self.folder, self.broker = program, folder, broker

    def run(self, token, *more, but=()):
        arguments = [
            self.program, "--config-file", str(self.folder / "schemathesis.toml"), "run",
            f"{self.broker.url}/openapi.json", "-H", f"Authorization: Bearer {token}",
            "-H", f"Origin: {self.broker.url}", "--checks", "all", "--seed", SEED, "--no-shrink",
            # Bad credentials are slowed down after the first ones: check_credentials does it.
            "--exclude-checks", ",".join(["ignored_auth", *but]),
            # No text of the API has a NUL; that is refused before anything else is looked at.
            "--generation-allow-x00", "false", "--continue-on-failure", "--generation-database", "none", "--request-timeout", "30",
            "--warnings", "off", "--no-color", *more]
        code, text = run(arguments, 300, {
            "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HARNESS),
            "PYTHONDONTWRITEBYTECODE": "1"})
        assert code == 0, text
        print(next(line for line in text.splitlines() if "generated" in line).strip())


def install():
    """From PyPI, into a folder that stays."""
    place, mark = FOLDER / "schemathesis", FOLDER / "installed"
    FOLDER.mkdir(exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != PACKAGE:
            for command in (
                    [sys.executable, "-m", "venv", "--clear", str(place)],
                    [f"{place}/bin/pip", "install", "--quiet", PACKAGE]):
                subprocess.run(command, check=True)
            mark.write_text(PACKAGE)
    return f"{place}/bin/schemathesis"
