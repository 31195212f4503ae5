"""Headless Chromium over the WebDriver protocol, with nothing but the standard library."""

import base64
import contextlib
import http.client
import json
import pathlib
import select
import shutil
import subprocess
import tempfile

from .service import free_port
from .waiting import SECONDS, NotSeen, deadline, is_over

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ENTER, TAB, ESCAPE, SPACE, SHIFT = "\ue007", "\ue004", "\ue00c", " ", "\ue008"
PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver"}

# Looks again after every change of the page, and now and then for what is no change of it.
UNTIL = """
const [expression, milliseconds, done] = arguments;
const check = new Function(`return (${expression})`);
let value = null;
const look = () => {
  try { value = check(); } catch (error) { value = null; }
  if (value) finish();
};
const finish = () => {
  observer.disconnect();
  clearInterval(interval);
  clearTimeout(timeout);
  done(value ?? null);
};
const observer = new MutationObserver(look);
observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
const interval = setInterval(look, 50);
const timeout = setTimeout(finish, milliseconds);
look();
"""


class DriverError(Exception):
    """What the driver could not do."""

    def __init__(self, value):
        super().__init__(f"{value.get('error')}: {value.get('message', '').splitlines()[0]}")
        self.error = value.get("error")


def require_packages():
    """Fails with the package's name: these tests are never skipped."""
    for program, package in PACKAGES.items():
        if not shutil.which(program):
            raise SystemExit(f"{program} is missing: install it with `apt-get install {package}`")


class Browser:
    """One browser with one page."""

    def __init__(self):
        require_packages()
        self.profile = tempfile.mkdtemp(prefix="console-browser-")
        self._port = free_port()
        self._driver = subprocess.Popen(
            ["chromedriver", f"--port={self._port}", "--log-level=OFF"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self._session = None
        try:
            self._until_driver_answers()
            self._session = self._command("POST", "/session", {
                "capabilities": {"alwaysMatch": {
                    "browserName": "chrome",
                    "goog:loggingPrefs": {"browser": "ALL"},
                    "timeouts": {"script": 60_000, "pageLoad": 30_000},
                    "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": [
                        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                        "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                        "--disable-background-networking", "--force-color-profile=srgb",
                        f"--user-data-dir={self.profile}", "--window-size=1280,860",
                    ]},
                }},
            }, whole=True)["sessionId"]
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if self._session:
            with contextlib.suppress(Exception):
                self._command("DELETE", "")
        self._driver.terminate()
        self._driver.wait(SECONDS)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _until_driver_answers(self):
        """It holds back what it prints, so that it has to be asked."""
        end = deadline()
        while self._driver.poll() is None and not is_over(end):
            try:
                if self._command("GET", "/status", whole=True)["ready"]:
                    return
            except ConnectionError:
                select.select([], [], [], 0.02)
        raise NotSeen("chromedriver does not answer")

    def _command(self, method, path, body=None, whole=False):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=90)
        try:
            prefix = "" if whole else f"/session/{self._session}"
            data = json.dumps(body if body is not None else {}) if method == "POST" else None
            connection.request(method, prefix + path, data)
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise DriverError(value)
        return value

    # Pages.

    def open(self, url):
        self._command("POST", "/url", {"url": url})

    def reload(self):
        self._command("POST", "/refresh")

    @property
    def path(self):
        return "/" + self._command("GET", "/url").split("/", 3)[3]

    @property
    def source(self):
        return self._command("GET", "/source")

    def run(self, script, *arguments):
        return self._command("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def value(self, expression):
        return self.run(f"return ({expression})")

    def until(self, expression, what=None, seconds=SECONDS):
        """The first true value of a JavaScript expression, also across a change of pages."""
        end = deadline(seconds)
        while True:
            value = None
            try:
                value = self._command("POST", "/execute/async", {
                    "script": UNTIL, "args": [expression, seconds * 1000]})
            except DriverError as error:
                # The page went away below the script.
                if error.error not in ("javascript error", "script timeout"):
                    raise
            if value:
                return value
            if is_over(end):
                raise NotSeen(f"not within {seconds} s: {what or expression}")

    def until_text(self, selector, text, seconds=SECONDS):
        self.until(
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            f".some(e => e.checkVisibility() && e.textContent.includes({json.dumps(text)}))",
            f"{selector} says {text!r}", seconds)

    def is_shown(self, selector):
        return self.value(
            f"!!document.querySelector({json.dumps(selector)})?.checkVisibility()")

    # Hands.

    def _find(self, selector):
        found = self._command(
            "POST", "/element", {"using": "css selector", "value": selector})
        return found[ELEMENT]

    def click(self, selector):
        self._command("POST", f"/element/{self._find(selector)}/click")

    def type(self, selector, text):
        self._command("POST", f"/element/{self._find(selector)}/value", {"text": text})

    def press(self, *keys, shift=False):
        """Keys, one after the other, to whatever has the focus."""
        steps = [{"type": "keyDown", "value": SHIFT}] if shift else []
        for key in keys:
            steps += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        steps += [{"type": "keyUp", "value": SHIFT}] if shift else []
        self._command("POST", "/actions", {
            "actions": [{"type": "key", "id": "keyboard", "actions": steps}]})

    # Surroundings.

    def devtools(self, command, **parameters):
        return self._command(
            "POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def prefer(self, **features):
        """e.g. `prefers_color_scheme="dark"`."""
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def resize(self, width, height, is_phone=False):
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=2 if is_phone else 1, mobile=is_phone)

    def logs(self):
        """What the browser had to complain about since the last call."""
        return self._command("POST", "/se/log", {"type": "browser"})

    def screenshot(self, path):
        """The page as far as it goes, up to four screens."""
        height = self.value(
            "Math.ceil(Math.min(4 * innerHeight, Math.max(document.body.clientHeight,"
            " document.querySelector('dialog[open]') ? innerHeight : 0)))")
        width = self.value("innerWidth")
        picture = self.devtools(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": width, "height": max(height, 1), "scale": 1})
        pathlib.Path(path).write_bytes(base64.b64decode(picture["data"]))
