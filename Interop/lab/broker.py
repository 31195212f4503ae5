"""A stand-in for a broker: it tells a gateway who may reach whom, and nothing else.

As a host of a scenario it has the verbs `grant` and `revoke`. As a program, started in the
gateway's namespace, it serves the gateway's stream (`GET /v1/gateway/stream`): every change that
stands in a file of the scenario's folder, a line each, and lines that are added as they come.
"""

import http.server
import json
import pathlib
import sys
import time

from .workspace import LabError, until

# Where gateway.yaml looks for it: `url: http://127.0.0.1:8443`.
ADDRESS = ("127.0.0.1", 8443)
PAUSE_SECONDS = 0.05
# Lines with a colon alone are signs of life; a gateway wants one within 45 s.
PAUSES_PER_HEARTBEAT = 100
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from lab import broker; broker.serve()"


class Broker:
    verbs = {"grant", "revoke"}
    provides = frozenset()

    def __init__(self, workspace, namespace):
        self._workspace, self._namespace = workspace, namespace
        self._changes = workspace.folder / "broker.changes"
        self._grants = {}
        self._number = 0

    def start(self):
        self._say({"all": {"grants": []}})
        ready = self._workspace.folder / "broker.ready"
        self._workspace.spawn(
            [sys.executable, "-B", "-c", PROGRAM, pathlib.Path(__file__).resolve().parent.parent,
             self._changes, ready],
            self._workspace.folder / "broker.log", self._namespace)
        if not until(ready.exists, 10):
            raise LabError("the broker did not start")

    def ready(self):
        """It was when it had started."""

    def perform(self, verb, options):
        getattr(self, verb)(**options)

    def facts(self, expectations):
        return {}

    def grant(self, operator, device, address):
        self._number += 1
        connection = f"c-{self._number:016}"
        self._grants[operator, device] = connection
        self._say({"granted": {"grant": {
            "connection": connection, "operatorUser": operator, "deviceUser": device,
            "deviceAddress": address}}})

    def revoke(self, operator, device):
        self._say({"revoked": {"connection": self._grants.pop((operator, device))}})

    def peer_fault(self):
        return False

    def post_mortem(self):
        """What it said stands in `broker.changes`."""

    def _say(self, change):
        with open(self._changes, "a") as file:
            file.write(json.dumps(change) + "\n")


class Stream(http.server.BaseHTTPRequestHandler):
    """A gateway's stream; every other request is refused."""

    def do_GET(self):
        if self.path != "/v1/gateway/stream":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        pauses = 0
        with open(self.server.changes) as changes:
            while True:
                if line := changes.readline():
                    self._write(f"event: change\ndata: {line.strip()}\n\n")
                    continue
                if pauses % PAUSES_PER_HEARTBEAT == 0:
                    self._write(":\n\n")
                pauses += 1
                time.sleep(PAUSE_SECONDS)

    def _write(self, text):
        self.wfile.write(text.encode())


def serve():
    """The program. Its arguments: Interop/, the file of changes, the file that says ready."""
    server = http.server.ThreadingHTTPServer(ADDRESS, Stream)
    server.changes = sys.argv[2]
    pathlib.Path(sys.argv[3]).touch()
    server.serve_forever()
