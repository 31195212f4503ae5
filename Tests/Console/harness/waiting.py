"""Waiting for what must become so, with a deadline."""

import threading
import time

SECONDS = 15


class NotSeen(AssertionError):
    """What had to be seen was not."""


class Noticed:
    """Facts that one thread changes and another waits for."""

    def __init__(self):
        self._condition = threading.Condition()

    def change(self, body):
        with self._condition:
            body()
            self._condition.notify_all()

    def until(self, is_so, what, seconds=SECONDS):
        with self._condition:
            if not self._condition.wait_for(is_so, seconds):
                raise NotSeen(f"not within {seconds} s: {what}")


def deadline(seconds=SECONDS):
    return time.monotonic() + seconds


def is_over(when):
    return time.monotonic() > when
