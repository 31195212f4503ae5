"""One broker with its people and devices, and one browser that looks at it."""

import contextlib

from .browser import Browser
from .device import Device
from .service import Broker

HOSTILE = '<script>window.hacked=1</script>"\'><img src=x onerror="window.hacked=1">'


class World:
    def __init__(self, program):
        self._things = contextlib.ExitStack()
        try:
            self._make(program)
        except BaseException:
            self._things.close()
            raise

    def _make(self, program):
        # The browser first: without one there is nothing to test.
        self.browser = Browser()
        self._things.callback(self.browser.stop)
        self.broker = Broker(program)
        self._things.callback(self.broker.stop)
        self.tokens = {
            "anna": self.broker.make_user("anna", "operator"),
            "ben": self.broker.make_user("ben", "operator"),
            "vera": self.broker.make_user("vera", "viewer"),
            "admin": self.broker.admin,
        }
        self.gate = self._device("gate-7", "Gate 7, east yard", "10.99.0.7")
        self.slow = self._device("pump-3", "Pump 3", "10.99.0.9")
        self.hostile = self._device("evil-1", HOSTILE, "10.99.0.66")
        self.broker.enrol("lift-2", "Lift 2, tower")
        self._user = None

    def _device(self, product, name, address):
        token = self.broker.enrol(product, name)
        return self._things.enter_context(Device(self.broker, product, token, address))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._things.close()

    def call(self, user, method, path, body=None):
        return self.broker.call(method, path, body, self.tokens[user])

    def connect(self, user, product, **request):
        return self.call(user, "POST", f"/v1/devices/{product}/connections", request)

    def close_all(self, device, user="admin"):
        """Nothing is left of what a check did, whether it got to its end or not."""
        device.release()
        self.call(user, "DELETE", f"/v1/devices/{device.product}/connections")
        device.until_empty()

    def visit(self, path, user="anna"):
        """Opens a page as somebody."""
        browser = self.browser
        if self._user != user:
            browser.devtools("Network.clearBrowserCookies")
            browser.open(self.broker.url + "/console/")
            browser.until("document.getElementById('token')")
            browser.run(
                "document.getElementById('token').value = arguments[0]", self.tokens[user])
            browser.press("\ue007") if browser.value(
                "document.activeElement.id === 'token'") else browser.click("button.primary")
            browser.until("document.querySelector('.who')", f"{user} is logged in")
            self._user = user
            if path == "/console/":
                return
        browser.open(self.broker.url + path)
        browser.until("document.querySelector('.who')", f"{path} is shown")

    def until_live(self):
        self.browser.until("document.getElementById('live').dataset.state === 'live'", "live")

    def forget_user(self):
        self._user = None
