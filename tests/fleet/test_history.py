"""The published five-allocator experiment, 100 relays over days, in a real Prometheus: the dashboard's expressions and the report give the
means that were published. NEAP_OPERATORS_DATA names its folder, which is not part of the project."""
import json
import os
import subprocess
import unittest

import history
from prometheus import HANG_S, Prometheus

DATA = os.environ.get("NEAP_OPERATORS_DATA")
NEAP = os.environ["NEAP"]
GIB = 1 << 30
FILES = {"mimalloc-3.0.1": "A_mimalloc301", "mimalloc-2.0.9": "B_mimalloc209_historical", "mimalloc-2.1.7": "C_mimalloc217_historical",
         "jemalloc": "D_jemalloc", "libc": "E_glibc"}
LAST = {"mimalloc-2.0.9": 1.41, "mimalloc-2.1.7": 1.83, "jemalloc": 2.74, "mimalloc-3.0.1": 10.44, "libc": 6.19}  # GiB: docs/experiment.md
START = history.seconds("2026-01-04T22:00:00")


@unittest.skipUnless(DATA, "NEAP_OPERATORS_DATA names no folder")
class History(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        groups = history.read_groups(f"{label}={DATA}/group_{name}.txt" for label, name in FILES.items())
        relays = history.readings(f"{DATA}/memory.csv", groups, START)
        cls.end = max(values[-1][0] for values in relays.values())
        path = f"/tmp/neap-history-{os.getpid()}"
        history.write(path, relays, groups)
        cls.addClassCleanup(os.unlink, path)
        cls.prometheus = Prometheus(path)
        cls.addClassCleanup(cls.prometheus.end)
        print(len(relays), "relays,", os.path.getsize(path) >> 20, "MiB of OpenMetrics")

    def test_the_dashboards_expressions(self):
        joined = "neap_unit_proportional_bytes * on (instance, unit) group_left (running) topk by (instance, unit) (1, neap_unit_info)"
        means = {each["metric"]["running"]: float(each["value"][1]) / GIB
                 for each in self.prometheus.query(f"avg by (running) ({joined})", time=self.end)}
        self.assertEqual({label: round(gib, 2) for label, gib in means.items()}, LAST)
        medians = self.prometheus.query(f"quantile by (running) (0.5, {joined})", time=self.end)
        self.assertEqual(len(medians), 5)

    def test_the_report(self):
        until = "2026-01-10T22:21:26"
        result = subprocess.run([NEAP, "experiment", "report", "guards", "--prometheus", self.prometheus.url, "--from", "2026-01-04T22:00",
                                 "--until", until, "--json"], capture_output=True, text=True, timeout=HANG_S)
        self.assertEqual(result.returncode, 0, result.stderr)
        found = {group["label"]: group for group in json.loads(result.stdout)["groups"]}
        for label, gib in LAST.items():
            self.assertAlmostEqual(found[label]["last"]["mean"] / GIB, gib, delta=0.006, msg=label)
            self.assertEqual(found[label]["last"]["instances"], 20)
        # One server: nothing to compare within several.
        self.assertEqual(json.loads(result.stdout)["within_hosts"]["effects"], [])


if __name__ == "__main__":
    unittest.main()
