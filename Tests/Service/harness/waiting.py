"""Waiting for what must become so, never for time to pass."""

import threading
import time

SECONDS = 20
PAUSE_SECONDS = 0.02


class NotSeen(AssertionError):
    """What had to be seen was not."""


def until(is_so, what, seconds=SECONDS):
    """Asks again and again; returns the first answer that is neither None nor false."""
    deadline = time.monotonic() + seconds
    while True:
        answer = is_so()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise NotSeen(f"not within {seconds} s: {what() if callable(what) else what}")
        threading.Event().wait(PAUSE_SECONDS)


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
                raise NotSeen(f"not within {seconds} s: {what() if callable(what) else what}")
            return is_so()


class Crowd:
    """Threads whose first failure is raised where they are joined."""

    def __init__(self):
        self._threads, self._failures = [], []

    def start(self, body, *arguments):
        def run():
            try:
                body(*arguments)
            except BaseException as failure:  # raised again in join
                self._failures.append(failure)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self, seconds=90):
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
            if thread.is_alive() and not self._failures:
                raise NotSeen(f"a thread still works after {seconds} s")
        if self._failures:
            raise self._failures[0]
