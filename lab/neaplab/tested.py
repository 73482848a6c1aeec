"""A relay under test while it runs: its process, its samples, its allocator's telemetry."""

import contextlib
import os
import signal

from .measure.proc import look, mapped_file
from .measure.telemetry import Telemetry


class TestedRelay:
    def __init__(self, node, library):
        """`library`: path of the preloaded library, or None for libc."""
        self.node = node
        self.library = library
        self.pid = None
        self.telemetry = None
        self.samples = []

    @property
    def label(self):
        return self.node.label

    def find(self):
        """True once tor runs. Its own pid file names it, so that a wrapper's pid is never measured instead."""
        if self.pid is None:
            try:
                self.pid = int((self.node.folder / "pid").read_text())
            except (FileNotFoundError, ValueError):
                return False
        return True

    def runs_on_its_allocator(self):
        """The preloaded library is mapped. (A relay on libneap also shows it by its telemetry.)"""
        return self.library is None or mapped_file(self.pid, self.library.resolve().name) is not None

    def reload(self):
        """What `systemctl reload tor` does."""
        with contextlib.suppress(ProcessLookupError):  # the watch tells of a relay that died
            os.kill(self.pid, signal.SIGHUP)

    def sample(self, at_s):
        if self.telemetry is None:
            self.telemetry = Telemetry(self.pid)
        sample = look(self.pid, at_s, self.telemetry.live_bytes())
        if sample:
            self.samples.append(sample)
