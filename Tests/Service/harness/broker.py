"""The real broker in a process of its own."""

import pathlib
import socket

from .api import API
from .programs import Program, drawbridge

ORDER = {"parameters": {"credentials": {"named": {"_0": "default"}}}}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """A broker on a loopback port, which it keeps when it is started again."""

    def __init__(self, folder, name="a", conninfo=None, is_tls=False, level="warning", more=""):
        self.name, self.is_tls, self.port = name, is_tls, free_port()
        self.conninfo = conninfo
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.events_file = self.folder / "events.jsonl"
        self.database = self.folder / "data" / "broker.sqlite"
        self.url = f"http{'s' if is_tls else ''}://127.0.0.1:{self.port}"
        self._file = self.folder / "broker.yaml"
        # The connection string may hold a password: it is named, not written out.
        secret = self.folder / "postgresql.secret"
        secret.write_text(conninfo or "")
        secret.chmod(0o600)
        store = f"store: {{postgresql: \"file:{secret}\"}}\n" if conninfo else ""
        self._file.write_text(
            f"name: {name}\ndata: {self.folder}/data\n{store}"
            f"listen: {{address: 127.0.0.1, port: {self.port}, plain: {str(not is_tls).lower()}}}\n"
            f"events: {{file: {self.events_file}}}\nlog: {{level: {level}}}\n{more}")
        self._former_text, self.program = "", None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.program = Program(
            [drawbridge(), "broker", "--config", str(self._file)], f"broker {self.name}")
        try:
            self.program.line("broker ready on")
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self._end(lambda program: program.stop())

    def kill(self):
        self._end(lambda program: program.kill())

    def _end(self, how):
        if self.program:
            how(self.program)
            self._former_text += self.program.text
            self.program = None

    @property
    def is_running(self):
        return self.program is not None

    @property
    def text(self):
        return self._former_text + (self.program.text if self.program else "")

    @property
    def fingerprint(self):
        return self.program.line("SHA-256: ").split()[-1]

    @property
    def admin_token(self):
        """Only where the first start of the store was."""
        return (self.folder / "data" / "admin.token").read_text().strip()

    def api(self, token=None):
        return API(self.port, token, self.is_tls)

    @property
    def admin(self):
        return self.api(self.admin_token)


def make_user(admin, user, role="operator", **more):
    return admin.call("POST", "/v1/tokens", {"user": user, "role": role, **more})["token"]


def enrol(admin, product):
    """The token of a new device."""
    code = admin.call("POST", "/v1/enrolments", {"productID": product, "name": product})["code"]
    return API(admin.port, None, admin.is_tls).call("POST", "/v1/enrol", {"code": code})["token"]
