"""Brokers, and the PostgreSQL that some of them keep their books in."""

import os
import pathlib
import pwd
import re
import socket
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Interop"))

from lab.workspace import LabError, sh, until  # noqa: E402
from http1 import Client, Loop, Origin  # noqa: E402

POSTGRESQL = pathlib.Path("/usr/lib/postgresql/15/bin")

BROKER_FILE = """
listen: {port: %(port)d, plain: %(plain)s}
data: %(folder)s
log: {level: warning}
limits: {connections: 60000}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """`drawbridge broker` on loopback."""

    def __init__(self, workspace, name, is_plain=False, postgresql=None, environment=None):
        self.folder = workspace.folder / name
        self.folder.mkdir(mode=0o700)
        port = free_port()
        text = BROKER_FILE % {"port": port, "plain": str(is_plain).lower(), "folder": self.folder}
        if postgresql:
            text += f"store: {{postgresql: \"{postgresql}\"}}\n"
        settings = self.folder / "broker.yaml"
        settings.write_text(text)
        settings.chmod(0o600)
        executable = os.environ.get("DRAWBRIDGE", ROOT / ".build-release/release/drawbridge")
        log = self.folder / "log"
        self.process = workspace.spawn(
            [executable, "broker", "--config", settings], log, environment=environment)
        if not until(lambda: "broker ready" in log.read_text() or self.process.poll(), 30) or (
                self.process.poll() is not None):
            raise LabError(f"broker: {(log.read_text().splitlines() or ['no word'])[-1]}")
        self.loop, self.origin = Loop(), Origin(port, is_plain)
        self.administrator = (self.folder / "admin.token").read_text().strip()

    def client(self, token=None):
        return Client(self.loop, self.origin, token)

    @property
    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return 1024 * int(re.search(r"(?m)^Rss: +(\d+)", status)[1])

    @property
    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def postgresql(workspace):
    """A server of our own, as Debian ships it; returns what a broker needs to find it."""
    if not (POSTGRESQL / "postgres").exists():
        raise LabError("postgresql-15: not installed")
    folder = workspace.folder / "postgresql"
    folder.mkdir()
    user = []
    if os.getuid() == 0:
        # PostgreSQL refuses root.
        other = pwd.getpwnam("postgres")
        os.chown(folder, other.pw_uid, other.pw_gid)
        workspace.folder.chmod(0o711)
        user = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups",
                "--pdeathsig", "KILL", "--"]
    sh(*user, POSTGRESQL / "initdb", "-D", folder / "data", "-U", "drawbridge", "-A", "trust",
       "-E", "UTF8", "--locale=C.UTF-8", seconds=120)
    server = workspace.spawn(
        [*user, POSTGRESQL / "postgres", "-D", folder / "data", "-c", "listen_addresses=",
         "-c", f"unix_socket_directories={folder}"], workspace.folder / "postgresql.log")
    log = workspace.folder / "postgresql.log"
    if not until(lambda: "ready to accept" in log.read_text() or server.poll(), 30):
        raise LabError(f"PostgreSQL: {(log.read_text().splitlines() or ['no word'])[-1]}")
    sh(POSTGRESQL / "createdb", "-h", folder, "-U", "drawbridge", "broker")
    return f"host={folder} user=drawbridge dbname=broker"
