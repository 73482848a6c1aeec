"""The kernels that guests boot, by name, and what is kept of them."""
import fcntl
import os
import subprocess
from pathlib import Path

import debian
import disks
import machine

SOURCE = Path(__file__).resolve().parents[2]
# Name: suite, architecture, flavour. Of each the newest version is taken: older ones vanish from mirrors.
KERNELS = {
    "5.10": ("bullseye", "amd64", "cloud-amd64"),
    "6.1": ("bookworm", "amd64", "cloud-amd64"),
    "6.12": ("trixie", "amd64", "cloud-amd64"),
    "newest": ("sid", "amd64", "cloud-amd64"),
    "arm64": ("trixie", "arm64", "cloud-arm64"),
    "arm64-16k": ("trixie", "arm64", "arm64-16k"),
}


class Stock:
    """What is fetched for a build tree, and what of that tree goes into a guest."""

    def __init__(self, build):
        self.build = build.resolve()
        self.cache = Path(os.environ.get("NEAP_GUESTS", self.build / "guests"))

    def get(self, name):
        """The kernel's folder and its root's. The root is of this machine's suite, whose libraries the tests were built on."""
        suite, architecture, flavour = KERNELS[name]
        program = machine.missing(architecture)
        if program:
            raise debian.Unobtainable(f"no {program} (scripts/packages kernels)")
        packages = subprocess.run([SOURCE / "scripts/packages", "--names", "guest"], capture_output=True, text=True, check=True).stdout.split()
        self.cache.mkdir(parents=True, exist_ok=True)
        with open(self.cache / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return disks.kernel(self.cache, suite, architecture, flavour), disks.root(self.cache, debian.codename(), architecture, packages)

    def run(self, name, tests, guest):
        paths = [self.build / "tests", *sorted(self.build.glob("libneap*.so*")), SOURCE / "tests"]
        return guest.run(self.cache, *self.get(name), paths, tests)
