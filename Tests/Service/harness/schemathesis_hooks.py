"""What schemathesis is told about this API, beyond its description."""

import schemathesis
from hypothesis import strategies

# Times are in UTC, which their format cannot say.
schemathesis.openapi.format(
    "date-time", strategies.datetimes().map(lambda time: time.isoformat() + "Z"))


def whole(value):
    """JSON has one number 392, and the description's integers are written without a fraction."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: whole(member) for name, member in value.items()}
    if isinstance(value, list):
        return [whole(member) for member in value]
    return value


@schemathesis.hook
def map_body(context, body):
    return whole(body)


@schemathesis.hook
def filter_case(context, case):
    """A header that nobody knows is no fault of a request (RFC 9110 §5.1); neither is an empty one."""
    headers = case.headers or {}
    return "x-schemathesis-unknown-property" not in headers and bool(
        headers.get("Last-Event-ID", "absent"))
