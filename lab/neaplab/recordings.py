"""What the relays use is measured by the tool itself: `neap record` on each, `neap report` over the recordings."""

import json
import re
import signal
import subprocess
import sys
import time

from .failure import LabError
from .network.logs import log_name

REPORT_LIMIT_S = 300


def moment(unix_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


class Recordings:
    """One recording a relay, a sample a second, from its start to its end. Relays of one allocator are runs of one row."""

    def __init__(self, household, neap, folder):
        self.household, self.neap, self.folder = household, neap, folder
        self.files = {}

    def start(self, relay, allocator, pid, log_folder):
        """Starts a recorder. It ends with an error, which the lab notices, unless the process runs on the allocator."""
        file = self.folder / (re.sub(r"[^A-Za-z0-9_.-]+", "-", relay) + ".neaprec")
        name = f"recorder of {relay}"
        self.files[name] = file
        self.household.spawn(name, [
            self.neap, "record", "--quiet", "--pid", str(pid), "--allocator", allocator, "--label", allocator,
            "--interval", "1", "--output", file], output=log_folder / log_name(name))

    def begun(self):
        """True when every recorder has found its relay in order, and records."""
        return all(file.exists() for file in self.files.values())

    def stop(self):
        self.household.stop(list(self.files), signal.SIGINT, 60)

    def report(self, title, baseline, stretch, quiet):
        """Writes report.html, report.svg and samples.csv of that stretch of time (two Unix times), prints its table, and
        returns the same as `neap report --json` gives it. After stop()."""
        comparison = self.folder / "comparison.json"
        since, until = map(moment, stretch)
        sys.stdout.flush()
        self.household.spawn("neap report", [
            self.neap, "report", "--title", title, "--baseline", baseline, "--from", since, "--until", until,
            *self.files.values(), "--output", self.folder / "report.html", "--svg", self.folder / "report.svg",
            "--csv", self.folder / "samples.csv", f"--json={comparison}",
        ], output=subprocess.DEVNULL if quiet else None, errors=subprocess.PIPE)
        code, said = self.household.collect("neap report", REPORT_LIMIT_S)
        if code != 0:
            raise LabError(f"neap report failed with exit code {code}: {said}")
        told = json.loads(comparison.read_text())
        comparison.unlink()
        return told
