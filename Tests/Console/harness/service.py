"""The real broker in a process of its own, and its API."""

import hashlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

from .waiting import SECONDS, NotSeen, Noticed


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Refused(Exception):
    """A problem+json answer."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem}")
        self.status = status
        self.problem = problem


class Broker:
    """A broker on a loopback port with its data in a folder that goes with it."""

    def __init__(self, program):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="console-test-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = self.folder / "broker.yaml"
        config.write_text(
            "name: console-test\n"
            f"data: {self.folder}/data\n"
            "log:\n"
            "  level: warning\n"
            "listen:\n"
            "  address: 127.0.0.1\n"
            f"  port: {self.port}\n"
            "  plain: true\n"
        )
        self._command = [program, "broker", "--config", str(config)]
        self._lines = []
        self._noticed = Noticed()
        try:
            self.start()
            self.admin = (self.folder / "data" / "admin.token").read_text().strip()
        except BaseException:
            self.stop()
            raise

    def start(self):
        """Returns when it serves."""
        self._noticed.change(self._lines.clear)
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._noticed.until(self._has_spoken, "the broker is ready")
        if not self.is_ready():
            raise NotSeen("the broker ended: " + "".join(self._lines))

    def halt(self):
        """Ends the process; what it knows stays."""
        self._process.terminate()
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(SECONDS)
        self._process.stderr.close()

    def stop(self):
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def until_ready(self):
        self._noticed.until(self.is_ready, "the broker is back")

    def _read(self):
        for line in self._process.stderr:
            self._noticed.change(lambda said=line: self._lines.append(said))
        self._noticed.change(lambda: self._lines.append("(end)\n"))

    def is_ready(self):
        return any("broker ready on" in line for line in self._lines) and not self._has_ended()

    def _has_ended(self):
        return "(end)\n" in self._lines

    def _has_spoken(self):
        return self.is_ready() or self._has_ended()

    @property
    def log(self):
        return "".join(self._lines)

    def ask(self, method, path, body=None, token=None, headers=None):
        """The answer's status, headers and bytes, whatever they are."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=70)
        try:
            fields = dict(headers or {})
            if token:
                fields["Authorization"] = f"Bearer {token}"
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
                fields["Content-Type"] = "application/json"
            connection.request(method, path, body, fields)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def call(self, method, path, body=None, token=None, headers=None):
        """The answer's JSON; a refusal is raised."""
        status, _, data = self.ask(method, path, body, token or self.admin, headers)
        answer = json.loads(data) if data else None
        if status >= 300:
            raise Refused(status, answer)
        return answer

    def make_user(self, user, role):
        return self.call("POST", "/v1/tokens", {"user": user, "role": role})["token"]

    def found(self, organisation):
        """The first administrator's token of a new organisation: no request makes one."""
        token = "dbt_" + hashlib.sha256(os.urandom(32)).hexdigest()[:43]
        store = sqlite3.connect(self.folder / "data" / "broker.sqlite", timeout=SECONDS)
        with store:
            store.execute(
                "INSERT INTO tokens (id, hash, organisation, user_name, role, created_at)"
                " VALUES (?, ?, ?, 'admin', 'admin', ?)",
                ("k-" + os.urandom(8).hex(), hashlib.sha256(token.encode()).digest(), organisation,
                 int(time.time() * 1000)))
        store.close()
        return token

    def enrol(self, product, name, admin=None):
        """The token of a new device."""
        code = self.call(
            "POST", "/v1/enrolments", {"productID": product, "name": name}, admin)["code"]
        return self.call("POST", "/v1/enrol", {"code": code})["token"]
