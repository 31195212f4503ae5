"""Traffic through a tunnel, and what came of it."""

import json
import re
import time

# How often a busy server is asked again, and after how long.
BUSY_TRIES, BUSY_SECONDS = 40, 0.5


def ping(run, target, count, interval, size=56, df=None):
    """`run` executes a command on the sending host and returns (status, output).

    `df` forbids every router to fragment the echo requests, or allows it; else the kernel decides.
    """
    command = f"ping -n -q -c {count} -i {interval} -s {size} -W 2 {target}"
    command += {None: "", True: " -M do", False: " -M dont"}[df]
    _, text = run(command, count * interval + 20)
    match = re.search(r"(\d+) packets transmitted, (\d+) received", text)
    if not match:
        return {"sent": 0, "received": 0, "lost": count, "error": text.strip()[-200:]}
    sent, received = int(match[1]), int(match[2])
    return {"sent": sent, "received": received, "lost": sent - received}


def transfer(run, target, megabytes, reverse=False):
    """Bulk TCP against an iperf3 server; `reverse` has the server send.

    A server takes the next transfer only when it is done with the last one, which it may be a moment
    after the client.
    """
    command = f"iperf3 -c {target} -n {megabytes}M -J --connect-timeout 5000"
    for _ in range(BUSY_TRIES):
        _, text = run(command + (" -R" if reverse else ""), 60)
        if "server is busy" not in text:
            break
        time.sleep(BUSY_SECONDS)
    try:
        total = json.loads(text)["end"]["sum_received"]
        return {"bytes": int(total["bytes"]), "megabits": round(total["bits_per_second"] / 1e6)}
    except (ValueError, KeyError):
        error = text.strip()[-200:]
        print(f"transfer to {target}: {error}")   # for steps.log
        return {"bytes": 0, "megabits": 0, "error": error}
