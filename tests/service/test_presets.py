"""Daemons that start their processes with an environment of their own: neap says it where they take it from, and takes it back.
A stand-in for pg_ctlcluster, which passes on what the cluster's file says and nothing else; sshd and php-fpm themselves."""
import unittest

from machine import MULTIARCH, MachineTest

LIBRARY = f"/usr/lib/{MULTIARCH}/libneap.so"
CONFIGURATION = "find /etc/postgresql /etc/ssh /etc/php /etc/systemd/system -type f -exec md5sum {} + | sort"
STARTER = r"""#!/bin/sh
exec env -i $(sed -n "s/^\([A-Z_]*\) = '\(.*\)'$/\1=\2/p" /etc/postgresql/99/main/environment) sleep 1000
"""


class Presets(MachineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine.shell("mkdir -p /etc/postgresql/99/main; echo \"A = 'b'\" >/etc/postgresql/99/main/environment; neap enable nginx; neap disable nginx")
        cls.machine.shell("cat >/usr/local/bin/start-cluster && chmod 755 /usr/local/bin/start-cluster", input=STARTER)

    def state(self):
        return self.machine.shell(CONFIGURATION).stdout

    def test_a_server_with_an_environment_of_its_own(self):
        unit = self.started("postgresql@99-main", "ExecStart=/usr/local/bin/start-cluster")
        old = self.state()
        self.neap("doctor", unit, says="PostgreSQL +starts its server with an environment of their own: said in /etc/postgresql/99/main/environment")
        self.neap("enable", unit, "-a", "neap:decay_events=1000", "--restart", "--watch", "0", says="every process verified")
        self.assertEqual((self.row(unit)["state"], self.row(unit)["remark"]), ("on", ""))
        environment = self.machine.shell("cat /etc/postgresql/99/main/environment").stdout
        self.assertEqual(environment, f"A = 'b'\nLD_PRELOAD = '{LIBRARY}'\nNEAP_OPTIONS = 'decay_events:1000'\n")
        self.neap("enable", unit, "-a", "jemalloc", "--restart", "--watch", "0", says="every process verified")
        self.assertNotIn("NEAP_OPTIONS", self.machine.shell("cat /etc/postgresql/99/main/environment").stdout)
        # Its file is edited further, and neap's part of it goes all the same.
        self.machine.shell("echo \"C = 'd'\" >>/etc/postgresql/99/main/environment")
        self.assertEqual(self.row(unit)["state"], "on")
        self.neap("disable", unit, "--restart")
        self.assertEqual(self.machine.shell("cat /etc/postgresql/99/main/environment").stdout, "A = 'b'\nC = 'd'\n")
        self.machine.shell("sed -i /C/d /etc/postgresql/99/main/environment")
        self.assertEqual(self.state(), old)

    def test_a_failure_takes_both_files_back(self):
        unit = self.started("postgresql@99-main", "ExecStartPre=/bin/sh -c '! grep -q neap /etc/postgresql/99/main/environment'\n"
                            "ExecStart=/usr/local/bin/start-cluster")
        old = self.state()
        self.neap("enable", unit, "--restart", "--watch", "0", code=125, says="rolled back; postgresql@99-main.service runs as before")
        self.assertEqual(self.state(), old)

    def test_sessions_and_children_where_asked_for(self):
        old = self.state()
        self.neap("doctor", "ssh", says="OpenSSH +starts its sessions .*on libc\n.*neap enable ssh.service --children")
        self.neap("enable", "ssh", "php8.2-fpm", "--children")
        shown = self.machine.shell("mkdir -p /run/sshd && /usr/sbin/sshd -T").stdout
        self.assertIn(f"setenv LD_PRELOAD={LIBRARY}", shown)
        self.assertIn(f"env[LD_PRELOAD] = {LIBRARY}", self.machine.shell("php-fpm8.2 -tt 2>&1").stdout)
        self.neap("disable", "ssh", "php8.2-fpm")
        self.assertEqual(self.state(), old)


if __name__ == "__main__":
    unittest.main()
