"""The product in both roles, as a host of a scenario: a `drawbridge` process in a namespace."""

import json
import os
import pathlib
import re
import signal
import subprocess

from .hosts import DEFAULTS, Host
from .workspace import LabError, end, sh, until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# The pool of our gateway, and what the guest's server gives out.
POOL = "10.44.0.0/24"
SERVER_POOL = "10.111.0.0/24"

# The other end of dial's tunnel: the first address of the pool.
FIRST = {POOL: "10.44.0.1", SERVER_POOL: "10.111.0.1"}
# What a fresh namespace of ours has, on any kernel.
HOST_INTERFACES = {"lo", "eth0", "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0",
                   "sit0", "ip6tnl0", "ip6gre0"}


class Product(Host):
    """A `drawbridge` process in a namespace, observed through its control socket."""

    def __init__(self, workspace, name, namespace, place):
        super().__init__(name, place)
        self._workspace, self.namespace = workspace, namespace
        self._socket = workspace.folder / f"{name}.sock"
        self._log = workspace.folder / f"{name}.log"
        self._process = None
        self._log_begin = 0
        self.verbs = {**Host.verbs, "stop": "stop", "kill": "kill", "close": "close_first"}
        self.provides = Host.provides | {"isakmp", "ipsec", "l2tp", "ppp", "grants", "log", "exit",
                                         "interfaces"}

    @staticmethod
    def executable():
        path = pathlib.Path(os.environ.get("DRAWBRIDGE", ROOT / ".build/debug/drawbridge"))
        if not path.exists():
            raise LabError(f"{path} does not exist: run `make build`, or set DRAWBRIDGE")
        return path.resolve()

    def launch(self, arguments):
        self._log_begin = self._log.stat().st_size if self._log.exists() else 0
        self._process = self._workspace.spawn(
            [self.executable(), *arguments], self._log, self.namespace)

    def run(self, command, seconds):
        done = subprocess.run(
            ["ip", "netns", "exec", self.namespace, "bash", "-c", command], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False)
        return done.returncode, done.stdout

    def show(self, *words):
        """The records of `drawbridge show WORDS --json`; `None` when there is no answer."""
        done = subprocess.run(
            [self.executable(), "show", *words, "--json", "--socket", self._socket],
            text=True, capture_output=True, timeout=10, check=False)
        return json.loads(done.stdout)["items"] if done.returncode == 0 else None

    def facts(self, expectations):
        facts = super().facts(expectations)
        for one in expectations:
            match = re.match(r"(isakmp|ipsec|l2tp)\.(\w+)", one.fact)
            if match:
                facts.setdefault(match[1], {})[match[2]] = self.show(match[1], match[2])
            elif one.kind in ("ppp", "grants"):
                facts[one.kind] = self.show(one.kind)
        facts["log"] = self.log_text()
        facts["interfaces"] = self.interfaces()
        status = self._process.poll() if self._process else None
        facts["exit"] = "running" if status is None else status
        return facts

    def interfaces(self):
        """The interfaces in the namespace that the product made."""
        # Lines of another form are warnings: that the list changed while it was read, for one.
        names = re.findall(r"(?m)^\d+: ([^:@]+)", sh("ip", "-n", self.namespace, "-o", "link"))
        return [name for name in names if name not in HOST_INTERFACES]

    def log_text(self):
        """What the process that runs now, or ran last, has written."""
        if not self._log.exists():
            return ""
        return self._log.read_bytes()[self._log_begin:].decode(errors="replace")

    def last_words(self):
        """The line that says best why the process ended: a crash's first, else the last."""
        lines = self.log_text().strip().splitlines() or ["no output"]
        return next((line for line in lines if "Fatal error" in line), lines[-1])

    def stop(self):
        end(self._process, seconds=10)

    def kill(self):
        """Nothing is said to anybody."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def close_first(self, what):
        """`drawbridge close` for the first tunnel, session or SA that is not closed."""
        kind = "isakmp" if what == "sa" else "l2tp"
        live = [one for one in self.show(kind, what) or [] if one["state"] != "closed"]
        if not live:
            raise LabError(f"{self.name}: no live {what} to close")
        subprocess.run(
            [self.executable(), "close", what, str(live[0]["id"]), "--socket", self._socket],
            check=True, capture_output=True, timeout=10)

    def configuration(self, template, **values):
        """Fills `${NAME}` in a YAML file and returns the file to use."""
        text = template.read_text()
        for key, value in values.items():
            text = text.replace("${" + key + "}", str(value))
        path = self._workspace.folder / template.name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def post_mortem(self):
        if not self._socket.exists():
            return
        lists = [("isakmp", "exchange"), ("isakmp", "sa"), ("isakmp", "counters"), ("ipsec", "sa"),
                 ("l2tp", "destination"), ("l2tp", "tunnel"), ("l2tp", "session"), ("ppp",)]
        state = {" ".join(words): self.show(*words) for words in lists}
        (self._workspace.folder / f"{self.name}.json").write_text(json.dumps(state, indent=1))


def flags(options):
    """`{idle-timeout = "3s", single-shot = true}` as arguments."""
    arguments = []
    for key, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            arguments += [f"--{key}"] if one is True else [f"--{key}", str(one)]
    return arguments


class Gateway(Product):
    def __init__(self, workspace, network, options, template=None):
        namespace, place = network.attach_namespace("gateway")
        super().__init__(workspace, "gateway", namespace, place)
        self._options, self._template = options, template
        self.verbs |= {"start": "start_again"}

    def start(self):
        self._start_product()
        # For the transfers; it listens on the tunnel's address as soon as there is one.
        self._workspace.spawn(["iperf3", "-s"], self._workspace.folder / "iperf3.log",
                              self.namespace)

    def start_again(self):
        self._start_product()
        self.ready()

    def _start_product(self):
        if self._template:
            path = self.configuration(self._template, ADDRESS=self.place.address, POOL=POOL,
                                      PSK=DEFAULTS["psk"], SOCKET=self._socket)
            self.launch(["gateway", "--config", path])
        else:
            self.launch([
                "gateway", "--listen", self.place.address, "--psk", DEFAULTS["psk"], "--user",
                f"{DEFAULTS['user']}:{DEFAULTS['password']}", "--user", "bob:builder", "--pool",
                POOL, "--socket", self._socket, *flags(self._options)])

    def ready(self):
        until(lambda: self._process.poll() is not None or self.show("l2tp", "tunnel") is not None,
              20, pause=0.2)
        if self._process.poll() is not None or not self._socket.exists():
            raise LabError(f"the gateway did not start: {self.last_words()}")


class Dial(Product):
    """Our client; the scenario's first step starts it."""

    def __init__(self, workspace, name, namespace, place, server, pool, options, template=None):
        super().__init__(workspace, name, namespace, place)
        self._server, self._pool = server, pool
        self._options, self._template = options, template
        # `disconnect` as a guest calls it, so that all clients can do it at once.
        self.verbs |= {"connect": "connect", "disconnect": "stop", "wait": "wait"}
        self.provides |= {"address"}

    def start(self):
        """Nothing before the first step."""

    def ready(self):
        """Nothing before the first step."""

    def connect(self, **changes):
        values = {**DEFAULTS, **changes}
        if self._template:
            path = self.configuration(
                self._template, SERVER=self._server, POOL=self._pool,
                **{key.upper(): value for key, value in values.items()})
            arguments = ["dial", "--config", path]
        else:
            arguments = ["dial", self._server, *flags(values), "--route", self._pool]
        self.launch([*arguments, "--socket", self._socket, *flags(self._options)])
        until(lambda: self._process.poll() is not None or self.address(), 40)
        if not self.address():
            raise LabError(f"dial: not up: {self.last_words()}")

    def wait(self, seconds=30):
        until(lambda: self._process.poll() is not None, seconds)

    def address(self):
        """The VPN address that `dial` printed, if it did."""
        match = re.search(r"(?m)^up ([\d.]+)", self.log_text())
        return match[1] if match else None

    def facts(self, expectations):
        return super().facts(expectations) | {"address": self.address()}

    def tunnel_peer(self):
        return FIRST[self._pool]
