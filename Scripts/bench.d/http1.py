"""HTTP/1.1 on many non-blocking connections at once, from one thread."""

import selectors
import socket
import ssl
import time

# Each loopback address has some 28,000 ports of its own to connect from.
CONNECTIONS_PER_SOURCE = 20_000


class Loop:
    """Moves every connection on as soon as its socket allows it."""

    def __init__(self):
        self._poll = selectors.EpollSelector()

    def add(self, connection):
        self._poll.register(connection.socket, selectors.EVENT_READ | selectors.EVENT_WRITE,
                            connection)

    def want(self, connection, events):
        self._poll.modify(connection.socket, events, connection)

    def remove(self, connection):
        self._poll.unregister(connection.socket)

    def run(self, is_done, seconds):
        """Until `is_done()`; returns whether that was in time."""
        deadline = time.monotonic() + seconds
        while not is_done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, events in self._poll.select(min(left, 0.5)):
                key.data.move(events)
        return True


class Origin:
    """A server on 127.0.0.1, with or without TLS."""

    def __init__(self, port, is_plain):
        self.address, self.scheme = ("127.0.0.1", port), "http" if is_plain else "https"
        self.context = None
        if not is_plain:
            # Nothing between two ends of one machine; what is measured is not the client.
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE
            self.context.set_alpn_protocols(["http/1.1"])
        self._opened = 0

    def socket(self):
        plain = socket.socket()
        plain.setblocking(False)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        source = f"127.0.1.{1 + self._opened // CONNECTIONS_PER_SOURCE}"
        self._opened += 1
        plain.bind((source, 0))
        plain.connect_ex(self.address)
        return plain


class Connection:
    """One connection; one request at a time, or one that streams for ever."""

    def __init__(self, loop, origin):
        self._loop, self._origin = loop, origin
        self.socket = origin.socket()
        self._handshake = origin.context is not None
        if self._handshake:
            self.socket = origin.context.wrap_socket(
                self.socket, do_handshake_on_connect=False, suppress_ragged_eofs=True,
                server_hostname="localhost")
        self._out, self._in = b"", b""
        self._status, self._left, self._body, self._headers = None, None, b"", {}
        self._done, self._on_data, self._events = None, None, 0
        self.is_open, self.is_closed = False, False
        loop.add(self)

    def request(self, method, path, token=None, body=None, done=None, on_data=None, headers=()):
        """Sends a request.

        `done(status, body)` is called once, with status 0 when the connection broke;
        `on_data(bytes)` for each part of a body that streams.
        """
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        self._done, self._on_data = done, on_data
        self._out += "\r\n".join([*lines, "", ""]).encode() + (body or b"")
        if self.is_closed:
            self._finish(0)
        elif self.is_open:
            self.move(0)

    def close(self):
        if not self.is_closed:
            self.is_closed = True
            self._loop.remove(self)
            self.socket.close()
            self._finish(0)

    def move(self, _):
        wanted = selectors.EVENT_READ
        try:
            if not self._advance():
                return self.close()
            if self._out:
                wanted |= selectors.EVENT_WRITE
        except (BlockingIOError, ssl.SSLWantReadError):
            wanted |= selectors.EVENT_WRITE if self._out and self.is_open else 0
        except ssl.SSLWantWriteError:
            wanted |= selectors.EVENT_WRITE
        except OSError:
            return self.close()
        if not self.is_closed and wanted != self._events:
            self._events = wanted
            self._loop.want(self, wanted)

    def _advance(self):
        """Until the socket blocks; returns whether the other end is still there."""
        if not self.is_open:
            try:
                self.socket.getpeername()
            except OSError as error:
                fault = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if fault:
                    raise OSError(fault, "connect") from error
                raise ssl.SSLWantWriteError from error
            if self._handshake:
                self.socket.do_handshake()
            self.is_open = True
        while True:
            while self._out:
                self._out = self._out[self.socket.send(self._out):]
            data = self.socket.recv(16_384)
            if not data:
                return False
            self._in += data
            while self._in and self._step():
                if self.is_closed:
                    return True

    def _step(self):
        """Takes one part of the answer from what was read; whether there was one."""
        if self._status is None:
            head, found, rest = self._in.partition(b"\r\n\r\n")
            if not found:
                return False
            first, *lines = head.decode("latin-1").split("\r\n")
            self._in, self._status = rest, int(first.split(" ")[1])
            pairs = (line.split(":", 1) for line in lines)
            self._headers = {name.lower(): value.strip() for name, value in pairs}
            self._body = b""
            self._left = None
            if "chunked" not in self._headers.get("transfer-encoding", ""):
                self._left = int(self._headers.get("content-length", "0"))
                self._end_if_whole()
            return True
        if self._left is None:
            return self._take_chunk()
        part, self._in = self._in[:self._left], self._in[self._left:]
        self._body += part
        self._left -= len(part)
        self._end_if_whole()
        return True

    def _take_chunk(self):
        size, found, rest = self._in.partition(b"\r\n")
        length = int(size, 16) if found else 0
        if not found or len(rest) < length + 2:
            return False
        part, self._in = rest[:length], rest[length + 2:]
        if length == 0:
            self._finish(self._status)
        elif self._on_data and self._status == 200:
            self._on_data(part)
        else:
            self._body += part
        return True

    def _end_if_whole(self):
        if self._left == 0:
            self._finish(self._status)

    def _finish(self, status):
        done, self._done, self._status = self._done, None, None
        if done:
            done(status, self._body, self._headers)


class Client:
    """Requests that are waited for, one after another on one connection."""

    def __init__(self, loop, origin, token=None):
        self._loop, self._origin, self.token = loop, origin, token
        self._connection = None

    def ask(self, method, path, body=None, headers=(), seconds=30):
        """Returns status, body and headers; `OSError` when there is no answer."""
        if self._connection is None or self._connection.is_closed:
            self._connection = Connection(self._loop, self._origin)
        answer = []
        self._connection.request(method, path, self.token, body, headers=headers,
                                 done=lambda *parts: answer.extend(parts))
        if not self._loop.run(lambda: answer, seconds) or answer[0] == 0:
            raise OSError(f"no answer to {method} {path}")
        return answer
