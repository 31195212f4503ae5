"""The file of events is rotated under the broker, and a webhook that fails is tried again.

The file is moved away and SIGHUP sent: what happens afterwards is in a new file, nothing is missing
between the two, and the chain holds over both. A webhook that answers 500 gets the same event again,
before any other; its signature is made anew, and no event is left out.
"""

import contextlib
import json
import signal

from harness.broker import Broker, make_user
from harness.neighbours import Neighbours
from harness.programs import drawbridge, run
from harness.waiting import until
from harness.webhook import Webhook

REFUSED = 2


def play(folder):
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, "a"))
        neighbours = stack.enter_context(Neighbours([broker]))
        deliveries = Deliveries()
        webhook = stack.enter_context(Webhook(deliveries.answer))
        broker.admin.call("POST", "/v1/webhooks", {"url": webhook.url})
        for number in range(3):
            make_user(broker.admin, f"early-{number}")
            neighbours.stir()
        old = rotate(broker)
        for number in range(3):
            neighbours.stir()
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

        until(lambda: deliveries.taken[-1:] == [last], "the webhook has the last event", 30)
        assert deliveries.refused == [deliveries.taken[0]] * REFUSED, deliveries.refused
        # Every event of ours since then; those of the other organisation lie between them.
        ours = [int(event["id"]) for event in broker.admin.events(after=deliveries.taken[0] - 1)]
        assert deliveries.taken == ours and len(ours) < last - ours[0], deliveries.taken
        assert len(set(deliveries.signatures)) == len(deliveries.signatures), "a signature came twice"
        neighbours.check()
        print(f"{len(both)} events in two files; {len(deliveries.taken)} to the webhook, "
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


class Deliveries:
    """Refuses the first, and takes all later ones."""

    def __init__(self):
        self.taken, self.refused, self.signatures = [], [], []

    def answer(self, headers, body):
        self.signatures.append(headers["X-Drawbridge-Signature"])
        is_refused = len(self.refused) < REFUSED
        (self.refused if is_refused else self.taken).append(int(json.loads(body)["id"]))
        return 500 if is_refused else 204
