"""The lab's own helper processes: one takes its settings as a line of JSON and answers with lines of JSON."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

ENTRY = Path(__file__).resolve().parent.parent


class Worker:
    def __init__(self, household, name, settings, log):
        self.name = name
        self.said = {}     # every key the worker told, with its latest value
        self.child = household.spawn(name, [sys.executable, "-B", ENTRY, "--worker", name], stdin=subprocess.PIPE,
                                     output=subprocess.PIPE, errors=log)
        os.set_blocking(self.child.stdout.fileno(), False)
        self.rest = b""
        self.tell(json.dumps(settings))

    @property
    def done(self):
        """The worker has told all that it had to tell, and may end."""
        return self.said.get("phase") == "done"

    def fileno(self):
        return self.child.stdout.fileno()

    def tell(self, line):
        """A worker that died hears nothing; whoever waits for its answer notices the death (Wait.tick)."""
        rest = memoryview(line.encode() + b"\n")
        with contextlib.suppress(BrokenPipeError):
            while rest:
                rest = rest[os.write(self.child.stdin.fileno(), rest):]

    def listen(self):
        """Takes in what the worker said since the last call."""
        while True:
            try:
                data = os.read(self.fileno(), 1 << 16)
            except BlockingIOError:
                break
            if not data:
                break
            self.rest += data
        *lines, self.rest = self.rest.split(b"\n")
        for line in lines:
            self.said.update(json.loads(line))
