"""The real agent loses a real tunnel to a real gateway, by kill -9 and by the gateway's death.

The three programs talk over loopback in a network of their own. Nothing is dialled again by itself;
the agent that starts after the kill tells of exactly one `unexpectedClose`, at the device and at the
broker, also when it is killed again before and after; and what stood on the tunnel has one end. Then
the agent is stopped in order with a tunnel up, which is no accident.
"""

import contextlib

from harness import books
from harness.broker import Broker, make_user
from harness.neighbours import Neighbours
from harness.real_device import PRODUCT, Files, enter_own_network
from harness.waiting import until


def play(folder):
    if not enter_own_network():
        return
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, "a"))
        device = Files(folder, broker)
        anna = broker.api(make_user(broker.admin, "anna"))
        neighbours = stack.enter_context(Neighbours([broker]))
        gateway = stack.enter_context(device.start_gateway())
        agent = device.start_agent(stack)
        until(lambda: is_online(anna), "the device is online")

        first, second = anna.connect(PRODUCT), anna.connect(PRODUCT)
        assert first["vpnAddress"] == second["vpnAddress"], (first, second)
        agent.kill()
        # Killed once more while it tells of what it found, or before.
        device.start_agent(stack, until_ready=False).kill()
        agent = device.start_agent(stack)
        closed = [until(lambda: over(anna, one["id"]), "the connection is over", 60)
                  for one in (first, second)]
        assert len({one["reason"] for one in closed}) == 1, closed
        check_one_loss(anna, device, 1)
        agent.kill()
        agent = device.start_agent(stack)
        until(lambda: is_online(anna), "the device is online")
        check_one_loss(anna, device, 1)

        # Nothing was dialled again; a new connect makes a new tunnel, which the gateway's end cuts.
        assert device.dials() == 1, device.dials()
        third = anna.connect(PRODUCT)
        assert third["tunnel"] != first["tunnel"]
        gateway.stop()
        until(lambda: over(anna, third["id"]), "the third connection is over", 30)
        check_one_loss(anna, device, 2)

        stack.enter_context(device.start_gateway())
        fourth = anna.connect(PRODUCT)
        agent.stop()
        agent = device.start_agent(stack)
        until(lambda: over(anna, fourth["id"]), "the fourth connection is over")
        check_one_loss(anna, device, 2)
        assert device.dials() == 3, "nobody dialled but for a connect"
        records = books.records(broker.admin)
        books.check_chain(neighbours.events())
        books.check_ends(records)
        neighbours.check()


def is_online(api):
    return api.call("GET", f"/v1/devices/{PRODUCT}")["online"]


def over(api, connection):
    view = api.call("GET", f"/v1/connections/{connection}")
    return view if view["phase"] == "closed" else None


def check_one_loss(api, device, losses):
    """As many losses as there were, on both sides, each of a tunnel of its own."""
    def told():
        return api.events(type="tunnel.unexpectedClose")

    until(lambda: len(told()) >= losses, "the broker is told of the loss")
    for lines, name in ((told(), "broker"), (device.losses(), "device")):
        assert len(lines) == losses, (name, lines)
    tunnels = [event["data"]["tunnel"] for event in told()]
    assert len(set(tunnels)) == losses, tunnels
