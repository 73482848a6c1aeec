"""The Debian packages of packaging.deb in the booted machine: apt installs them, services and the system are switched, and apt
removes them. NEAP_DEBS: the folder they lie in."""
import glob
import json
import os
import unittest

from machine import MULTIARCH, MachineTest

LIBRARY = f"/usr/lib/{MULTIARCH}/libneap.so.0"
UNITS = ("nginx.service", "redis-server.service", "tor@.service")
APT = "DEBIAN_FRONTEND=noninteractive apt-get -y -q"


class Package(MachineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine.shell(f"rm /usr/bin/neap /usr/lib/{MULTIARCH}/libneap*; mkdir /packages")  # what machine.py put there
        for package in glob.glob(os.path.join(os.environ["NEAP_DEBS"], "*.deb")):
            if "dbgsym" not in package:
                cls.machine.take(package, "/packages")

    def setUp(self):
        self.machine.shell(f"cd /packages && {APT} install --no-install-recommends ./*.deb")

    def apt(self, *arguments):
        result = self.machine.shell(f"{APT} {' '.join(arguments)} 2>&1")
        self.assertNotIn("cannot be preloaded", result.stdout)  # by a program that ran with the library already gone
        return result.stdout

    def preloads(self):
        return self.machine.run("systemctl", "show", "-P", "Environment", *UNITS[:2], "tor@one.service").stdout.split()

    def test_what_is_installed_works(self):
        neap = next(row for row in json.loads(self.neap("allocators", "--json")) if row["name"] == "neap")
        self.assertEqual((neap["loads"], neap["path"]), (True, LIBRARY))
        self.neap("run", "--allocator", "neap", "--", "true")
        self.neap("lab", "tor", "--help")
        self.machine.run("systemd-analyze", "verify", "neap-experiment@x.service", "neap-experiment@x.timer")
        source = "#include <neap/neap.h>\nint main(void) { return neap_version()[0] < '0'; }\n"
        self.machine.shell("cd /tmp && cat >use.c && gcc use.c -o use $(pkg-config --cflags --libs neap) && ./use", input=source)

    def test_removal_switches_back_first(self):
        before = self.machine.shell("find /etc/systemd/system /etc/ld.so.preload /etc/apparmor.d/abstractions/base.d", check=False).stdout
        self.machine.run("systemctl", "start", "nginx")
        for unit in UNITS:
            self.neap("enable", unit)
        self.neap("enable", "nginx", "--restart", "--watch", "1")
        self.neap("enable", "--system", "--except", "somebody")
        self.assertEqual(len(self.preloads()), 3)
        self.apt("remove", "libneap0")
        self.assertEqual(self.preloads(), [])  # systemd read it too
        self.assertEqual(self.machine.run("true").stderr, "")
        self.assertEqual(self.machine.shell("find /etc/systemd/system /etc/ld.so.preload /etc/apparmor.d/abstractions/base.d", check=False).stdout, before)
        self.assertEqual(self.machine.run("systemctl", "is-active", "nginx").stdout, "active\n")
        self.machine.run("systemctl", "restart", "nginx")
        self.machine.run("dpkg", "--purge", "neap")
        left = self.machine.shell("ls -d /var/lib/neap /etc/neap /usr/bin/neap /usr/lib/*/*neap* /usr/share/neap /usr/share/doc/*neap*", check=False)
        self.assertEqual(left.stdout, "")

    def test_removal_of_what_was_edited_and_of_a_broken_command(self):
        """The drop-in that somebody edited is theirs and stays; where the command cannot help, the script does without."""
        drop_in = "/etc/systemd/system/{}.d/50-neap.conf"
        self.neap("enable", *UNITS)
        self.neap("enable", "--system")
        self.machine.shell(f"printf 'Nice=5\\n' >>{drop_in.format(UNITS[0])}; chmod -x /usr/bin/neap")
        self.apt("remove", "neap", "libneap0")
        self.assertEqual(self.preloads(), [f"LD_PRELOAD={LIBRARY}"])
        self.assertEqual(self.machine.shell("ls /etc/ld.so.preload; ls /etc/systemd/system/*.d/50-neap.conf", check=False).stdout,
                         drop_in.format(UNITS[0]) + "\n")
        self.machine.shell(f"rm -r {os.path.dirname(drop_in.format(UNITS[0]))}; systemctl daemon-reload; dpkg --purge neap")

    def test_an_upgrade_leaves_the_switch(self):
        self.neap("enable", "nginx")
        self.machine.shell(f"cd /packages && {APT} install --reinstall --no-install-recommends ./*.deb")
        self.assertIn(self.row("nginx.service")["state"], ("on", "pending", "stopped"))
        self.neap("disable", "nginx")


if __name__ == "__main__":
    unittest.main()
