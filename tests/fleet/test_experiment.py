"""neap experiment over hosts, from a real Prometheus: what is reported of a made fleet is what was put in, and bad input is told."""
import json
import os
import subprocess
import time
import unittest

from made_fleet import MadeFleet
from prometheus import HANG_S, Prometheus, free_port

NEAP = os.environ["NEAP"]
RATIO = 0.6


def neap(*arguments):
    return subprocess.run([NEAP, *arguments], capture_output=True, text=True, timeout=HANG_S, env={**os.environ, "NO_COLOR": "1"})


class OverHosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.now = int(time.time()) // 600 * 600  # and every report ends there: the same readings whenever the test runs
        cls.switched = cls.now - 7200
        path = f"/tmp/neap-made-experiment-{os.getpid()}"
        cls.addClassCleanup(os.unlink, path)
        MadeFleet(cls.now - 3 * 3600, cls.now + 600, hosts=6, relays=4, step=120, ratio=RATIO, switched=cls.switched).write(path)
        cls.prometheus = Prometheus(path)
        cls.addClassCleanup(cls.prometheus.end)

    def report(self, *arguments, code=0, name="guards", url=None):
        until = [] if "--until" in arguments else ["--until", time.strftime("%Y-%m-%dT%H:%M", time.gmtime(self.now))]
        result = neap("experiment", "report", name, "--prometheus", url or self.prometheus.url, *until, *arguments)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result.stdout if code == 0 else result.stderr

    def effects(self, *arguments):
        found = json.loads(self.report("--json", *arguments))
        return found, {each["quantity"]: each for each in found["within_hosts"]["effects"]}

    def test_the_effect_that_was_put_in(self):
        found, effects = self.effects()
        memory = effects["memory"]
        self.assertEqual((memory["group"], memory["hosts"], memory["instances"], memory["adjusted"]), ("neap", 6, 24, True))
        self.assertTrue(memory["low"] < RATIO < memory["high"], memory)
        self.assertLess(memory["high"] - memory["low"], 0.1)
        self.assertLess(memory["chance"], 0.001)
        self.assertAlmostEqual(effects["CPU"]["ratio"], 0.082 / 0.08, places=2)
        self.assertEqual({each["quantity"]: (each["events"], each["baseline_events"]) for each in found["within_hosts"]["events"]},
                         {"restarts": (0, 0), "OOM kills": (0, 0)})
        self.assertGreaterEqual(found["from_unix_s"], self.switched)
        self.assertEqual({each["label"]: each["instances"] for each in found["groups"]}, {"libc": 12, "neap": 12})
        self.assertRegex(self.report(), r"neap +memory \(adjusted\) +0\.[56]\d\d +0\.\d+ to 0\.\d+ +<0\.001 +6 +24\n")

    def test_a_time_after_the_switch_has_no_memory_before(self):
        _, effects = self.effects("--from", time.strftime("%Y-%m-%dT%H:%M", time.gmtime(self.switched + 600)))
        self.assertFalse(effects["memory"]["adjusted"])
        self.assertAlmostEqual(effects["memory"]["ratio"], RATIO, delta=0.12)

    def test_a_look_is_paid_for(self):
        _, whole = self.effects()
        _, early = self.effects("--look", "2/5")
        self.assertEqual(whole["memory"]["level"], 0.95)
        self.assertGreater(early["memory"]["level"], 0.995)
        self.assertGreater(early["memory"]["high"] - early["memory"]["low"], 1.5 * (whole["memory"]["high"] - whole["memory"]["low"]))
        self.assertIn("Look 2 of 5", self.report("--look", "2/5"))

    def test_charts_and_tables(self):
        folder = self.prometheus.folder
        self.report("-o", f"{folder}/r.html", "--svg", f"{folder}/r.svg", "--csv", f"{folder}/r.csv", "--md", f"{folder}/r.md")
        with open(f"{folder}/r.csv") as file:
            self.assertIn("h1.internal:9100/tor@relay1.service,neap,", file.read())
        with open(f"{folder}/r.md") as file:
            self.assertIn("| AGAINST libc |", file.read())

    def test_bad_input(self):
        closed = f"http://127.0.0.1:{free_port()}"
        for arguments, code, wanted in (
                (dict(url="prometheus:9090"), 2, "'prometheus:9090' is no address of a Prometheus, such as http://127.0.0.1:9090"),
                (dict(url=closed), 125, f"no answer from '{closed}' (curl ended with exit code 7)"),
                (dict(url=self.prometheus.url + "/consoles"), 125, f"what answers at '{self.prometheus.url}/consoles' is no Prometheus"),
                (dict(name="none"), 2, "has no instance of an experiment 'none' from")):
            with self.subTest(wanted):
                self.assertIn(wanted, self.report(code=code, **arguments))
        for look in ("0/5", "6/5", "5", "2/5x", "x"):
            self.assertIn(f"--look takes which of how many planned, such as 2/5, not '{look}'", self.report("--look", look, code=2))


if __name__ == "__main__":
    unittest.main()
