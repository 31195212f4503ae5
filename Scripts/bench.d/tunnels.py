"""Ways to join two hosts by a tunnel; each takes a `Pair` and returns the `Inside` of its tunnel.

Every tunnel's inner MTU is 1400, every tunnel travels in UDP (SoftEther's in TCP), and all but
`socat` encrypt.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Interop"))

from lab.workspace import LabError, sh, until  # noqa: E402

CLIENT, GATEWAY = "198.18.0.1", "198.18.0.2"
INNER_CLIENT, INNER_GATEWAY = "10.91.0.1", "10.92.0.1"
MTU = 1400


@dataclasses.dataclass
class Inside:
    """The addresses of a tunnel's ends, and the processes that make it."""

    source: str
    target: str
    processes: list = dataclasses.field(default_factory=list)


class Pair:
    """Two hosts on one cable."""

    def __init__(self, workspace, number):
        self._workspace = workspace
        self.folder = workspace.folder / str(number)
        self.folder.mkdir()
        self.client = workspace.namespace(f"client{number}")
        self.gateway = workspace.namespace(f"gateway{number}")
        sh("ip", "-n", self.client, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0",
           "netns", self.gateway)
        for host, address in (self.client, CLIENT), (self.gateway, GATEWAY):
            sh("ip", "-n", host, "addr", "add", f"{address}/24", "dev", "eth0")
            sh("ip", "-n", host, "link", "set", "eth0", "up")
        self.spawn(self.gateway, "iperf3", "iperf3", "-s")

    def spawn(self, host, name, *arguments, **environment):
        return self._workspace.spawn(
            arguments, self.folder / f"{name}.log", host, environment=environment)

    def run(self, host, *arguments, seconds=20, stdin=None):
        return sh("ip", "netns", "exec", host, *arguments, seconds=seconds, stdin=stdin)

    def inner_addresses(self):
        """Addresses that only a tunnel reaches."""
        sh("ip", "-n", self.client, "addr", "add", f"{INNER_CLIENT}/32", "dev", "lo")
        sh("ip", "-n", self.gateway, "addr", "add", f"{INNER_GATEWAY}/32", "dev", "lo")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def log(self, name):
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait(self, condition, name, seconds=15):
        """Waits until the process of that name is as far; its last line is the reason if not."""
        if not until(condition, seconds):
            raise LabError(f"{name}: {(self.log(name).splitlines() or ['did not start'])[-1]}")


def need(*commands):
    missing = [one for one in commands if not shutil.which(one)]
    if missing:
        raise LabError(f"{', '.join(missing)}: not installed")


def interface_exists(host, name):
    return f" {name}:" in sh("ip", "-n", host, "-o", "link", check=False)


def cable(_):
    """No tunnel."""
    return Inside(CLIENT, GATEWAY)


GATEWAY_FILE = """
listen: {addresses: [%(gateway)s]}
control: {socket: %(folder)s/gateway.sock}
log: {level: notice}
isakmp: {policies: [{proposals: [aes128-sha256-ecp256], natTraversal: force}]}
ipsec: {policies: [{transforms: [%(transform)s]}]}
preSharedKeys: [{secret: benchmark}]
pools: [{addresses: 10.66.0.0/24}]
users: [{name: user, password: password}]
"""

DIAL_FILE = """
gateway: %(gateway)s
preSharedKey: benchmark
user: user
password: password
inactivity: 0s
control: {socket: %(folder)s/dial.sock}
isakmp: {proposals: [aes128-sha256-ecp256], natTraversal: force}
ipsec: {transforms: [%(transform)s]}
"""


def drawbridge(transform):
    def make(pair):
        executable = os.environ.get("DRAWBRIDGE", ROOT / ".build-release/release/drawbridge")
        values = {"gateway": GATEWAY, "folder": pair.folder, "transform": transform}
        gateway = pair.spawn(pair.gateway, "gateway", executable, "gateway", "--config",
                             pair.write("gateway.yaml", GATEWAY_FILE % values))
        pair.wait(lambda: "ready" in pair.log("gateway"), "gateway")
        dial = pair.spawn(pair.client, "dial", executable, "dial", "--config",
                          pair.write("dial.yaml", DIAL_FILE % values))
        address = re.compile(r"(?m)^up ([\d.]+)")
        pair.wait(lambda: address.search(pair.log("dial")), "dial")
        return Inside(address.search(pair.log("dial"))[1], "10.66.0.1", [gateway, dial])
    return make


STRONGSWAN_FILE = """
charon-systemd {
  load = openssl aesni aes sha2 sha1 md5 random nonce x509 constraints pubkey pkcs1 pem hmac kdf \
ctr ccm gcm drbg kernel-libipsec kernel-netlink socket-default updown vici
  install_virtual_ip = no
  plugins {
    vici { socket = unix://%(folder)s/%(name)s.vici }
    kernel-libipsec { load = yes }
  }
  filelog { f { path = %(folder)s/%(name)s.log
    default = 0 } }
  journal { default = -1 }
}
"""

SWANCTL_FILE = """
connections { tunnel { version = 1
  local_addrs = %(address)s
  remote_addrs = %(peer)s
  proposals = aes128-sha256-modp2048
  encap = yes
  local { auth = psk
    id = %(address)s }
  remote { auth = psk
    id = %(peer)s }
  children { tunnel { local_ts = %(inner)s/32
    remote_ts = %(innerPeer)s/32
    esp_proposals = %(esp)s
    mode = tunnel } } } }
secrets { ike-1 { id = %(peer)s
  secret = benchmark } }
"""


def strongswan(esp):
    """ESP in charon itself (kernel-libipsec); it knows tunnel mode only."""
    def make(pair):
        need("charon-systemd", "swanctl")
        pair.inner_addresses()
        charons = []
        ends = [("client", pair.client, CLIENT, INNER_CLIENT),
                ("gateway", pair.gateway, GATEWAY, INNER_GATEWAY)]
        for (name, host, address, inner), (_, _, peer, inner_peer) in zip(ends, ends[::-1]):
            values = {"name": name, "folder": pair.folder, "address": address, "peer": peer,
                      "inner": inner, "innerPeer": inner_peer, "esp": esp}
            settings = pair.write(f"{name}.strongswan.conf", STRONGSWAN_FILE % values)
            charons.append(pair.spawn(
                host, f"{name}.out", "charon-systemd", STRONGSWAN_CONF=str(settings)))
            uri = f"unix://{pair.folder}/{name}.vici"
            pair.wait(lambda: "uptime" in sh("swanctl", "--stats", "--uri", uri, check=False),
                      f"{name}.out")
            sh("swanctl", "--load-all", "--noprompt", "--uri", uri, "--file",
               pair.write(f"{name}.swanctl.conf", SWANCTL_FILE % values))
        sh("swanctl", "--initiate", "--child", "tunnel", "--timeout", "10", "--uri",
           f"unix://{pair.folder}/client.vici")
        return Inside(INNER_CLIENT, INNER_GATEWAY, charons)
    return make


def wireguard_go(pair):
    need("wireguard-go", "wg")
    pair.inner_addresses()
    # Control sockets of all namespaces lie in one folder: names must differ.
    ends = [(f"wg{os.getpid()}c", pair.client, CLIENT, INNER_CLIENT),
            (f"wg{os.getpid()}g", pair.gateway, GATEWAY, INNER_GATEWAY)]
    keys = {name: sh("wg", "genkey") for name, *_ in ends}
    processes = []
    for (name, host, _, inner), (peer, _, peer_address, inner_peer) in zip(ends, ends[::-1]):
        processes.append(pair.spawn(host, name, "wireguard-go", "-f", name, LOG_LEVEL="error"))
        pair.wait(pathlib.Path(f"/run/wireguard/{name}.sock").exists, name)
        pair.run(host, "wg", "set", name, "private-key", pair.write(name, keys[name]),
                 "listen-port", "51820", "peer", sh("wg", "pubkey", stdin=keys[peer]).strip(),
                 "allowed-ips", f"{inner_peer}/32", "endpoint", f"{peer_address}:51820")
        sh("ip", "-n", host, "link", "set", name, "mtu", MTU, "up")
        sh("ip", "-n", host, "route", "add", f"{inner_peer}/32", "dev", name, "src", inner)
    return Inside(INNER_CLIENT, INNER_GATEWAY, processes)


def socat(pair):
    """UDP over TUN, a system call for each packet and no cipher: all that such a design can do."""
    need("socat")
    ends = [(pair.client, CLIENT, INNER_CLIENT), (pair.gateway, GATEWAY, INNER_GATEWAY)]
    processes = []
    for (host, address, inner), (_, peer, inner_peer) in zip(ends, ends[::-1]):
        processes.append(pair.spawn(
            host, address, "socat", f"UDP4-DATAGRAM:{peer}:7000,bind={address}:7000",
            f"TUN:{inner}/32,tun-name=tun0,iff-no-pi,iff-up"))
        pair.wait(lambda: interface_exists(host, "tun0"), address)
        sh("ip", "-n", host, "link", "set", "tun0", "mtu", MTU, "up")
        sh("ip", "-n", host, "route", "add", f"{inner_peer}/32", "dev", "tun0", "src", inner)
    return Inside(INNER_CLIENT, INNER_GATEWAY, processes)


# SoftEther keeps its files in fixed folders: every process gets some of its own.
SOFTETHER = """
for folder in lib log; do
  mount -t tmpfs tmpfs /var/$folder && mkdir /var/$folder/softether || exit
done
mount -t tmpfs tmpfs /run && mkdir /run/softether || exit
exec /usr/libexec/softether/%(name)s/%(name)s execsvc
"""


def softether(pair):
    """Ethernet frames in one TLS connection, its SSL-VPN: not packet by packet."""
    need("vpncmd", "vpnserver", "vpnclient")

    def command(host, role, *lines):
        batch = pair.write("vpncmd", "\n".join(lines) + "\n")
        return pair.run(host, "vpncmd", "localhost", role, f"/IN:{batch}", stdin="")

    processes = []
    for name, host, role in ("vpnserver", pair.gateway, "/SERVER"), (
            "vpnclient", pair.client, "/CLIENT"):
        script = SOFTETHER % {"name": name}
        processes.append(pair.spawn(host, name, "unshare", "-m", "bash", "-c", script))

        def answers():
            try:
                return bool(command(host, role, "About"))
            except LabError:
                return False
        pair.wait(answers, name, seconds=30)
    command(pair.gateway, "/SERVER", "HubCreate bench /PASSWORD:bench", "Hub bench",
            "UserCreate user /GROUP:none /REALNAME:none /NOTE:none",
            "UserPasswordSet user /PASSWORD:password", "BridgeCreate bench /DEVICE:soft /TAP:yes")
    command(pair.client, "/CLIENT", "NicCreate soft",
            f"AccountCreate bench /SERVER:{GATEWAY}:443 /HUB:bench /USERNAME:user /NICNAME:soft",
            "AccountPasswordSet bench /PASSWORD:password /TYPE:standard", "AccountConnect bench")
    for name, host, device, inner in (
            ("vpnserver", pair.gateway, "tap_soft", INNER_GATEWAY),
            ("vpnclient", pair.client, "vpn_soft", "10.92.0.2")):
        pair.wait(lambda: interface_exists(host, device), name)
        sh("ip", "-n", host, "addr", "add", f"{inner}/24", "dev", device)
        sh("ip", "-n", host, "link", "set", device, "mtu", MTU, "up")
    pair.wait(lambda: "Connected" in command(pair.client, "/CLIENT", "AccountList"), "vpnclient")
    return Inside("10.92.0.2", INNER_GATEWAY, processes)
