"""A relay under test while it runs."""

import contextlib
import os
import signal


class TestedRelay:
    def __init__(self, node):
        self.node = node
        self.pid = None

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

    def reload(self):
        """What `systemctl reload tor` does."""
        with contextlib.suppress(ProcessLookupError):  # Wait.tick tells of a relay that died
            os.kill(self.pid, signal.SIGHUP)
