"""Signals as something the lab looks at between its steps: no step is torn in the middle.

The first SIGINT, SIGTERM or SIGHUP makes the next wait() raise Stopped; later ones are ignored while the lab cleans up.
"""

import os
import select
import signal
import time

from ..failure import Stopped


class Interrupts:
    def __init__(self):
        self.number = None
        self.wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number, _frame):
        self.number = self.number or number

    def wait(self, seconds, files=()):
        """Sleeps, at most until one of the files has something to read. Returns the files that have."""
        until = time.monotonic() + seconds
        while True:
            if self.number:
                raise Stopped(self.number)
            ready, _, _ = select.select([self.wake_read, *files], [], [], max(0.0, until - time.monotonic()))
            if self.wake_read in ready:
                os.read(self.wake_read, 64)
                ready.remove(self.wake_read)
            if not self.number and (ready or time.monotonic() >= until):
                return ready

    def quiet(self):
        """From here on the lab cleans up: further signals change nothing."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
