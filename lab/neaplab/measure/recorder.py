"""`neap record` on each relay under test, `neap report` over the recordings: the charts come from the tool itself."""

import re
import signal
import subprocess
import time

from ..failure import LabError
from ..network.logs import log_name

REPORT_LIMIT_S = 300


def moment(unix_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


class Recorder:
    def __init__(self, household, neap, folder):
        self.household, self.neap, self.folder = household, neap, folder
        self.files = {}

    def start(self, relay, allocator, pid, log_folder):
        """Records the process, a sample a second, until stop(). Relays of one allocator are runs of one line."""
        file = self.folder / (re.sub(r"[^A-Za-z0-9_.-]+", "-", relay) + ".neaprec")
        name = f"recorder of {relay}"
        self.files[name] = file
        self.household.spawn(name, [
            self.neap, "record", "--quiet", "--pid", str(pid), "--label", allocator, "--interval", "1",
            "--output", file], output=log_folder / log_name(name))

    def stop(self):
        self.household.stop(list(self.files), signal.SIGINT, 60)

    def report(self, title, baseline, from_unix_s, until_unix_s):
        """Writes report.html and report.svg, of the same stretch of time as the lab's own table. After stop()."""
        self.household.spawn("neap report", [
            self.neap, "report", "--quiet", "--title", title, "--baseline", baseline,
            "--from", moment(from_unix_s), "--until", moment(until_unix_s), *self.files.values(),
            "--output", self.folder / "report.html", "--svg", self.folder / "report.svg",
        ], output=subprocess.PIPE)
        code, said = self.household.collect("neap report", REPORT_LIMIT_S)
        if code != 0:
            raise LabError(f"neap report failed with exit code {code}: {said}")
