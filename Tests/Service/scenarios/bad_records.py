"""`drawbridge events verify` finds whatever was done to the broker's file of events.

A broker writes a file; each copy of it has one thing wrong: a field that was changed, in the event or
in what is repeated around it; a line that is missing, doubled, swapped with the next, torn, no event
or no text at all; a first line that follows something; nothing at all. Every one of them ends with a
code that is not zero and three plain lines, which name the line. The file itself is good, and so is
what a rotation leaves of it.
"""

import contextlib
import json

from harness.broker import Broker, make_user
from harness.neighbours import Neighbours
from harness.programs import drawbridge, run
from harness.waiting import until

REFUSED, NOT_FOUND = 4, 3
# Everything that stands around an event, but the broker's name, which no hash has.
ENVELOPE = {
    "specversion": "1.1", "id": "77", "source": "elsewhere", "type": "org.drawbridge.token.revoked",
    "time": "2001-01-01T00:00:00.000Z", "subject": "PBX-9", "datacontenttype": "text/plain",
    "organisation": "elsewhere", "actor": "somebody", "previoushash": "0" * 64, "hash": "0" * 64,
}
EVENT = {
    "sequence": 77, "time": "2001-01-01T00:00:00.000Z", "kind": "token.revoked",
    "organisation": "elsewhere", "actor": "somebody", "product": "PBX-9", "code": "forbidden",
    "reason": "requested", "note": "nothing happened", "durationSeconds": 1, "bytes": 1,
    "connection": "c-0000000000000000", "tunnel": "t-0000000000000000",
    "previousHash": "0" * 64, "hash": "0" * 64,
}


def play(folder):
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, "a"))
        neighbours = stack.enter_context(Neighbours([broker]))
        for number in range(5):
            make_user(broker.admin, f"user-{number}")
            neighbours.stir()
        neighbours.check()
        last = int(neighbours.events()[-1]["id"])
        until(lambda: broker.events_file.read_bytes().count(b"\n") >= last, "the file is written")
    lines = broker.events_file.read_bytes().splitlines(keepends=True)
    check = Check(folder / "copy.jsonl")
    check.good(lines, f"{len(lines)} events, 1 to {len(lines)}: the chain is whole")
    check.good(lines[4:], f"{len(lines) - 4} events, 5 to {len(lines)}: the chain is whole")
    check.good(lines[:1], "1 events, 1 to 1: the chain is whole")
    for name, where, parts in broken(lines):
        check.bad(name, parts, where)
    check_unreadable(folder)
    print(f"{check.count} broken files, each found; {len(lines)} events in the good one")


def broken(lines):
    """Every fault: its name, the line that shows it, and the lines of the file."""
    for name, value in ENVELOPE.items():
        yield name, 3, changed(lines, lambda whole: whole.__setitem__(name, value))
    for name, value in EVENT.items():
        yield f"data.{name}", 3, changed(lines, lambda whole: whole["data"].__setitem__(name, value))
    for name in ("note", "actor", "organisation", "hash", "previousHash", "time"):
        yield f"no data.{name}", 3, changed(lines, lambda whole: whole["data"].pop(name, None))
    yield "no data", 3, changed(lines, lambda whole: whole.pop("data"))
    yield "both actors", 3, changed(lines, lambda whole: rename(whole, "somebody"))
    yield "first line is missing", 1, replaced_first(lines)
    yield "a line is missing", 3, lines[:2] + lines[3:]
    yield "two lines are missing", 3, lines[:2] + lines[4:]
    yield "a line is doubled", 4, lines[:3] + lines[2:]
    yield "two lines are swapped", 3, lines[:2] + [lines[3], lines[2]] + lines[4:]
    yield "the first two are swapped", 2, [lines[1], lines[0]] + lines[2:]
    yield "an empty line", 3, lines[:2] + [b"\n"] + lines[2:]
    yield "the last line is torn", len(lines), lines[:-1] + [lines[-1][:60]]
    yield "the last line has no end", len(lines), lines[:-1] + [lines[-1].rstrip(b"\n")]
    yield "the last line is torn and ended", len(lines), lines[:-1] + [lines[-1][:60] + b"\n"]
    yield "two lines in one", 3, lines[:2] + [lines[2].rstrip(b"\n") + lines[3]] + lines[4:]
    yield "a foreign line", 3, lines[:2] + [b"hello\n"] + lines[2:]
    yield "a list", 1, [b"[" + lines[0].rstrip(b"\n") + b"]\n"]
    yield "no event", 1, [b"{}\n"]
    yield "no text", 1, [bytes(range(1, 10)) + b"\xff\xfe\n"]
    # Each of its lines is an event still, but the rest behind the last one is none.
    yield "wide letters", len(lines) + 1, [b"".join(lines).decode().encode("utf-16")]
    yield "a line without end", 1, [b"x" * (3 << 20)]
    yield "nothing", None, []
    yield "nothing but ends of lines", 1, [b"\n\n\n"]
    first = json.loads(lines[0])
    first["previoushash"] = first["data"]["previousHash"] = "1" * 64
    yield "the first line follows something", 1, [written(first)] + lines[1:]


def changed(lines, change, at=2):
    whole = json.loads(lines[at])
    change(whole)
    return lines[:at] + [written(whole)] + lines[at + 1:]


def rename(whole, actor):
    whole["actor"] = whole["data"]["actor"] = actor


def replaced_first(lines):
    """The second line says that it is the first."""
    whole = json.loads(lines[1])
    whole["id"], whole["data"]["sequence"] = "1", 1
    return [written(whole)] + lines[2:]


def written(whole):
    return json.dumps(whole, sort_keys=True, separators=(",", ":")).encode() + b"\n"


class Check:
    """Runs the command on a file that it writes."""

    def __init__(self, path):
        self.path, self.count = path, 0

    def run(self, lines):
        self.path.write_bytes(b"".join(lines))
        return run([drawbridge(), "events", "verify", str(self.path)])

    def good(self, lines, words):
        code, text = self.run(lines)
        assert (code, text.strip()) == (0, words), (code, text)

    def bad(self, name, lines, line):
        code, text = self.run(lines)
        self.count += 1
        assert code == REFUSED, (name, code, text)
        where = f"line {line} of {self.path} breaks the chain: " if line else f"{self.path} has no "
        check_words(text, f"error [refused] {where}", name)


def check_words(text, beginning, name):
    """What happened, the likely cause, the next step: a line each, and nothing else."""
    said = text.splitlines()
    assert len(said) == 3, (name, text)
    assert said[0].startswith(beginning), (name, text)
    assert said[1].startswith("  cause: ") and said[2].startswith("  next:  "), (name, text)


def check_unreadable(folder):
    for path in (folder / "nowhere.jsonl", folder):
        code, text = run([drawbridge(), "events", "verify", str(path)])
        assert code == NOT_FOUND, (path, code, text)
        check_words(text, f"error [notFound] {path} cannot be read", path)
