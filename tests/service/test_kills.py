"""kill -9 at every system call of neap enable and disable: nothing is lost, status tells what holds, disable ends it. And the
trace of both: a file is synced before it is renamed, its folder after.

NEAP_KILL_STEP=N takes every Nth only of those that name no file of the journal and no drop-in."""
import json
import os
import re
import unittest

from machine import MachineTest

STEP = int(os.environ.get("NEAP_KILL_STEP", "1"))
# Several things for one process to do: the machine is entered once for a killed neap and what is to be seen afterwards.
CASE = r"""
{prepare}
strace -qq -o /dev/null -e inject={call}:signal=KILL:when={number} neap {verb} {name} >/dev/null 2>&1
echo "killed $?"
echo "drop-in $(md5sum <{drop_in} 2>/dev/null | cut -c1-32)"
neap status --json | tr -d '\n'; echo
neap disable -q {name} || echo "disable ended with $?"
{left}
"""


class Killed(MachineTest):
    """A target, what is prepared for it, and what is to be left of it after neap disable."""
    name, unit, own_files = "nginx", "nginx.service", ()
    before, sparse = "", 1  # sparse: with a step, so many times fewer
    left, left_is = "find /etc/systemd/system/nginx* /var/lib/neap ! -name lock", ["/var/lib/neap"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.drop_in = f"/etc/systemd/system/{cls.unit}.d/50-neap.conf"
        cls.machine.shell(cls.before)
        cls.machine.run("neap", "enable", cls.name)  # the folder of the journal is there from now on
        cls.written = cls.machine.shell(f"md5sum <{cls.drop_in} | cut -c1-32").stdout.strip()
        cls.machine.run("neap", "disable", cls.name)

    def trace(self, verb):
        """Calls from the lock on, as (name, how often this call was made so far, line)."""
        self.machine.shell(f"strace -qq -y -o /tmp/trace neap {verb} {self.name}")
        lines = self.machine.run("cat", "/tmp/trace").stdout.splitlines()
        calls, counts, begun = [], {}, False
        for line in lines:
            match = re.match(r"(\w+)\(", line)
            if not match:
                continue
            name = match[1]
            counts[name] = counts.get(name, 0) + 1
            begun = begun or name == "flock"
            if begun and name not in ("exit_group", "execve"):
                calls.append((name, counts[name], line))
        return calls

    def killed_everywhere(self, verb, prepare, every_change=True):
        calls = self.calls_of_every_run(verb, prepare)
        self.assertGreater(len(calls), 30)
        seen = []
        changing = [call for call in calls if any(place in call[2] for place in ("/var/lib/neap", f"{self.unit}.d", *self.own_files))]
        others = [call for call in calls if call not in changing]
        sparse = self.sparse if STEP > 1 else 1
        for name, number, line in changing[::sparse] + others[::STEP * sparse] if every_change else calls[::STEP * sparse]:
            with self.subTest(call=line):
                seen.append(self.one_kill(verb, prepare, name, number))
        self.assertLess(seen.count("not reached"), len(seen) / 5)
        print(f"{verb}: killed at {len(seen)} of {len(calls)} calls: { {state: seen.count(state) for state in set(seen)} }")
        return set(seen)

    def calls_of_every_run(self, verb, prepare, runs=3):
        """How often systemd's socket is read and waited for differs: only calls that each of several runs made."""
        traces = []
        for _ in range(runs):
            self.machine.shell(prepare)
            traces.append(self.trace(verb))
            self.machine.shell(f"neap disable -q {self.name}")
        least = {name: min(sum(call == name for call, _, _ in trace) for trace in traces) for name, _, _ in traces[0]}
        first = {name: number for name, number, _ in reversed(traces[0])}  # before the lock there may be some too
        return [call for call in traces[0] if call[1] - first[call[0]] < least[call[0]]]

    def one_kill(self, verb, prepare, name, number):
        out = self.machine.shell(CASE.format(prepare=prepare, call=name, number=number, verb=verb, drop_in=self.drop_in,
                                             name=self.name, left=self.left), check=False).stdout.splitlines()
        if out[0] == "killed 0":  # how often systemd's socket is read differs from run to run
            return "not reached"
        self.assertEqual(out[0], "killed 137", out)
        drop_in, rows = out[1].removeprefix("drop-in").strip(), json.loads(out[2])
        row = next((row for row in rows if row["target"] == self.unit), None)
        empty = "d41d8cd98f00b204e9800998ecf8427e"
        self.assertIn(drop_in, ("", empty, self.written))
        if drop_in == self.written:
            self.assertIsNotNone(row, "a drop-in without a journal entry")
            self.assertIn(row["state"], ("on", "pending", "stopped", "failed"))  # failed: started too often
        elif row is not None:
            self.assertIn(row["state"], ("interrupted", "restored"))
        self.assertEqual(out[3:], self.left_is, "disable did not end it")
        return row["state"] if row else "none"


class Kills(Killed):
    def test_enable(self):
        states = self.killed_everywhere("enable", "")
        self.assertLessEqual({"none", "interrupted"}, states)
        self.assertTrue(states & {"stopped", "pending"}, states)

    def test_enable_with_restart(self):
        """Its change is that of test_enable; what comes after is killed at every STEP-th call."""
        states = self.killed_everywhere("enable --restart --watch 0", "systemctl reset-failed nginx; systemctl restart nginx", every_change=False)
        self.assertTrue(states & {"on", "pending"}, states)
        self.machine.run("systemctl", "stop", "nginx")

    def test_disable(self):
        states = self.killed_everywhere("disable", "neap enable -q nginx")
        self.assertLessEqual({"none", "restored"}, states)

    def test_cut_off_while_it_watches(self):
        """All processes run on it already, unverified: the row says so, and the next run keeps what memory was before."""
        self.machine.shell("systemctl reset-failed nginx; systemctl restart nginx; neap enable nginx --restart --watch 600 & pid=$!; "
                           "until neap status --json | grep -q '\"state\": \"on\"'; do sleep 0.1; done; kill -9 $pid")
        cut = self.row("nginx.service")
        self.assertEqual((cut["state"], cut["complete"]), ("on", False))
        self.assertIn("stopped before it had verified this", cut["remark"])
        self.neap("enable", "nginx", "--restart", "--watch", "0")
        whole = self.row("nginx.service")
        self.assertEqual((whole["state"], whole["complete"], whole["bytes_before"]), ("on", True, cut["bytes_before"]))
        self.neap("disable", "nginx", "--restart")
        self.machine.run("systemctl", "stop", "nginx")

    def test_synced_before_and_after_each_rename(self):
        for verb, renames in (("enable", 3), ("disable", 0)):  # journal, drop-in, journal: verified
            calls = self.trace(verb)
            changes = [at for at, (name, _, line) in enumerate(calls) if name in ("rename", "unlink") and line.endswith("= 0")]
            self.assertEqual(sum(calls[at][0] == "rename" for at in changes), renames)
            for at in changes:
                paths = re.findall(r'"([^"]+)"', calls[at][2])
                folder = os.path.dirname(paths[-1])
                if calls[at][0] == "rename":
                    synced = [line for name, _, line in calls[:at] if name == "fsync" and f"<{paths[0]}>" in line]
                    self.assertTrue(synced, f"{paths[0]} was renamed before it was synced")
                until = next((later for later in changes if later > at), len(calls))
                after = [line for name, _, line in calls[at:until] if name == "fsync" and f"<{folder}>" in line]
                self.assertTrue(after, f"{folder} was not synced after {calls[at][2]}")


class KillsOfPresets(Killed):
    """Two files of two owners: the drop-in, and what a daemon reads in place of its unit's environment."""
    name, unit, own_files = "postgresql@99-main", "postgresql@99-main.service", ("/etc/postgresql/99",)
    before = ("mkdir -p /etc/postgresql/99/main; echo \"A = 'b'\" >/etc/postgresql/99/main/environment; "
              "printf '[Service]\\nExecStart=/bin/sleep 1000\\n' >/run/systemd/system/postgresql@99-main.service; systemctl daemon-reload")
    left = "find /etc/systemd/system/postgresql@99* /var/lib/neap ! -name lock; cat /etc/postgresql/99/main/environment"
    left_is = ["/var/lib/neap", "A = 'b'"]
    sparse = 5

    def test_enable_and_disable(self):
        self.assertLessEqual({"none", "interrupted"}, self.killed_everywhere("enable", ""))
        self.killed_everywhere("disable", f"neap enable -q {self.name}")


class KillsOfSteps(Killed):
    """A template by steps: instances' drop-ins one after the other, and the template's in their place."""
    name, unit, own_files = "fleet@", "fleet@.service", ("fleet@",)
    before = ("printf '[Service]\\nExecStart=/bin/sleep 1000\\n' >/run/systemd/system/fleet@.service; systemctl daemon-reload; "
              "systemctl start fleet@1 fleet@2 fleet@3")
    left = "find /etc/systemd/system/fleet* /var/lib/neap ! -name lock"
    sparse = 15

    def test_enable_by_steps(self):
        self.killed_everywhere("enable --restart --watch 0 --step 2", "systemctl restart 'fleet@*'", every_change=STEP == 1)


if __name__ == "__main__":
    unittest.main()
