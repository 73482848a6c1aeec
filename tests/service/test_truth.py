"""What neap says holds: verified means that processes were looked at, whatever the unit is like; what it cannot see it says."""
import json
import unittest

from machine import MULTIARCH, MachineTest

LIBRARY = f"/usr/lib/{MULTIARCH}/libneap.so"
DROP_IN = "/etc/systemd/system/{}.d/50-neap.conf"
STATE = "find /etc/systemd/system /var/lib/neap /etc/default -type f ! -name lock -exec md5sum {} + | sort; find /etc/systemd/system -type d"
SLEEPER = "ExecStart=/bin/sleep 1000"
# A master that replaces each worker that ends. Under neap's library a worker lives for a moment.
WORKERS = r"""
import os, time
def work():
    if b"neap" in open("/proc/self/environ", "rb").read():
        time.sleep(0.05)
        os.abort()
    time.sleep(1000)
def start():
    pid = os.fork()
    if pid == 0: work()
start(); start()
while True:
    os.wait()
    start()
"""
CHROOT = r"""
import os, time
os.chroot("/srv/jail"); os.chdir("/")
time.sleep(1000)
"""


class Truth(MachineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine.shell("mkdir -p /srv/jail /opt/allocators && neap enable nginx && neap disable nginx")

    def state(self):
        return self.machine.shell(STATE).stdout

    def script(self, name, text):
        self.machine.shell(f"cat >/usr/local/bin/{name}.py", input=text)
        return f"ExecStart=/usr/bin/python3 /usr/local/bin/{name}.py"

    def allocator(self, name, source=f"/usr/lib/{MULTIARCH}/libmimalloc.so.2"):
        self.machine.run("cp", "-L", source, f"/opt/allocators/{name}")
        return f"/opt/allocators/{name}"

    def children(self, unit, count):
        self.until(f"[ $(pgrep -c -P $(systemctl show -P MainPID {unit})) = {count} ]")

    def verified(self, unit, *arguments):
        self.neap("enable", unit, "--restart", "--watch", "0", *arguments, says="every process verified")
        self.assertEqual(self.row(unit)["state"], "on")

    def enabled(self, unit, *arguments):
        self.addCleanup(self.neap, "disable", "-q", unit)
        self.verified(unit, *arguments)

    # 1
    def test_no_process_is_not_verified(self):
        """Debian's postgresql.service runs /bin/true; the server is postgresql@15-main.service, a part of it."""
        wrapper = self.started("wrapper", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true")
        self.unit("wrapped@", SLEEPER, "PartOf=wrapper.service")
        self.machine.run("systemctl", "start", "wrapped@main")
        old, pid = self.state(), self.show("wrapped@main", "MainPID")
        self.neap("enable", wrapper, "--restart", "--watch", "0", code=125, says="no process that could be verified.*wrapped@main.service")
        self.assertEqual((self.state(), self.show("wrapped@main", "MainPID")), (old, pid))
        self.neap("enable", wrapper, says="no process now.*wrapped@main.service")
        self.neap("disable", wrapper)

    def test_a_unit_whose_processes_end_is_not_verified(self):
        unit = self.started("ender", "RemainAfterExit=yes\nExecStart=/bin/sh -c 'case $LD_PRELOAD in *neap*) exit 0;; esac; exec sleep 1000'")
        self.neap("enable", unit, "--restart", "--watch", "0", code=125, says="it has no process.*rolled back")

    # 2
    def test_a_unit_that_crashed_before_is_not_blamed_for_it(self):
        unit = self.started("survivor", f"Restart=always\nRestartSec=0\n{SLEEPER}")
        for command in (("enable", unit, "--watch", "1"), ("disable", unit)):
            self.machine.run("systemctl", "kill", "-s", "KILL", unit)
            self.until(f"[ $(systemctl show -P NRestarts {unit}) = 1 ] && systemctl is-active -q {unit}")
            self.neap(*command, "--restart")
            self.assertEqual(self.show(unit, "NRestarts"), "0")
        self.assertIsNone(self.row(unit))

    # 3
    def test_a_daemon_that_changes_its_root(self):
        unit = self.started("jailed", self.script("jailed", CHROOT))
        self.enabled(unit)
        self.assertEqual(self.row(unit)["processes"][0]["allocator"], "neap")

    def test_an_upgrade_of_the_library(self):
        unit = self.started("old", self.script("old", CHROOT))
        self.enabled(unit)
        self.machine.shell(f"cp {LIBRARY} {LIBRARY}.new && mv {LIBRARY}.new {LIBRARY}")
        row = self.row(unit)
        self.assertEqual(row["state"], "outdated")
        self.assertIn("runs the old library: restart to renew", row["remark"])
        self.machine.shell(f"cd /tmp && neap record --pid {self.show(unit, 'MainPID')} --interval 0.1 --duration 0.3 -o /tmp/old.neaprec")
        report = self.machine.shell("neap report /tmp/old.neaprec --csv /tmp/old.csv >/dev/null && cat /tmp/old.csv").stdout
        self.assertRegex(report.splitlines()[0], "live")
        header, first = (line.split(",") for line in report.splitlines()[:2])
        live = next(at for at, name in enumerate(header) if "live" in name)
        self.assertNotIn(first[live], ("", "0"))
        self.machine.run("systemctl", "restart", unit)
        self.assertEqual(self.row(unit)["state"], "on")

    def test_another_root_with_the_library_bound_into_it(self):
        root = "RootDirectory=/srv/other\nBindReadOnlyPaths=/usr /lib /lib64 /bin\nMountAPIVFS=yes"
        self.machine.shell("mkdir -p /srv/other/usr /srv/other/lib /srv/other/lib64 /srv/other/bin /srv/bare")
        unit = self.started("rooted", f"{root}\n{SLEEPER}")
        self.enabled(unit)
        self.assertEqual(self.row(unit)["processes"][0]["allocator"], "neap")
        unit = self.unit("bare", f"RootDirectory=/srv/bare\n{SLEEPER}")
        self.neap("enable", unit, code=2, says="RootDirectory.*or add BindReadOnlyPaths=")

    # 4
    def test_two_versions_of_an_allocator_by_path(self):
        unit = self.started("versions", SLEEPER)
        first, second = self.allocator("libmimalloc-2.0.9.so"), self.allocator("libmimalloc-2.1.7.so")
        self.enabled(unit, "-a", first)
        self.assertEqual([(each["allocator"], each["library"]) for each in self.row(unit)["processes"]], [("mimalloc", first)])
        self.neap("enable", unit, "-a", second)
        self.assertEqual(self.row(unit)["state"], "pending")
        self.verified(unit, "-a", second)

    def test_an_allocator_that_nobody_knows_by_name(self):
        unit = self.started("unknown", SLEEPER)
        self.enabled(unit, "-a", self.allocator("libfast.so"))
        self.assertEqual([each["allocator"] for each in self.row(unit)["processes"]], ["libfast.so"])

    def test_a_drop_in_with_another_allocator_is_replaced_and_comes_back(self):
        unit = self.unit("dropped", SLEEPER)
        for name, file in (("known", self.allocator("libmimalloc-2.0.9.so")), ("unknown", self.allocator("libfast.so"))):
            for place in ("10-early", "90-late"):
                with self.subTest(name=name, place=place):
                    folder = f"/etc/systemd/system/{unit}.d"
                    self.machine.shell(f"mkdir -p {folder} && cat >{folder}/{place}.conf && systemctl daemon-reload && systemctl restart {unit}",
                                       input=f"[Service]\nEnvironment=LD_PRELOAD={file}\n")
                    old = self.state()
                    self.verified(unit)
                    maps = self.machine.run("cat", f"/proc/{self.show(unit, 'MainPID')}/maps").stdout
                    self.assertNotIn("/opt/allocators", maps)
                    self.neap("disable", unit, "--restart")
                    self.assertEqual(self.state(), old)
                    self.assertIn(file, self.machine.run("cat", f"/proc/{self.show(unit, 'MainPID')}/maps").stdout)
                    self.machine.shell(f"rm -r {folder}; systemctl daemon-reload")

    # 5
    def test_a_crash_after_the_watch(self):
        unit = self.started("later", f"Restart=always\nRestartSec=0\n{SLEEPER}")
        self.enabled(unit)
        self.machine.run("systemctl", "kill", "-s", "KILL", unit)
        self.until(f"[ $(systemctl show -P NRestarts {unit}) = 1 ] && systemctl is-active -q {unit}")
        row = self.row(unit)
        self.assertEqual(row["state"], "flapping")
        self.assertRegex(row["remark"], "systemd restarted it 1 time since.*neap disable later.service --restart")
        self.machine.run("systemctl", "restart", unit)
        self.assertEqual(self.row(unit)["state"], "on")

    def test_a_unit_that_failed(self):
        unit = self.started("fails", SLEEPER)
        self.enabled(unit)
        self.machine.run("systemctl", "kill", "-s", "SEGV", unit)
        self.until(f"systemctl is-failed -q {unit}")
        row = self.row(unit)
        self.assertEqual(row["state"], "failed")
        self.assertRegex(row["remark"], "core-dump|signal")

    def test_workers_that_die_and_are_replaced(self):
        unit = self.started("master", self.script("master", WORKERS))
        self.children(unit, 2)
        self.neap("enable", unit, "--restart", "--watch", "600", code=125,
                  says="its workers die and are replaced.*rolled back; master.service runs as before")
        self.children(unit, 2)  # those that die later show in status
        self.machine.run("sleep", "1.1")
        self.neap("enable", unit, "-a", "libc", says="every process of it runs it")
        self.addCleanup(self.neap, "disable", unit)
        main = self.show(unit, "MainPID")
        self.machine.shell(f"pkill -KILL -P {main}")
        self.children(unit, 2)
        row = self.row(unit)
        self.assertEqual(row["state"], "flapping")
        self.assertIn("workers", row["remark"])

    def test_probation(self):
        unit = self.started("probationer", f"Restart=always\nRestartSec=0\n{SLEEPER}")
        old = self.state()
        self.verified(unit, "--probation", "100")
        self.assertIn("on probation", self.row(unit)["remark"])
        self.machine.run("systemctl", "kill", "-s", "KILL", unit)
        self.until(f"[ ! -e {DROP_IN.format(unit)} ] && ! systemctl is-active -q neap-probation-probationer.timer && systemctl is-active -q {unit}")
        self.until("systemctl is-failed -q neap-probation-probationer.service")  # who watches systemd's failures hears of it
        self.assertEqual(self.state(), old)
        self.assertIsNone(self.row(unit))
        self.machine.run("systemctl", "reset-failed", "neap-probation-probationer.service")
        self.verified(unit, "--probation", "1s")
        self.until("! systemctl is-active -q neap-probation-probationer.timer")
        self.assertEqual(self.row(unit)["remark"], "")
        self.neap("disable", unit)

    # 6
    def test_status_of_somebody_without_rights(self):
        self.started("secret", SLEEPER)
        result = self.machine.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "neap", "status", check=False)
        self.assertRegex(result.stderr, "cannot look into .* without root")
        self.assertNotIn("no service runs another allocator", result.stdout)
        self.assertEqual(result.returncode, 0)

    def test_what_is_no_allocator_is_refused(self):
        self.neap("enable", "nginx", "-a", f"/usr/lib/{MULTIARCH}/libz.so.1", code=2, says="exports no malloc")
        self.neap("enable", "nginx", "-a", self.allocator("lib with blanks.so"), code=2, says="holds a blank")
        self.neap("run", "-a", self.allocator("lib:colon.so"), "--", "true", code=2, says="a colon")

    def test_percent_signs_and_specifiers(self):
        unit = self.started("percent", SLEEPER)
        self.enabled(unit, "-a", self.allocator("lib100%.so"))
        self.neap("disable", unit)
        self.machine.shell(f"cp /usr/lib/{MULTIARCH}/libz.so.1 /opt/allocators/libpercent.so")
        unit = self.started("percent", f"Environment=LD_PRELOAD=/opt/allocators/lib%N.so\n{SLEEPER}")
        self.enabled(unit)
        self.assertIn("/opt/allocators/libpercent.so", self.machine.run("cat", f"/proc/{self.show(unit, 'MainPID')}/maps").stdout)
        self.allocator("libmimalloc-%N.so".replace("%N", "percent"))
        unit = self.started("percent", f"Environment=LD_PRELOAD=/opt/allocators/libmimalloc-%N.so\n{SLEEPER}")
        self.neap("disable", unit)
        self.verified(unit)
        self.assertNotIn("mimalloc", self.machine.run("cat", f"/proc/{self.show(unit, 'MainPID')}/maps").stdout)

    # 7
    def test_a_oneshot_at_work_is_left_to_it(self):
        unit = self.unit("backup", f"Type=oneshot\n{SLEEPER}")
        self.machine.run("systemctl", "start", "--no-block", unit)
        self.until(f"[ $(systemctl show -P MainPID {unit}) != 0 ]")
        pid = self.show(unit, "MainPID")
        self.neap("enable", unit, "--restart", says="is at work and is left to it")
        self.neap("disable", unit, "--restart")
        self.assertEqual(self.show(unit, "MainPID"), pid)

    def test_environment_files_that_are_not_there(self):
        self.machine.shell("ln -sfn /nowhere /etc/default/dangling; mkdir -p /etc/default/folder")
        unit = self.started("dangling", f"EnvironmentFile=-/etc/default/dangling\nEnvironmentFile=-/etc/default/folder\n{SLEEPER}")
        self.enabled(unit)

    def test_an_escaped_name_with_an_environment_file(self):
        self.machine.shell(f"echo LD_PRELOAD=/usr/lib/{MULTIARCH}/libz.so.1 >/etc/default/escaped")
        unit = self.started(r"data\x2dbase-x", f"EnvironmentFile=/etc/default/escaped\n{SLEEPER}")
        old = self.state()
        self.verified(unit)
        self.neap("disable", unit, "--restart")
        self.assertEqual(self.state(), old)

    def test_older_children_are_passed_over_and_named(self):
        unit = self.started("sessions", "KillMode=process\nExecStart=/bin/sh -c 'sleep 2000 & exec sleep 1000'")
        self.children(unit, 1)
        self.neap("enable", unit, "--restart", "--watch", "0", says="process \\d+ \\(sleep 2000\\) of sessions.service is older")
        row = self.row(unit)
        self.assertEqual((row["state"], len(row["processes"])), ("on", 3))
        self.assertIn("older processes", row["remark"])
        self.neap("disable", unit)

    def test_a_broken_journal_entry_blocks_nobody_else(self):
        self.neap("enable", "nginx")
        self.machine.shell("echo nonsense >/var/lib/neap/gone.service.json")
        self.assertEqual(self.row("gone.service")["state"], "broken")
        self.assertEqual(self.row("nginx.service")["state"], "stopped")
        self.neap("disable", "--all", code=125, says="gone.service.json cannot be read")
        self.assertIsNone(self.row("nginx.service"))
        self.machine.run("rm", "/var/lib/neap/gone.service.json")

    def test_one_bad_name_does_not_keep_the_others(self):
        self.neap("enable", "nginx", "nosuch", "b/d", "redis-server", code=2, says="2 of 4 failed: nosuch, b/d")
        self.assertEqual([self.row(unit)["state"] for unit in ("nginx.service", "redis-server.service")], ["stopped"] * 2)
        self.neap("disable", "nginx", "redis-server")

    def test_the_lock_is_waited_for(self):
        self.machine.shell("mkfifo /tmp/held; flock /var/lib/neap/lock sh -c 'echo >/tmp/held; read end </tmp/held' >/dev/null 2>&1 & "
                           "read begin </tmp/held; (neap enable nginx >/tmp/waited 2>&1; echo $? >>/tmp/waited) & "
                           "until grep -q 'waiting for another neap' /tmp/waited; do sleep 0.05; done; echo >/tmp/held; wait")
        self.assertEqual(self.machine.run("cat", "/tmp/waited").stdout.splitlines()[-1], "0")
        self.neap("disable", "nginx")

    # 8
    def test_a_second_time_changes_nothing(self):
        unit = self.started("twice", SLEEPER)
        for allocator in ("neap", "neap:decay_events=1000", self.allocator("libmimalloc-2.0.9.so"), "libc"):
            with self.subTest(allocator=allocator):
                command = ("enable", unit, "-a", allocator, "--restart", "--watch", "0", "--json")
                first = json.loads(self.neap(*command))
                self.assertEqual((first["changed"], first["targets"][0]["restarted"], first["targets"][0]["verified"]), (True, [unit], 1))
                pid, old = self.show(unit, "MainPID"), self.state()
                self.assertEqual(json.loads(self.neap(*command))["changed"], False)
                self.assertEqual((self.show(unit, "MainPID"), self.state()), (pid, old))
        self.assertTrue(json.loads(self.neap("disable", unit, "--json"))["changed"])
        self.assertFalse(json.loads(self.neap("disable", unit, "--json"))["changed"])


if __name__ == "__main__":
    unittest.main()
