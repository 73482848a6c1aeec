"""`neap record` on each relay under test: the charts come from the tool itself."""

import re
import signal


class Recorder:
    def __init__(self, household, neap, folder):
        self.household, self.neap, self.folder = household, neap, folder
        self.files = {}

    def start(self, label, pid, log):
        """Records the process, a sample a second, until stop()."""
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", label)
        self.files[f"recorder of {label}"] = self.folder / f"{name}.neaprec"
        self.household.spawn(f"recorder of {label}", [
            self.neap, "record", "--quiet", "--pid", str(pid), "--label", label, "--interval", "1",
            "--output", self.folder / f"{name}.neaprec"], output=log)

    def stop(self):
        self.household.stop(list(self.files), signal.SIGINT, 5)
