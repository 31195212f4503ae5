"""No secret stands in a log, an event, an error or the list of processes.

Broker on PostgreSQL with a password, gateway and agent are real, and log everything that they can.
All secrets are known: tokens, an enrolment code, pre-shared keys and passwords from files and from a
connect, a webhook's key. People use the commands; a device refuses in words that hold a secret; wrong
requests hold secrets where they do not belong. Then everything that was written or shown is searched.
"""

import contextlib
import json
import pathlib

from harness.api import Refused, Stream
from harness.broker import ORDER, Broker, make_user
from harness.device import Device
from harness.neighbours import Neighbours
from harness.postgres import PASSWORD as DATABASE_PASSWORD
from harness.postgres import PostgreSQL
from harness.programs import drawbridge, run
from harness.real_device import PASSWORD, PRODUCT, PSK, Files, enter_own_network
from harness.waiting import until
from harness.webhook import Webhook

GIVEN = {"preSharedKey": "Ge-heim-psk-55", "user": "PBX-2", "password": "Ge-heim-wort-56"}


def play(folder):
    if not enter_own_network():
        return
    with contextlib.ExitStack() as stack:
        search = Search({"PSK": PSK, "PPP password": PASSWORD, "database": DATABASE_PASSWORD,
                         "given PSK": GIVEN["preSharedKey"], "given password": GIVEN["password"]})
        database = stack.enter_context(PostgreSQL())
        broker = stack.enter_context(
            Broker(folder, "a", database.conninfo, is_tls=True, level="trace"))
        admin = broker.admin
        search.learn("admin's token", admin.token)
        people = {name: make_user(admin, name, role) for name, role in (
            ("anna", "operator"), ("gateway", "gateway"), ("viewer", "viewer"))}
        for name, token in people.items():
            search.learn(f"{name}'s token", token)
        files = start_devices(stack, folder, broker, people["gateway"], search)
        anna = broker.api(people["anna"])
        events = stack.enter_context(Stream(admin, "/v1/events"))
        delivered = []
        webhook = stack.enter_context(Webhook(lambda _, body: delivered.append(body) or 204))
        search.learn("webhook's key",
                     admin.call("POST", "/v1/webhooks", {"url": webhook.url})["secret"])
        neighbours = stack.enter_context(Neighbours([broker]))
        for name, secret in neighbours.secrets.items():
            search.learn(name, secret)
        use_commands(folder, broker, people["anna"], search)
        give_credentials(stack, anna, broker, search)
        ask_wrongly(broker, anna, people, search)
        lose_database(database, anna, search)
        until(lambda: delivered, "the webhook is called")
        search.watch_processes()
        search.look("the stream of events", json.dumps(events.messages))
        search.look("the webhook's bodies", "".join(delivered))
        for path in ("/v1/events?after=0&limit=200", "/v1/connections", "/v1/tokens", "/v1/devices",
                     "/v1/webhooks", "/metrics", "/readyz", "/openapi.json", "/v1/grants"):
            search.look(path, admin.ask("GET", path).body.decode())
            search.look(path, neighbours.annex.admin.ask("GET", path).body.decode())
        neighbours.check()
        search.look("the broker's log", broker.text)
        search.look("the file of events", broker.events_file.read_text())
        for program in files.agents + files.gateways:
            assert program.text, program.name
            search.look(f"the {program.name}'s log", program.text)
        print(f"{len(search.secrets)} secrets, {search.characters} characters searched")


class Search:
    """Knows the secrets; fails where one of them stands."""

    def __init__(self, secrets):
        self.secrets, self.characters = dict(secrets), 0

    def learn(self, name, secret):
        assert len(secret) > 9, f"{name} is too short to be told from other words"
        self.secrets[name] = secret

    def look(self, place, text):
        self.characters += len(text)
        for name, secret in self.secrets.items():
            for form in (secret, secret.encode().hex()):
                at = text.find(form)
                assert at < 0, f"{name} stands in {place}: {text[max(0, at - 100):at]}<here>"

    def watch_processes(self):
        """Every command line there is, ours and others'."""
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                self.look(str(path), path.read_bytes().decode(errors="replace"))


def start_devices(stack, folder, broker, gateway_token, search):
    token_file = folder / "gateway.token"
    token_file.write_text(gateway_token)
    token_file.chmod(0o600)
    files = Files(
        folder, broker, level="trace", gateway_more=f"""
log: {{level: trace}}
broker: {{url: "{broker.url}", token: "file:{token_file}", fingerprint: "{broker.fingerprint}"}}
""")
    search.learn("device's token", (folder / "device.token").read_text())
    stack.enter_context(files.start_gateway())
    files.start_agent(stack)
    until(lambda: broker.admin.call("GET", f"/v1/devices/{PRODUCT}")["online"], "it is online")
    return files


def use_commands(folder, broker, token, search):
    """As people do it: the token in a file, the trust by fingerprint."""
    token_file = folder / "anna.token"
    token_file.write_text(token)
    token_file.chmod(0o600)
    environment = {
        "DRAWBRIDGE_BROKER": broker.url, "DRAWBRIDGE_FINGERPRINT": broker.fingerprint,
        "DRAWBRIDGE_TOKEN": f"file:{token_file}"}
    code, text = run([drawbridge(), "connect", PRODUCT, "--json"], environment=environment)
    assert code == 0, text
    search.look("connect", text)
    connection = json.loads(text[text.index("{"):])["id"]
    for words in (["connections"], ["history"], ["device", "list"], ["close", connection],
                  ["token", "list"], ["connect", "PBX-NONE"], ["close", "c-0000000000000000"]):
        search.look(" ".join(words), run([drawbridge(), *words], environment=environment)[1])
    search.watch_processes()


def give_credentials(stack, anna, broker, search):
    """A connect that brings its own credentials, to a device that repeats them."""
    admin = broker.admin
    code = admin.call("POST", "/v1/enrolments", {"productID": "PBX-2", "name": "PBX-2"})["code"]
    search.learn("enrolment code", code)
    token = broker.api().call("POST", "/v1/enrol", {"code": code})["token"]
    search.learn("second device's token", token)
    device = stack.enter_context(Device("PBX-2", token, [broker]))
    order = {"parameters": {"credentials": {"given": {"_0": GIVEN}}, "gateway": "192.0.2.1"}}
    view = anna.connect("PBX-2", order, key="with-credentials")
    search.look("the answer", json.dumps(view))
    search.look("the close", json.dumps(anna.close(view["id"])))
    device._connect = lambda facts: {"refused": {"refusal": {
        "code": "establishmentFailed", "detail": f"psk {GIVEN['preSharedKey']} is wrong",
        "cause": f"password {GIVEN['password']}", "nextStep": "look"}}}
    refusal = refused(lambda: anna.connect("PBX-2", order))
    assert refusal.status == 502, refusal
    search.look("the device's refusal", refusal.answer.body.decode())
    search.look("the connections", json.dumps(anna.pages("/v1/connections")))


def refused(ask):
    try:
        ask()
    except Refused as refusal:
        return refusal
    raise AssertionError("it was taken")


def ask_wrongly(broker, anna, people, search):
    """Secrets where they do not belong."""
    path = "/v1/devices/PBX-2/connections"
    secret = GIVEN["password"]
    for body in (
            {"parameters": {"credentials": {"given": {"_0": {**GIVEN, "password": 7}}}}},
            {"parameters": {"credentials": {"given": {"_0": {**GIVEN, "password": "\n" + secret}}}}},
            {"inactivitySeconds": secret, **ORDER},
            {"parameters": {"credentials": {"given": {"_0": secret}}}},
            {"parameters": {"credentials": {"named": {"_0": f"{secret} "}}}},
            json.dumps({"note": secret})[:-1].encode()):
        answer = anna.ask("POST", path, body)
        assert answer.status == 400, (body, answer.body)
        search.look(f"the answer to {body}", answer.body.decode())
    for ask in (
            lambda: broker.api("dbt_" + secret).ask("GET", "/v1/devices"),
            lambda: broker.api(people["anna"] + "x").ask("GET", "/v1/devices"),
            lambda: broker.api().ask("GET", f"/v1/devices?limit={people['anna']}"),
            lambda: anna.ask("GET", f"/v1/connections?user={people['anna']}%20"),
            lambda: broker.api().ask("POST", "/v1/enrol", {"code": secret}),
            lambda: broker.api().ask("POST", "/v1/enrol", {"code": {"x": secret}})):
        answer = ask()
        assert 400 <= answer.status < 500, answer.body
        search.look("a wrong request's answer", answer.body.decode())


def lose_database(database, anna, search):
    """What a broker says of a database that it cannot reach."""
    database.stop()
    answer = until(
        lambda: (one := anna.ask("GET", "/readyz")).status == 503 and one, "/readyz says so")
    search.look("/readyz", answer.body.decode())
    search.look("a connect", anna.ask("POST", "/v1/devices/PBX-2/connections", ORDER).body.decode())
    database.start()
    until(lambda: anna.ask("GET", "/readyz").status == 200, "it is back")
