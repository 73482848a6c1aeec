"""Starts `neap lab tor` for a test in a temporary folder of its own, and sees what it leaves there."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

NEAP = os.environ.get("NEAP", "neap")
HANG_S = 600  # none of the waiting here takes so long, on however busy a machine


class StartedLab:
    """A context: the lab's temporary folder and its working folder lie below `folder`."""

    def __init__(self, *options, path=None):
        self.holder = tempfile.TemporaryDirectory(prefix="neap-test-")
        self.folder = Path(self.holder.name)
        self.temporary, self.here = self.folder / "tmp", self.folder / "here"
        for made in (self.temporary, self.here):
            made.mkdir()
        environment = os.environ | {"TMPDIR": str(self.temporary)} | ({"PATH": path} if path is not None else {})
        self.process = subprocess.Popen([NEAP, "lab", "tor", *options], cwd=self.here, env=environment, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.holder.cleanup()

    def processes(self):
        """Running processes that know the lab's folder: its nodes, workers and recorders."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
                cwd = os.readlink(entry / "cwd") if entry.name.isdigit() else ""
            except OSError:
                continue
            if str(self.folder).encode() in line or cwd.startswith(str(self.folder)):
                found.append((int(entry.name), line.replace(b"\0", b" ").decode(errors="replace")[:300]))
        return [one for one in found if one[0] != self.process.pid]

    def await_relays(self, count=5, limit_s=HANG_S):
        """Until so many tor nodes run."""
        until = time.monotonic() + limit_s
        while sum("/torrc" in line for _, line in self.processes()) < count:
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError(f"no network after {limit_s} s: {self.processes()}")
            time.sleep(0.2)

    def await_silence(self, kept=()):
        """What is still there in the end, processes and files, but for those that the lab leaves to its user."""
        until = time.monotonic() + HANG_S
        while (left := self.left(kept)) and time.monotonic() < until:
            time.sleep(0.2)
        return left

    def left(self, kept):
        files = [file for file in (*self.temporary.iterdir(), *self.here.iterdir()) if file not in kept]
        return self.processes() + list(map(str, files))
