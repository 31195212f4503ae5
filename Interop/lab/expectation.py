"""One line of what must be true: `HOST FACT OPERATOR VALUE`.

    a ipsec.encapsulation = udp
    gateway l2tp.tunnel[state=closed][0].closing.closeReason = deadPeer
    gateway l2tp.session.count = 0
    dial log ~ deadPeer

A fact that is not there reads `absent`. `[N]` takes an element, `[KEY=VALUE]` keeps the elements
that agree, `.count` is a list's length; `~` searches a regular expression.
"""

import dataclasses
import operator
import re

LINE = re.compile(r"(?P<host>\S+) (?P<fact>\S+) (?P<operator>=|!=|<=|>=|<|>|~) (?P<value>.+)")
TOKEN = re.compile(r"\.?(?P<name>[\w-]+)|\[(?P<index>\d+)\]|\[(?P<key>[\w.]+)=(?P<value>[^\]]+)\]")
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
ABSENT = "absent"


@dataclasses.dataclass(frozen=True)
class Expectation:
    text: str
    host: str
    fact: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text):
        """Raises `ValueError` for a line that says nothing."""
        match = LINE.fullmatch(text)
        if not match or not TOKEN.match(match["fact"]):
            raise ValueError(f"not an expectation: {text!r}")
        return cls(text, **match.groupdict())

    @property
    def kind(self):
        """The first word of the fact: what a host must know to judge it."""
        return TOKEN.match(self.fact)["name"]

    def judge(self, facts):
        """Whether it holds, and the value that was found."""
        found = show(look_up(facts, self.fact))
        if self.operator == "=":
            return found == self.value, found
        if self.operator == "!=":
            return found != self.value, found
        if self.operator == "~":
            return re.search(self.value, found) is not None, found
        try:
            return ORDER[self.operator](float(found), float(self.value)), found
        except ValueError:
            return False, found


def look_up(value, path):
    position = 0
    while position < len(path):
        token = TOKEN.match(path, position)
        if not token:
            raise ValueError(f"not a fact: {path!r}")
        position = token.end()
        value = step(value, token)
    return value


def step(value, token):
    if token["name"]:
        if isinstance(value, list) and token["name"] == "count":
            return len(value)
        return value.get(token["name"]) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    if token["index"]:
        index = int(token["index"])
        return value[index] if index < len(value) else None
    return [one for one in value if show(look_up(one, token["key"])) == token["value"]]


def show(value):
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
