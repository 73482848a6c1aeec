"""neap enable TEMPLATE@ --step: canaries and steps, a step that fails, going on, and 200 instances."""
import json
import os
import time
import unittest

from machine import MachineTest

STATE = "find /etc/systemd/system /var/lib/neap -type f ! -name lock -exec md5sum {} + | sort; find /etc/systemd/system -type d"
NUMBERS = range(1, 9)
SLEEPER = "ExecStart=/bin/sleep 1000"
FLEET = int(os.environ.get("NEAP_FLEET", "200"))


class Steps(MachineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine.shell("neap enable nginx && neap disable nginx")

    def instances(self, numbers=NUMBERS):
        return [f"fleet@{number:03}.service" for number in numbers]

    def start(self, service, numbers=NUMBERS):
        self.unit("fleet@", service)
        self.machine.run("systemctl", "start", *self.instances(numbers))
        return self.machine.shell(STATE).stdout

    def rows(self):
        return {row["target"]: row for row in json.loads(self.neap("status", "--json"))}

    def enable(self, *arguments, **options):
        return self.neap("enable", "fleet@", "--restart", "--watch", "0", *arguments, **options)

    def test_by_steps_and_back(self):
        old = self.start(SLEEPER)
        shown = self.enable("--canary", "2", "--step", "30%", "--dry-run")
        self.assertEqual([line.count("fleet@") for line in shown.splitlines() if line.startswith("step")], [2, 3, 3])
        self.assertEqual(self.machine.shell(STATE).stdout, old)
        # One of its own mind is left alone.
        self.neap("enable", "fleet@008", "-a", "jemalloc", "--restart", "--watch", "0")
        result = json.loads(self.enable("--canary", "2", "--step", "30%", "--json"))
        self.assertEqual((result["changed"], len(result["targets"][0]["restarted"])), (True, 7))
        rows = self.rows()
        self.assertEqual({row: each["state"] for row, each in rows.items()}, {"fleet@.service": "on", "fleet@008.service": "on"})
        self.assertEqual(len(rows["fleet@.service"]["processes"]), 7)
        self.assertGreater(rows["fleet@.service"]["bytes_before"], 7 << 17)  # of all the steps
        self.assertFalse(json.loads(self.enable("--canary", "2", "--step", "30%", "--json"))["changed"])
        self.machine.run("systemctl", "start", "fleet@new")  # the template's own drop-in
        self.assertEqual({each["allocator"] for each in self.rows()["fleet@.service"]["processes"]}, {"neap"})
        self.neap("disable", "fleet@", "fleet@008", "--restart")
        self.assertEqual((self.machine.shell(STATE).stdout, self.rows()), (old, {}))

    def test_a_failure_takes_its_own_step_back_and_the_same_command_goes_on(self):
        old = self.start("ExecStart=/bin/sh -c 'case $LD_PRELOAD in *neap*) [ -e /tmp/bad-%i ] && exit 1;; esac; exec sleep 1000'")
        self.machine.shell("touch /tmp/bad-005")
        text = self.machine.run("neap", "enable", "fleet@", "--restart", "--watch", "0", "--canary", "2", "--step", "3", check=False)
        self.assertEqual(text.returncode, 125)
        self.assertRegex(text.stderr, r"step 2 of 3: fleet@005.service under neap: .*rolled back; fleet@003.service runs as before.*the steps before it stay")
        rows = self.rows()
        self.assertEqual(sorted(rows), self.instances((1, 2)))
        self.assertEqual({row["state"] for row in rows.values()}, {"on"})
        pids = [self.show(unit, "MainPID") for unit in self.instances((1, 2))]
        self.machine.run("rm", "/tmp/bad-005")
        self.enable("--canary", "2", "--step", "3", says="2 of 8 instances run neap already")
        self.assertEqual([self.show(unit, "MainPID") for unit in self.instances((1, 2))], pids)
        self.assertEqual(sorted(self.rows()), ["fleet@.service"])
        self.neap("disable", "fleet@", "--restart")
        self.assertEqual(self.machine.shell(STATE).stdout, old)

    def test_back_from_the_middle(self):
        old = self.start("ExecStart=/bin/sh -c 'case $LD_PRELOAD-%i in *neap*-003) exit 1;; esac; exec sleep 1000'")
        self.enable("--step", "2", code=125, says="step 2 of 4")
        self.neap("disable", "fleet@", "--restart")
        self.assertEqual((self.machine.shell(STATE).stdout, self.rows()), (old, {}))

    def test_usage(self):
        self.neap("enable", "fleet@", "--step", "10%", code=2, says="--step restarts instances")
        self.neap("enable", "nginx", "--restart", "--step", "10%", code=2, says="is for the instances of a template")
        self.neap("enable", "fleet@", "--restart", "--canary", "2", code=2, says="--canary goes before steps")
        self.start(SLEEPER, (1,))
        for step in ("0", "x", "101%", "%"):
            self.enable("--step", step, code=2, says="is no step")

    def test_many_instances(self):
        """The status of 200 instances within 2 s of processor time, which does not depend on what else runs."""
        self.start(SLEEPER, range(FLEET))
        began = time.monotonic()
        self.enable("--canary", "2", "--step", "25%")
        print(f"{FLEET} instances switched in {time.monotonic() - began:.1f} s")
        used = self.machine.shell("{ bash -c 'TIMEFORMAT=\"%U %S %R\"; time neap status --json >/tmp/status'; } 2>&1").stdout.split()
        print("status: user, system and real seconds", used)
        self.assertEqual(len(self.rows()["fleet@.service"]["processes"]), FLEET)
        self.assertLess(sum(map(float, used[:2])), 2)
        self.neap("disable", "fleet@")


if __name__ == "__main__":
    unittest.main()
