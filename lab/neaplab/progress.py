"""What is happening and how long it will take, on stderr: one line that renews itself on a terminal, else few lines."""

import shutil
import sys
import time

QUIET_S = 20.0


class Progress:
    def __init__(self, total_s, began, quiet=False, stream=sys.stderr):
        self.total_s, self.began, self.quiet, self.stream = total_s, began, quiet, stream
        self.live = stream.isatty()
        self.last_step, self.last_at = None, 0.0

    def show(self, step, detail=""):
        """`step` names the phase; `detail` may change with each call."""
        now = time.monotonic()
        if self.quiet or not self.live and step == self.last_step and now - self.last_at < QUIET_S:
            return
        elapsed = int(now - self.began)
        left = max(0, int(self.total_s) - elapsed)
        what = f"{step}: {detail}" if detail else step
        times = f"[{clock(elapsed)} gone, at most {clock(left)} to go]"
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            self.stream.write("\r\x1b[K" + f"neap lab: {times} {what}"[:width])
        else:
            self.stream.write(f"neap lab: {times} {what}\n")
        self.stream.flush()
        self.last_step, self.last_at = step, now

    def say(self, line):
        """A line that stays."""
        self.stream.write(f"\r\x1b[K{line}\n" if self.live else f"{line}\n")
        self.stream.flush()
        self.last_step = None

    def end(self):
        if self.live and self.last_step:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
        self.last_step = None


def clock(seconds):
    return f"{seconds // 60}:{seconds % 60:02d}"
