"""What neap inspect says of the lab's relays, under load: glibc's is fragmentation with its worker arenas named, libneap's is
healthy, and libneap's relay, which serves the same, lies within the range that was foretold from glibc's alone. Ten minutes:

    NEAP=build/release/neap python3 tests/lab/test_inspect.py
    cmake --preset release -DNEAP_TEST_LAB_INSPECT=ON && ctest --test-dir build/release -L lab-inspect
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from started import NEAP, StartedLab

MINUTES, LOAD, DIRECTORY = 20.0, 3.0, 2000
PACE_S = 2.0


class Watch:
    """Looks at both relays, again and again, until the lab has ended."""

    def __init__(self, lab):
        self.looks = {"libc": [], "neap": []}
        while lab.process.poll() is None:
            relays = {name: self.relay(lab, f"/tested{number}/torrc") for number, name in enumerate(self.looks, 1)}
            for name, pid in relays.items():
                if all(relays.values()) and (look := self.look(pid)):
                    self.looks[name].append(look)
            time.sleep(PACE_S)

    @staticmethod
    def relay(lab, torrc):
        for pid, line in lab.processes():
            try:
                if torrc in line and Path(f"/proc/{pid}/comm").read_text() == "tor\n":
                    return pid
            except OSError:
                pass
        return None

    @staticmethod
    def look(pid):
        done = subprocess.run([NEAP, "inspect", "-q", "--json", str(pid)], capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def later_half(self, name):
        return self.looks[name][len(self.looks[name]) // 2:]


class Inspected(unittest.TestCase):
    def test_the_relays_of_glibc_and_libneap(self):
        with StartedLab("--minutes", str(MINUTES), "--load", str(LOAD), "--directory", str(DIRECTORY), "-a", "libc,neap",
                        "--torrc", "DisableDebuggerAttachment 0", "-o", "result", "--json") as lab:
            watch = Watch(lab)
            said, errors = lab.process.communicate()
            self.assertEqual(lab.process.returncode, 0, errors + said)
        libc, neap = watch.later_half("libc"), watch.later_half("neap")
        self.assertGreater(min(len(libc), len(neap)), 10)
        last = libc[-1]
        print(last["verdict"])
        print(neap[-1]["verdict"])

        self.assertEqual({look["finding"] for look in libc}, {"fragmentation"})
        self.assertTrue(all(re.search(r"\d+ worker arenas? holds? ", look["verdict"]) for look in libc), last["verdict"])
        self.assertEqual({look["finding"] for look in neap}, {"healthy"})

        middle = {key: statistics.median(look["under_neap"][key] for look in libc) for key in ("least_bytes", "most_bytes")}
        real = statistics.median(look["resident_bytes"] for look in neap)
        self.keep(libc, neap)
        print({key: round(value / 1048576, 1) for key, value in {**middle, "libneap": real, "libc": last["resident_bytes"]}.items()}, "MiB")
        self.assertTrue(middle["least_bytes"] <= real <= middle["most_bytes"], (middle, real))

    @staticmethod
    def keep(libc, neap):
        """For whoever wants to see more: the looks, where LOOKS says."""
        if "LOOKS" in os.environ:
            Path(os.environ["LOOKS"]).write_text(json.dumps({"libc": libc, "neap": neap}))


if __name__ == "__main__":
    unittest.main()
