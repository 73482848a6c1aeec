"""neap experiment over tor@ instances of a real systemd: assigned, switched in steps, read by hand and by the timer, reported."""
import json
import os
import re
import shutil
import unittest

from machine import MachineTest

INSTANCES = [f"tor@relay{number}.service" for number in (1, 2, 3, 4)]
PACKAGING = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging/systemd")


class Experiment(MachineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in os.listdir(PACKAGING):
            shutil.copy(os.path.join(PACKAGING, name), os.path.join(cls.machine.upper, "etc/systemd/system"))
        for instance in INSTANCES:
            cls.machine.run("tor-instance-create", re.search("@(.*)\\.", instance)[1])
        cls.machine.run("systemctl", "daemon-reload")
        cls.machine.run("systemctl", "start", *INSTANCES)

    def pids(self):
        return {each: self.machine.run("systemctl", "show", "-P", "MainPID", each).stdout.strip() for each in INSTANCES}

    def report(self, *arguments):
        return self.neap("experiment", "report", "relays", *arguments)

    def test_from_the_assignment_to_the_report(self):
        self.neap("experiment", "init", "relays", "--units", "tor@relay*", "-a", "libc,neap",
                  says="4 instances in 2 groups.*next: neap experiment start relays")
        steps = [re.search(r"enable (\S+) --allocator (\S+)", line).groups()
                 for line in self.neap("experiment", "start", "relays", "--dry-run").splitlines()]
        self.assertEqual(sorted(unit for unit, _ in steps), INSTANCES)
        self.assertEqual([sorted(allocator for _, allocator in step) for step in (steps[:2], steps[2:])], [["libc", "neap"]] * 2)
        before = self.pids()
        self.a_unit_that_fails_ends_the_start([unit for unit, _ in steps[:2]], dict(steps[2:]))
        switched = json.loads(self.neap("experiment", "start", "relays", "--step", "0", "--json"))["instances"]
        self.assertTrue(all(each["switched"] for each in switched))
        self.assertEqual(set(before.items()) & set(self.pids().items()), set())  # those on libc were restarted too
        self.everything_runs_as_assigned(dict(steps))
        self.it_is_read_and_reported(dict(steps))

    def a_unit_that_fails_ends_the_start(self, first_step, second_step):
        failing = next(unit for unit, allocator in second_step.items() if allocator == "neap")
        folder = f"/etc/systemd/system/{failing}.d"
        self.machine.shell(f"mkdir -p {folder} && cat >{folder}/10-fails.conf && systemctl daemon-reload",
                           input="[Service]\nExecStartPre=/bin/sh -c 'case \"$LD_PRELOAD\" in *neap*) exit 1;; esac'\n")
        self.neap("experiment", "start", "relays", "--step", "0", code=125,
                  says=rf"rolled back; {failing} runs as before.*\n.*{failing} could not be switched to neap")
        self.assertEqual(self.machine.run("systemctl", "is-active", *INSTANCES).stdout.split(), ["active"] * 4)
        self.assertEqual([self.row(unit)["state"] for unit in first_step], ["on", "on"])
        self.assertIsNone(self.row(failing))
        self.machine.shell(f"rm -r {folder} && systemctl daemon-reload")

    def everything_runs_as_assigned(self, assigned):
        for instance, allocator in assigned.items():
            row = self.row(instance)
            self.assertEqual((row["state"], row["configured"]), ("on", allocator))
            self.assertEqual([process["allocator"] for process in row["processes"]], [allocator])

    def it_is_read_and_reported(self, assigned):
        self.neap("experiment", "collect", "relays")
        self.machine.run("systemctl", "start", "neap-experiment@relays.service")  # what the timer starts
        self.machine.run("systemctl", "start", "neap-experiment@relays.timer")
        due = self.machine.run("systemctl", "show", "-P", "NextElapseUSecRealtime", "neap-experiment@relays.timer").stdout
        self.assertRegex(due, r"\d:(00|15|30|45):00")
        self.machine.run("systemctl", "stop", "neap-experiment@relays.timer")
        groups = {group["label"]: group for group in json.loads(self.report("--json"))["groups"]}
        self.assertEqual({label: group["instances"] for label, group in groups.items()}, {"libc": 2, "neap": 2})
        self.assertTrue(all(group["last"]["mean"] > 1 << 20 for group in groups.values()), groups)
        self.assertNotIn("(!)", self.report())
        self.report("-o", "/tmp/report.html", "--svg", "/tmp/report.svg")
        self.assertIn("</svg>", self.machine.run("cat", "/tmp/report.svg").stdout)
        self.assertIn("relays", self.machine.run("cat", "/tmp/report.html").stdout)
        # One that strays from its group shows at its next reading.
        strayed = next(each for each in INSTANCES if assigned[each] == "neap")
        self.neap("disable", strayed, "--restart")
        self.neap("experiment", "collect", "relays")
        self.assertRegex(self.report(), r"neap.*\(!\)")


if __name__ == "__main__":
    unittest.main()
