"""The broker's API as any client sees it."""

import contextlib
import http.client
import json
import socket
import ssl
import threading

from .waiting import Noticed


class Refused(Exception):
    """A problem+json answer."""

    def __init__(self, answer):
        super().__init__(f"{answer.status} {answer.body!r}")
        self.status, self.answer = answer.status, answer
        self.code = answer.json.get("code")


class Answer:
    """An answer, whatever it is."""

    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def json(self):
        return json.loads(self.body)


def make_connection(port, is_tls, seconds):
    if not is_tls:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    context = ssl.create_default_context()
    # The certificate is the broker's own; what matters here is what travels inside.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=seconds, context=context)


class API:
    """Asks one broker with one token."""

    def __init__(self, port, token=None, is_tls=False):
        self.port, self.token, self.is_tls = port, token, is_tls

    def ask(self, method, path, body=None, headers=None, seconds=75):
        """One request on a connection of its own. ``body``: JSON, or bytes as they are."""
        fields = dict(headers or {})
        if self.token is not None:
            fields.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
        connection = make_connection(self.port, self.is_tls, seconds)
        with contextlib.closing(connection):
            connection.request(method, path, body, fields)
            response = connection.getresponse()
            return Answer(response, response.read())

    def call(self, method, path, body=None, **more):
        """The answer's JSON; a refusal is raised."""
        answer = self.ask(method, path, body, **more)
        if answer.status >= 300:
            raise Refused(answer)
        return answer.json if answer.body else None

    def connect(self, product, body=None, key=None, is_async=False):
        headers = {"Idempotency-Key": key} if key else {}
        if is_async:
            headers["Prefer"] = "respond-async"
        path = f"/v1/devices/{product}/connections"
        return self.call("POST", path, body or {}, headers=headers)

    def close(self, connection, key=None):
        headers = {"Idempotency-Key": key} if key else {}
        return self.call("DELETE", f"/v1/connections/{connection}", headers=headers)

    def pages(self, path, **query):
        """All items of a list."""
        items, query = [], {"limit": 200, **query}
        while True:
            text = "&".join(f"{name}={value}" for name, value in query.items())
            page = self.call("GET", f"{path}?{text}")
            items += page["items"]
            if not page.get("next"):
                return items
            query["after"] = page["next"]

    def events(self, **query):
        return self.pages("/v1/events", **{"after": 0, **query})


class Stream:
    """Server-sent events of one request, read until either end goes."""

    def __init__(self, api, path, headers=None, seconds=None):
        self._noticed = Noticed()
        self.messages, self.comments, self.has_ended = [], [], False
        self._connection = make_connection(api.port, api.is_tls, seconds)
        self._connection.request("GET", path, headers={
            "Authorization": f"Bearer {api.token}", "Accept": "text/event-stream",
            **(headers or {})})
        self._response = self._connection.getresponse()
        # The socket itself, for a reader cannot be woken by closing its file.
        self._socket = self._response.fp.raw._sock
        if self._response.status != 200:
            raise Refused(Answer(self._response, self._response.read()))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._connection.close()

    def _read(self):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AttributeError):
            message = {}
            while line := self._response.readline().decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if name == "" and value:
                    self._noticed.change(lambda said=value: self.comments.append(said))
                elif name:
                    message[name] = value
                elif message:
                    message["data"] = json.loads(message.get("data", "null"))
                    self._noticed.change(lambda whole=message: self.messages.append(whole))
                    message = {}
        self._noticed.change(lambda: setattr(self, "has_ended", True))

    def until(self, is_wanted, what, **more):
        """The first message that is wanted."""

        def find():
            return next((one for one in self.messages if is_wanted(one)), None)

        return self._noticed.until(find, lambda: f"{what}; there came {self.messages}", **more)

    def event(self, kind, **more):
        """The first event of the kind."""
        return self.until(
            lambda one: one["data"]["type"] == f"org.drawbridge.{kind}", kind, **more)["data"]

    def until_ended(self, **more):
        self._noticed.until(lambda: self.has_ended, "the stream ends", **more)
