"""What a person must be able to do and see; every function named `check_…` is one test."""

import importlib

GROUPS = (
    "logging_in", "devices", "actions", "records", "safety", "organisations", "reading")


def everything():
    """Every check in order: its name in words, and the function."""
    for group in GROUPS:
        module = importlib.import_module(f"checks.{group}")
        for name, function in vars(module).items():
            if name.startswith("check_"):
                yield name.removeprefix("check_").replace("_", " "), function


def expects(*marks):
    """The check lets requests fail: the browser complains of these statuses or errors."""
    def mark(function):
        function.marks = [
            f"status of {mark} " if isinstance(mark, int) else mark for mark in marks]
        return function
    return mark


def equal(seen, wanted, what="it"):
    if seen != wanted:
        raise AssertionError(f"{what} is {seen!r}, not {wanted!r}")


def true(is_so, what):
    if not is_so:
        raise AssertionError(what)
