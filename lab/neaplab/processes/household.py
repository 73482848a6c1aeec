"""Every process the lab starts. Used by the lab's main thread only.

Always holds: a child dies with the lab (parent-death signal), has a session of its own (a terminal's Ctrl-C reaches the
lab alone, which then ends the children in order), and close() leaves no descendant, however deep it forked.
"""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

from ..failure import LabError

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
libc = ctypes.CDLL(None, use_errno=True)


def _die_with(parent):
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(125)


class Household:
    def __init__(self):
        self.children = {}
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def spawn(self, name, argv, environment=None, output=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
              errors=subprocess.STDOUT):
        """Starts argv. `output` and `errors` are a path to append to, or what Popen takes."""
        parent = os.getpid()
        opened = [open(o, "ab") if isinstance(o, (str, Path)) else o for o in (output, errors)]
        try:
            child = subprocess.Popen(argv, env=environment, stdin=stdin, stdout=opened[0], stderr=opened[1],
                                     start_new_session=True, preexec_fn=lambda: _die_with(parent))
        finally:
            for was, o in zip((output, errors), opened):
                if isinstance(was, (str, Path)):
                    o.close()
        self.children[name] = child
        return child

    def collect(self, name, limit_s):
        """Waits for a child that was started with output or errors into a PIPE. Returns its exit code and what it said."""
        child = self.children[name]
        try:
            said = child.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise LabError(f"{name}: did not end within {limit_s} s") from None
        del self.children[name]
        return child.returncode, b"".join(text or b"" for text in said).decode(errors="replace").strip()

    def ended(self):
        """(name, exit code) of the children that ended on their own."""
        return [(name, child.returncode) for name, child in self.children.items() if child.poll() is not None]

    def stop(self, names, number=signal.SIGTERM, patience_s=5.0):
        """Asks the named children to end, and kills those that do not within the patience."""
        asked = [self.children[name] for name in names if name in self.children]
        for child in asked:
            if child.poll() is None:
                child.send_signal(number)
        until = time.monotonic() + patience_s
        for child in asked:
            try:
                child.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for name in names:
            self.children.pop(name, None)

    def close(self):
        """Kills every descendant: orphans come to the lab, their subreaper, until none is left."""
        for child in self.children.values():
            if child.poll() is None:
                child.kill()
                child.wait()
        self.children.clear()
        while orphans := own_children():
            for pid in orphans:
                os.kill(pid, signal.SIGKILL)
            for pid in orphans:
                os.waitpid(pid, 0)


def own_children():
    """Direct children of this process, zombies included."""
    pids = []
    for task in Path("/proc/self/task").iterdir():
        pids += [int(pid) for pid in (task / "children").read_text().split()]
    return pids
