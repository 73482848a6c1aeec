"""neap enable, disable and status on Debian's own services under a real systemd."""
import re
import unittest

from machine import HANG_S, MachineTest

DROP_IN = "/etc/systemd/system/{}.d/50-neap.conf"
STATE = "find /etc/systemd/system /var/lib/neap /etc/default -type f ! -name lock -exec md5sum {} + | sort; find /etc/systemd/system -type d"


class Units(MachineTest):
    def state(self):
        return self.machine.shell(STATE).stdout

    def there_and_back(self, unit, allocator="neap", before="libc"):
        self.machine.run("systemctl", "start", unit)
        self.addCleanup(self.machine.run, "systemctl", "stop", unit, check=False)
        old = self.state()
        self.neap("enable", unit, "-a", allocator, "--restart", "--watch", "1", says="every process verified")
        row = self.row(unit)
        self.assertEqual((row["state"], row["configured"]), ("on", allocator))
        self.assertEqual({process["allocator"] for process in row["processes"]}, {allocator})
        self.assertGreater(row["bytes_before"], 1 << 20)
        self.assertGreater(row["bytes_now"], 1 << 20)
        self.neap("disable", unit, "--restart")
        self.assertEqual(self.state(), old)
        row = self.row(unit)
        if before == "libc":
            self.assertIsNone(row)
        else:
            self.assertEqual({process["allocator"] for process in row["processes"]}, {before})

    def test_a_restart_by_systemd_before_is_none_of_the_switch(self):
        """While a service that crashed once stops slowly, systemd still tells of the restart from then."""
        unit = self.unit("slow", "ExecStart=/bin/sh -c 'trap \"sleep 2; exit 0\" TERM; sleep infinity & wait'\nRestart=on-failure")
        self.machine.shell(f"systemctl start {unit} && kill -9 $(systemctl show -P MainPID {unit})")
        self.machine.shell(f"until [ $(systemctl show -P NRestarts {unit}) = 1 ]; do sleep 0.1; done; until systemctl is-active -q {unit}; do sleep 0.1; done")
        self.neap("enable", unit, "--restart", "--watch", "1", says="every process verified")
        self.neap("disable", unit, "--restart")

    def test_redis(self):
        self.there_and_back("redis-server.service", before="jemalloc")

    def test_nginx(self):
        self.there_and_back("nginx.service")

    def test_tor_default(self):
        self.there_and_back("tor@default.service")

    def test_another_allocator(self):
        self.there_and_back("nginx.service", "mimalloc")

    def test_instances_and_template(self):
        for name in ("one", "two"):
            self.machine.run("tor-instance-create", name)
        units = ["tor@one.service", "tor@two.service"]
        self.there_and_back(units[0])
        self.machine.run("systemctl", "start", *units)
        old = self.state()
        self.neap("enable", "tor@", "--restart", "--watch", "1", says="tor@.service runs on neap")
        row = self.row("tor@.service")
        self.assertEqual((row["state"], len(row["processes"])), ("on", 2))
        # An instance of its own mind: its drop-in covers the template's.
        self.neap("enable", "tor@two", "-a", "jemalloc", "--restart", "--watch", "1")
        self.assertEqual([process["allocator"] for process in self.row("tor@two.service")["processes"]], ["jemalloc"])
        self.assertEqual(len(self.row("tor@.service")["processes"]), 1)
        self.neap("disable", "--all", "--restart")
        self.assertEqual(self.state(), old)
        self.machine.run("systemctl", "stop", *units)

    def test_a_process_of_systemd_beside_the_units_own(self):
        """A unit with PAMName= has one, (sd-pam), which systemd forks from itself: no allocator of the unit is in it."""
        self.machine.shell("for kind in account session; do echo $kind required pam_permit.so; done >/etc/pam.d/permit")
        unit = self.unit("session", "PAMName=permit\nUser=daemon\nExecStart=/bin/sleep 1000")
        self.machine.run("systemctl", "start", unit)
        self.machine.shell(f"timeout {HANG_S} sh -c 'until systemctl status {unit} | grep -q sd-pam; do sleep 0.1; done'")
        self.neap("enable", unit, "--restart", "--watch", "1", says="every process verified")
        self.assertEqual([process["name"] for process in self.row(unit)["processes"]], ["sleep"])
        self.neap("disable", unit, "--restart")

    def test_pending_until_restarted(self):
        self.machine.run("systemctl", "start", "nginx")
        self.neap("enable", "nginx", says="pending until it is restarted")
        self.assertEqual(self.row("nginx.service")["state"], "pending")
        self.neap("enable", "nginx", says="pending until it is restarted")
        self.machine.run("systemctl", "restart", "nginx")
        self.assertEqual(self.row("nginx.service")["state"], "on")
        self.neap("enable", "nginx", says="every process of it runs it")
        self.neap("disable", "nginx", says="keeps its allocator until it is restarted")
        self.assertEqual(self.row("nginx.service")["state"], "leaving")
        self.machine.run("systemctl", "stop", "nginx")
        self.neap("enable", "nginx", says="from its next start")
        self.assertEqual(self.row("nginx.service")["state"], "stopped")
        self.neap("disable", "nginx")

    def test_dry_run_changes_nothing_and_shows_all(self):
        old = self.state()
        shown = self.neap("enable", "nginx", "--dry-run")
        self.assertEqual(self.state(), old)
        self.neap("enable", "nginx")
        written = self.machine.run("cat", DROP_IN.format("nginx.service")).stdout
        self.assertEqual([line[2:] for line in shown.splitlines() if line.startswith("+ ")], written.splitlines())
        self.assertIn("- [Service]", self.neap("disable", "nginx", "--dry-run"))
        self.neap("disable", "nginx")
        self.assertEqual(self.state(), old)

    def test_a_limit_of_memory_is_told_and_heeded(self):
        unit = self.unit("limited", "MemoryMax=200M\nExecStart=/bin/sleep 1000")
        self.machine.run("systemctl", "start", unit)
        old = self.state()
        self.neap("enable", unit, "--dry-run", says="MemoryMax: limited.service has 200 MiB; with --soft-limit")
        self.neap("enable", unit, "--soft-limit", "-a", "libc", code=2, says="--soft-limit goes with the allocator neap")
        shown = self.neap("enable", unit, "--soft-limit", "--dry-run")
        self.assertIn('+ Environment="NEAP_OPTIONS=soft_limit:cgroup"', shown.splitlines())
        self.assertNotIn("with --soft-limit", shown)
        self.neap("enable", unit, "--soft-limit", "--restart", "--watch", "1", says="every process verified")
        self.assertEqual(self.row(unit)["configured"], "neap:soft_limit=cgroup")
        self.neap("disable", unit, "--restart")
        self.assertEqual(self.state(), old)

    def test_misuse_is_looked_for_where_asked(self):
        unit = self.unit("looked-into", "ExecStart=/bin/sleep 1000")
        self.machine.run("systemctl", "start", unit)
        old = self.state()
        self.neap("enable", unit, "--find-misuse", "-a", "libc", code=2, says="--find-misuse goes with the allocator neap")
        self.neap("enable", unit, "--no-leaks", code=2, says="belong to --find-misuse")
        self.neap("enable", unit, "--find-misuse", "--no-leaks", "--restart", "--watch", "1", says="every process verified")
        written = self.machine.run("cat", DROP_IN.format(unit)).stdout
        self.assertRegex(written, r'"LD_PRELOAD=/\S+/libneap-misuse\.so:/\S+/libneap\.so\S*"')
        for line in ("NEAP_OPTIONS=hardened:1", "NEAP_FIND_MISUSE=stderr", "NEAP_FIND_MISUSE_LEAVES=leaks"):
            self.assertIn(f'Environment="{line}"', written.splitlines())
        self.neap("disable", unit, "--restart")
        self.assertEqual(self.state(), old)

    def test_rolls_back_what_does_not_start(self):
        unit = self.unit("crasher", "ExecStart=/bin/sh -c 'case $LD_PRELOAD in *neap*) kill -SEGV $$$$;; esac; exec sleep 1000'")
        self.rolls_back(unit, "rolled back; crasher.service runs as before", watch=600)

    def test_rolls_back_what_flaps(self):
        unit = self.unit("flapper", "Restart=always\nRestartSec=0\n"
                         "ExecStart=/bin/sh -c 'case $LD_PRELOAD in *neap*) sleep 1; exit 1;; esac; exec sleep 1000'")
        self.rolls_back(unit, "restarted it.*rolled back; flapper.service runs as before", watch=600)

    def test_rolls_back_when_one_process_does_not_run_it(self):
        unit = self.unit("mixed", "ExecStart=/bin/sh -c 'LD_PRELOAD= sleep 1000 & exec sleep 2000'")
        self.rolls_back(unit, "sleep 1000.*does not run neap.*rolled back")

    def rolls_back(self, unit, says, watch=3):
        """`watch`: seconds after which all counts as well. What has to fail within them ends them."""
        self.machine.run("systemctl", "start", unit)
        old = self.state()
        self.neap("enable", unit, "--restart", "--watch", str(watch), code=125, says=says)
        self.assertEqual(self.state(), old)
        self.assertEqual(self.machine.run("systemctl", "is-active", unit).stdout, "active\n")
        self.assertIsNone(self.row(unit))
        # What was pending and fails at its restart goes back as well.
        self.neap("enable", unit)
        self.neap("enable", unit, "--restart", "--watch", str(watch), code=125, says=says)
        self.assertEqual(self.state(), old)

    def test_a_preload_of_an_environment_file_is_kept(self):
        extra = "/usr/lib/x86_64-linux-gnu/libz.so.1"
        self.machine.shell(f"echo LD_PRELOAD={extra} >/etc/default/keeper")
        unit = self.unit("keeper", "EnvironmentFile=/etc/default/keeper\nExecStart=/bin/sleep 1000")
        self.machine.run("systemctl", "start", unit)
        old = self.state()
        self.neap("enable", unit, "--restart", "--watch", "1", says=f"LD_PRELOAD={extra} of /etc/default/keeper becomes")
        pid = self.machine.run("systemctl", "show", "-P", "MainPID", unit).stdout.strip()
        maps = self.machine.run("cat", f"/proc/{pid}/maps").stdout
        self.assertRegex(maps, r"libneap\.so")
        self.assertRegex(maps, r"libz\.so")
        self.neap("enable", unit, "-a", "jemalloc", "--restart", "--watch", "1")
        self.neap("disable", unit, "--restart")
        self.assertEqual(self.state(), old)

    def test_an_edit_by_hand_is_never_overwritten(self):
        old = self.state()
        self.neap("enable", "nginx")
        path = DROP_IN.format("nginx.service")
        self.machine.shell(f"cp {path} /tmp/saved && echo '# mine' >>{path}")
        edited = self.state()
        for command in (("enable", "nginx"), ("enable", "nginx", "-a", "jemalloc"), ("disable", "nginx")):
            self.neap(*command, code=2, says="was edited since neap wrote it")
        self.assertEqual(self.row("nginx.service")["state"], "edited")
        self.assertEqual(self.state(), edited)
        self.machine.shell(f"cat /tmp/saved >{path}")
        self.neap("disable", "nginx")
        self.assertEqual(self.state(), old)

    def test_a_drop_in_of_that_name_which_is_not_ours(self):
        path = DROP_IN.format("nginx.service")
        self.machine.shell(f"mkdir -p {path.rsplit('/', 1)[0]} && printf '[Service]\\nNice=3\\n' >{path}")
        old = self.state()
        self.neap("enable", "nginx", code=2, says="not by neap's journal")
        self.assertEqual(self.state(), old)
        self.machine.shell(f"rm -r {path.rsplit('/', 1)[0]}")

    def test_removed_by_hand(self):
        self.neap("enable", "nginx")
        self.machine.run("rm", DROP_IN.format("nginx.service"))
        self.assertEqual(self.row("nginx.service")["state"], "restored")
        self.neap("enable", "nginx")
        self.neap("disable", "nginx")
        self.assertIsNone(self.row("nginx.service"))

    def test_what_is_no_service(self):
        self.neap("enable", "nosuch", code=2, says="there is no nosuch.service")
        self.neap("enable", "dbus.socket", code=2, says="name the service it starts")
        self.neap("enable", "systemd-udevd", code=2, says="is masked")
        self.neap("enable", code=2, says="name a unit")
        self.neap("disable", "nginx", says="nothing to do")

    def test_obstacles_are_named_before_the_switch(self):
        old = self.state()
        cases = {"NoExecPaths=/usr/lib\nExecPaths=/usr/bin": "NoExecPaths", "RootDirectory=/srv": "RootDirectory",
                 "SystemCallFilter=~madvise": "SystemCallFilter", "UnsetEnvironment=LD_PRELOAD": "UnsetEnvironment"}
        for setting, subject in cases.items():
            unit = self.unit("hardened", f"{setting}\nExecStart=/bin/sleep 1000")
            self.neap("enable", unit, code=2, says=subject)
            self.machine.run("rm", "/run/systemd/system/hardened.service")
        unit = self.unit("static", "ExecStart=/bin/busybox sleep 1000")
        self.neap("enable", unit, code=2, says="statically linked")
        self.machine.shell("install -m 600 /usr/lib/x86_64-linux-gnu/libneap.so /opt/libneap.so")
        unit = self.unit("dynamic", "DynamicUser=yes\nExecStart=/bin/sleep 1000")
        self.neap("enable", unit, "-a", "/opt/libneap.so", code=2, says="DynamicUser")
        self.assertEqual(self.state(), old)

    def test_a_read_only_etc(self):
        old = self.state()
        self.machine.shell("mount --bind /etc /etc && mount -o remount,bind,ro /etc")
        self.addCleanup(self.machine.run, "umount", "/etc", check=False)
        self.neap("enable", "nginx", code=2, says="Read-only file system; make the file system writable")
        self.machine.run("umount", "/etc")
        self.assertEqual(self.state(), old)
        self.assertIsNone(self.row("nginx.service"))

    def test_a_full_disk(self):
        old = self.state()
        for place in ("/var/lib/neap", "/etc/systemd/system/nginx.service.d"):
            self.machine.shell(f"mkdir -p {place} && mount -t tmpfs -o size=4k tmpfs {place}; cat /dev/zero >{place}/fill", check=False)
            result = self.machine.run("neap", "enable", "nginx", check=False)
            self.machine.run("umount", place)
            self.assertEqual(result.returncode, 125, result.stdout)
            self.assertRegex(result.stderr, r"No space left on device; make room and try again")
        self.machine.run("rmdir", "/etc/systemd/system/nginx.service.d")
        self.assertEqual(self.state(), old)

    def test_going_back_needs_no_room(self):
        self.neap("enable", "nginx")
        place = "/etc/systemd/system/nginx.service.d"
        self.machine.shell(f"cp -a {place}/50-neap.conf /run && mount -t tmpfs -o size=8k,mode=755 tmpfs {place} && mv /run/50-neap.conf {place}")
        self.machine.shell(f"cat /dev/zero >{place}/fill", check=False)
        result = self.machine.run("neap", "disable", "nginx", check=False)
        left = self.machine.run("ls", place).stdout
        self.machine.run("umount", place)
        self.assertEqual((result.returncode, left), (0, "fill\n"), result.stderr)
        self.machine.run("rm", "-r", place)

    def test_two_at_once(self):
        self.neap("enable", "nginx")
        self.neap("disable", "nginx")
        result = self.machine.shell("flock /var/lib/neap/lock neap enable nginx --wait 0", check=False)
        self.assertEqual(result.returncode, 125)
        self.assertRegex(result.stderr, r"another neap \(pid \d+\) is changing this system")
        self.machine.shell("for n in 1 2 3 4 5 6; do neap enable nginx & done; wait", check=False)
        self.assertRegex(self.neap("disable", "nginx"), re.escape("nginx.service is as it was before neap"))


if __name__ == "__main__":
    unittest.main()
