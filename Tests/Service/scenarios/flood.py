"""A thousand connects at once, on a hundred devices, and two hundred too many.

Every one of the thousand stands; the others get `connectionLimit`, or `overloaded` with a time to
come back. The broker's memory stays within bounds, its books are those of the devices, and everything
is closed again.
"""

import asyncio
import collections
import contextlib
import json

from harness import books
from harness.broker import ORDER, Broker, enrol, make_user
from harness.device import Device
from harness.neighbours import Neighbours
from harness.waiting import until

DEVICES, EACH, TOO_MANY = 100, 10, 200
GROWTH_BYTES_MAX = 128 << 20


def play(folder):
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, "a"))
        token = make_user(broker.admin, "anna")
        anna = broker.api(token)
        devices = [
            Device(name, enrol(broker.admin, name), [broker], f"10.99.{number}.1")
            for number, name in enumerate(f"PBX-{number}" for number in range(DEVICES))]
        for device in devices:
            stack.enter_context(device)
        neighbours = stack.enter_context(Neighbours([broker], watches_ours=False))
        before = broker.program.memory_bytes
        answers = ask_at_once(broker, token, [one.product for one in devices] * EACH)
        counted = collections.Counter(status for status, _ in answers)
        assert counted == {201: DEVICES * EACH}, (counted, answers[:3])
        assert len({answer["id"] for _, answer in answers}) == DEVICES * EACH

        refused = ask_at_once(
            broker, token, [devices[number % DEVICES].product for number in range(TOO_MANY)])
        codes = collections.Counter((status, answer["code"]) for status, answer in refused)
        assert set(codes) <= {(409, "connectionLimit"), (429, "overloaded")}, codes
        growth = broker.program.memory_bytes - before
        assert growth < GROWTH_BYTES_MAX, f"{growth >> 20} MiB more than before"

        books.check_at_rest([broker.admin], devices, neighbours=neighbours)
        for device in devices:
            assert anna.ask("DELETE", f"/v1/devices/{device.product}/connections").status == 202
        until(lambda: not any(device.live for device in devices), "everything is closed")
        books.check_at_rest([broker.admin], devices, neighbours=neighbours)
        assert all(device.tunnels_made == 1 for device in devices), "one tunnel a device"
        neighbours.check()
        print(f"{DEVICES * EACH} connects, {growth >> 20} MiB of memory more")


def ask_at_once(broker, token, products):
    """One connect for each, all sent before the first answer is read: status and JSON."""
    body = json.dumps(ORDER)

    async def ask(product, may_send):
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
        await may_send.wait()
        writer.write((
            f"POST /v1/devices/{product}/connections HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        head, _, content = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        return int(head.split()[1]), json.loads(content)

    async def ask_all():
        may_send = asyncio.Event()
        asking = [asyncio.ensure_future(ask(product, may_send)) for product in products]
        may_send.set()
        return await asyncio.wait_for(asyncio.gather(*asking), 70)

    return asyncio.run(ask_all())
