#!/usr/bin/env python3
"""What the connection service costs, on `drawbridge broker` over loopback; prints JSON.

    Scripts/bench.d/service.py [--quick] [memory|overhead|crowd …]

Devices and operators are simulated in this process: they answer at once. It shares the machine's
cores with the broker. Whatever cannot be measured says why.
"""

import json
import os
import re
import resource
import signal
import statistics
import sys
import time

from brokers import Broker, LabError, postgresql
from fleet import attach, enrol, idle
from lab.workspace import Workspace, make_folder, remove
from http1 import Connection

KIB = 1024


class Figures:
    def __init__(self):
        self.list = []

    def add(self, name, unit, value, limit=None, says=""):
        self.list.append({"name": name, "unit": unit, "value": value, "limit": limit, "says": says})

    def measure(self, name, body):
        """A part that fails is told in the place of its figures."""
        try:
            body()
        except (LabError, OSError, ValueError, KeyError, AssertionError) as error:
            problem = " ".join(str(error).split())[:200]
            self.list.append({"name": name, "unit": "errors", "problem": problem})


def memory(figures, workspace, count, seconds):
    """Resident memory of attached devices, after heartbeats and reports have run."""
    for scheme, is_plain, limit in ("TLS", False, 24 * KIB), ("plain HTTP", True, None):
        broker = Broker(workspace, f"memory-{scheme[0]}", is_plain)
        devices = enrol(broker.loop, broker.origin, broker.administrator, count)
        time.sleep(2)
        before = broker.resident_bytes
        began, cpu = time.monotonic(), broker.cpu_seconds
        failures = attach(broker.loop, devices)
        attached, attach_cpu = time.monotonic() - began, broker.cpu_seconds - cpu
        if failures:
            raise LabError(f"{failures} of {count} devices did not attach")
        cpu = broker.cpu_seconds
        most = idle(broker.loop, devices, seconds)
        cpu = (broker.cpu_seconds - cpu) / seconds
        errors = [text for one in devices for text in one.errors]
        errors += ["the stream ended" for one in devices if one.epoch is None]
        each = (broker.resident_bytes - before) / count
        figures.add(f"memory of an attached idle device, {scheme}", "B/device", each, limit,
                    f"of {count} devices; {attached:.0f} s and {attach_cpu:.1f} s CPU to attach, "
                    f"then {cpu:.2f} cores")
        figures.add(f"reports and streams that failed, {scheme}", "errors", len(errors), 0,
                    f"in {seconds} s, each device with a report every 30 s, at most {most} at once"
                    + "".join(f"; {text}" for text in errors[:1]))
        for device in devices:
            device.close()
        workspace.end(broker.process)


def timed(body):
    began = time.perf_counter()
    body()
    return time.perf_counter() - began


def sync_seconds(folder):
    """What this disk needs to make 4 KiB last, in the median."""
    with open(folder / "probe", "wb", buffering=0) as file:
        def write():
            file.write(os.urandom(4 * KIB))
            os.fdatasync(file.fileno())
        return statistics.median(timed(write) for _ in range(200))


def overhead(figures, workspace, store, conninfo, count):
    """A connect's time in the broker: all but the device's and the network's."""
    broker = Broker(workspace, f"overhead-{store}", postgresql=conninfo)
    [device] = enrol(broker.loop, broker.origin, broker.administrator, 1)
    if attach(broker.loop, [device]):
        raise LabError("the device did not attach")
    operator = broker.client(broker.administrator)
    operator.ask("GET", "/healthz")

    def ask_as_device():
        answers = []
        broker.loop.run(lambda: not device.is_reporting, 10)
        device.ask("GET", "/healthz", lambda *parts: answers.append(parts))
        broker.loop.run(lambda: answers, 10)

    ask_as_device()
    samples, grosses = [], []
    for number in range(count + 10):
        empty = timed(lambda: operator.ask("GET", "/healthz"))
        ask_as_device()
        device_round_trip = timed(ask_as_device)
        began = time.perf_counter()
        status, body, _ = operator.ask(
            "POST", f"/v1/devices/{device.product}/connections", b"{}")
        gross = time.perf_counter() - began
        if status != 201:
            raise LabError(f"a connect was refused: {body[:200]}")
        if number >= 10:
            turnaround = device.answered_at - device.commanded_at
            samples.append(gross - turnaround - device_round_trip - empty)
            grosses.append(gross)
        status, *_ = operator.ask("DELETE", f"/v1/connections/{json.loads(body)['id']}")
        if status != 200:
            raise LabError(f"a close was refused: {status}")
    sync = sync_seconds(workspace.folder)
    tail = statistics.quantiles(samples, n=20)[18]
    figures.add(f"a connect's time in the broker, {store}", "ms",
                1000 * statistics.median(samples), 5,
                f"{1000 * statistics.median(grosses):.2f} ms with the device and the network, "
                f"{1000 * tail:.2f} ms at 95 %")
    figures.add(f"fdatasync of 4 KiB beside it, {store}", "ms", 1000 * sync)
    if conninfo is None:
        page(figures, broker, 1)
    device.close()
    workspace.end(broker.process)


def crowd(figures, workspace, count):
    """Everybody at once."""
    broker = Broker(workspace, "crowd")
    devices = enrol(broker.loop, broker.origin, broker.administrator, count)
    began = time.monotonic()
    failures = attach(broker.loop, devices, at_once=count)
    took = time.monotonic() - began
    figures.add(f"{count} devices that attach at once: errors", "errors", failures, 0,
                f"in {took:.2f} s")
    lanes = [Connection(broker.loop, broker.origin) for _ in devices]
    broker.loop.run(lambda: all(lane.is_open or lane.is_closed for lane in lanes), 60)
    statuses, times = [], []
    began = time.monotonic()

    def done(status, *_):
        statuses.append(status)
        times.append(time.monotonic() - began)

    for lane, device in zip(lanes, devices):
        lane.request("POST", f"/v1/devices/{device.product}/connections", broker.administrator,
                     b"{}", done)
    broker.loop.run(lambda: len(statuses) == count, 120)
    failures = count - statuses.count(201) + sum(len(device.errors) for device in devices)
    figures.add(f"{count} connects at once: errors", "errors", failures, 0)
    figures.add(f"{count} connects at once: all answered", "s", max(times, default=0), None,
                f"half of them after {statistics.median(times):.2f} s" if times else "")
    page(figures, broker, count)
    for one in [*lanes, *devices]:
        one.close()
    workspace.end(broker.process)


def page(figures, broker, count):
    """What a browser loads for the console's first page: the page, its styles, its modules."""
    client = broker.client()
    status, _, headers = client.ask(
        "POST", "/console/session", json.dumps({"token": broker.administrator}).encode(),
        [f"Origin: {broker.origin.scheme}://localhost"])
    if status != 200:
        raise LabError(f"no session of the console: {status}")
    cookie = f"Cookie: {headers['set-cookie'].split(';')[0]}"
    weights, wanted = {}, ["/console/"]
    while wanted:
        path = wanted.pop()
        if path in weights:
            continue
        status, body, _ = client.ask("GET", path, headers=[cookie])
        if status != 200:
            raise LabError(f"{path}: {status}")
        weights[path] = len(body)
        text = body.decode()
        links = re.findall(r"""<(?:link|script|img)\b[^>]*?(?:href|src)=["']?([^"' >]+)""", text)
        links += re.findall(r"""(?m)(?:\bfrom|^import)\s*["'](\.?/[^"']+)["']""", text)
        links += re.findall(r"""@import[^;]*?["']([^"']+)["']""", text)
        for link in links:
            if not re.match(r"\w+:|//", link):
                wanted.append(link if link.startswith("/") else "/console/" + link.lstrip("./"))
    figures.add(f"the console's first page before compression, {count} devices", "B",
                sum(weights.values()), 50 * KIB,
                f"{weights['/console/']} of it HTML, {len(weights)} files")


class Session(Workspace):
    """A workspace whose processes can end before it."""

    def end(self, process):
        from lab.workspace import end
        end(process)


def main():
    arguments = sys.argv[1:]
    is_quick = "--quick" in arguments
    parts = [one for one in arguments if not one.startswith("--")]

    def is_wanted(name):
        return not parts or name in parts

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    workspace, figures = Session(make_folder()), Figures()
    try:
        if is_wanted("memory"):
            count, seconds = (1000, 20) if is_quick else (10_000, 75)
            figures.measure("memory of an attached idle device",
                            lambda: memory(figures, workspace, count, seconds))
        if is_wanted("overhead"):
            count = 50 if is_quick else 300
            for store in "SQLite", "PostgreSQL":
                figures.measure(
                    f"a connect's time in the broker, {store}",
                    lambda: overhead(
                        figures, workspace, store,
                        postgresql(workspace) if store == "PostgreSQL" else None, count))
        if is_wanted("crowd"):
            figures.measure("connects at once", lambda: crowd(figures, workspace, 1000))
        print(json.dumps(figures.list, indent=1))
    finally:
        workspace.close()
        remove(workspace.folder)


if __name__ == "__main__":
    main()
