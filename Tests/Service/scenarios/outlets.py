"""The file of events is rotated under the broker, and a webhook that fails is tried again.

The file is moved away and SIGHUP sent: what happens afterwards is in a new file, nothing is missing
between the two, and the chain holds over both. A webhook that answers 500 gets the same event again,
before any other; its signature is made anew, and no event is left out.
"""

import contextlib
import http.server
import json
import signal
import threading

from harness.broker import Broker, make_user
from harness.programs import drawbridge, run
from harness.waiting import until

REFUSED = 2


def play(folder):
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, "a"))
        webhook = stack.enter_context(Webhook())
        broker.admin.call("POST", "/v1/webhooks", {"url": webhook.url})
        for number in range(3):
            make_user(broker.admin, f"early-{number}")
        old = rotate(broker)
        for number in range(3):
            make_user(broker.admin, f"late-{number}")
        last = int(broker.admin.call("GET", "/v1/events?limit=1")["items"][0]["id"])
        until(lambda: sequences(broker.events_file)[-1:] == [last], "the new file has the last event")
        both = sequences(old) + sequences(broker.events_file)
        assert sequences(broker.events_file), "nothing is in the new file"
        assert both == list(range(1, last + 1)), both
        whole = folder / "whole.jsonl"
        whole.write_bytes(old.read_bytes() + broker.events_file.read_bytes())
        code, output = run([drawbridge(), "events", "verify", str(whole)])
        assert code == 0 and "the chain is whole" in output, output

        until(lambda: webhook.taken[-1:] == [last], "the webhook has the last event", 30)
        assert webhook.refused == [webhook.taken[0]] * REFUSED, webhook.refused
        assert webhook.taken == list(range(webhook.taken[0], last + 1)), webhook.taken
        assert len(set(webhook.signatures)) == len(webhook.signatures), "a signature came twice"
        print(f"{len(both)} events in two files; {len(webhook.taken)} to the webhook, "
              f"the first of them {REFUSED + 1} times")


def rotate(broker):
    """Moves the file away, and has the broker open a new one."""
    until(lambda: sequences(broker.events_file), "the file has events")
    old = broker.events_file.with_suffix(".1")
    broker.events_file.rename(old)
    broker.program.send(signal.SIGHUP)
    # The new file is there with the first event after the signal was heard; until then events go to
    # the old one.
    counter = iter(range(100))
    until(lambda: make_user(broker.admin, f"between-{next(counter)}")
          and broker.events_file.exists(), "a new file is opened")
    return old


def sequences(path):
    if not path.exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    return [int(json.loads(line)["id"]) for line in lines if line.endswith("\n")]


class Webhook:
    """Refuses the first deliveries, and takes all later ones."""

    def __init__(self):
        self.taken, self.refused, self.signatures = [], [], []
        hook = self

        class Answering(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.signatures.append(self.headers["X-Drawbridge-Signature"])
                is_refused = len(hook.refused) < REFUSED
                (hook.refused if is_refused else hook.taken).append(int(body["id"]))
                self.send_response(500 if is_refused else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
