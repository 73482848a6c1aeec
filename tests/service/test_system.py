"""neap enable --system: the trial, exceptions, what a broken library meets, and the ways back. In the machine of machine.py alone."""
import json
import os
import re
import unittest

from machine import HERE, MULTIARCH, MachineTest

LIBRARY = f"/usr/lib/{MULTIARCH}/libneap.so"
PRELOAD = "/etc/ld.so.preload"
STATE = f"stat -c '%A %u %g %n' {PRELOAD} /etc/neap /etc/neap/* /etc/apparmor.d/abstractions/base.d/* 2>&1; cat {PRELOAD} 2>&1; find /var/lib/neap ! -name lock"


class System(MachineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine.shell("neap enable nginx && neap disable nginx")  # makes the journal's folder

    def tearDown(self):
        self.machine.shell("rm -f /etc/ld.so.preload; neap disable --system", check=False)

    def state(self):
        return self.machine.shell(STATE, check=False).stdout

    def is_mapped_into(self, program):
        return "libneap" in self.machine.shell(f"{program} /proc/self/maps").stdout

    def test_there_and_back(self):
        old = self.state()
        self.neap("enable", "--system", says=r"trial: \d+ programs run under it as without")
        self.assertEqual(self.machine.run("cat", PRELOAD).stdout, LIBRARY + "\n")
        self.assertTrue(self.is_mapped_into("cat"))
        row = self.row("system")
        self.assertEqual((row["configured"], row["state"]), ("neap", "pending"))  # what runs since the boot
        self.neap("enable", "--system")
        self.neap("disable", "--system")
        self.assertEqual(self.state(), old)
        self.assertFalse(self.is_mapped_into("cat"))

    def test_a_file_that_was_there_is_merged_and_comes_back(self):
        other = f"/usr/lib/{MULTIARCH}/libz.so.1"
        self.machine.shell(f"printf '# mine\\n{other}' >{PRELOAD} && chmod 600 {PRELOAD} && chmod 644 {PRELOAD}")
        old = self.state()
        self.neap("enable", "--system")
        self.assertEqual(self.machine.run("cat", PRELOAD).stdout, f"{LIBRARY}\n{other}\n")
        self.neap("disable", "--system")
        self.assertEqual(self.machine.run("cat", PRELOAD).stdout, f"# mine\n{other}")
        self.assertEqual(self.state(), old)

    def test_a_broken_library_is_refused_by_the_trial(self):
        source = "#include <stdlib.h>\nvoid* malloc(size_t n) { abort(); }\nvoid free(void* p) {}\n"
        crashing = f"/usr/lib/{MULTIARCH}/libcrashing.so"
        self.machine.shell(f"cat >/tmp/broken.c && cc -shared -fPIC -fno-builtin -o {crashing} /tmp/broken.c", input=source)
        selective = f"/usr/lib/{MULTIARCH}/libselective.so"  # breaks one program of the battery only
        source = ("#define _GNU_SOURCE\n#include <errno.h>\n#include <stdlib.h>\n#include <string.h>\nvoid* __libc_malloc(size_t);\n"
                  "void* malloc(size_t n) { return __libc_malloc(n); }\n__attribute__((constructor)) static void start(void)"
                  " { if (strstr(program_invocation_name, \"python3\")) abort(); }\n")
        self.machine.shell(f"cat >/tmp/selective.c && cc -shared -fPIC -fno-builtin -o {selective} /tmp/selective.c", input=source)
        old = self.state()
        self.neap("enable", "--system", "-a", crashing, code=125, says="the trial failed: .*killed by signal 6")
        self.neap("enable", "--system", "-a", selective, code=125, says="the trial failed: python3 was killed by signal 6 under it")
        self.assertEqual(self.state(), old)

    def test_a_library_that_others_may_write_is_refused(self):
        self.machine.shell(f"install -m 666 {LIBRARY} /usr/lib/libwritable.so")
        self.neap("enable", "--system", "-a", "/usr/lib/libwritable.so", code=2, says="may be written by others than root")

    def programs_of_the_trial(self):
        text = self.neap("enable", "--system")
        self.neap("disable", "--system")
        return int(re.search(r"trial: (\d+) programs", text)[1]), text

    def test_a_program_of_another_architecture(self):
        """A static 32-bit one, and a dynamic one where Debian's libc6-i386 is installed."""
        place, aside = "/lib32/libc.so.6", "/lib32/aside"
        source = 'void _start(void) { __asm__("mov $1, %eax; xor %ebx, %ebx; int $0x80"); }\n'
        built = self.machine.shell("mkdir -p /lib32 && cat >/tmp/exit.c && cc -m32 -nostdlib -static -o /tmp/exit32 /tmp/exit.c && /tmp/exit32",
                                   input=source, check=False)
        if built.returncode != 0:
            self.skipTest("no 32-bit program is built or runs here: " + built.stderr.strip())
        dynamic = self.machine.shell(f"[ -x {place} ] && mv {place} {aside}", check=False).returncode == 0
        without, _ = self.programs_of_the_trial()
        self.machine.run("cp", "/tmp/exit32", place)
        self.assertEqual(self.programs_of_the_trial()[0], without + 1)
        self.machine.run("rm", place)
        if dynamic:
            self.machine.run("mv", aside, place)
            count, text = self.programs_of_the_trial()
            self.assertEqual(count, without + 1)
            self.assertRegex(text, "trial: 32-bit libc: every program of this kind will print a line of ld.so")

    def test_the_list_of_exceptions_costs_little(self):
        """At most 50 us at the start of a program; start_cost.py tells how it measures."""
        self.neap("enable", "--system", "--except", "nobody")
        with open(os.path.join(HERE, "start_cost.py")) as script:
            costs = json.loads(self.machine.run("python3", "-", stdin=script).stdout)
        print(costs)
        self.assertLess(max(costs.values()), 50)

    def test_exceptions_run_on_libc(self):
        self.machine.shell("cp /usr/bin/cat /usr/local/bin/excepted; cp /usr/bin/sleep /usr/local/bin/sleeper")
        old = self.state()
        self.neap("enable", "--system", "--except", "excepted", "--except", "sleeper", "--except", "python3")
        self.assertEqual(self.machine.shell("grep -v '^#' /etc/neap/except").stdout, "excepted\npython3\nsleeper\n")
        # Threads, fork, realloc of what was allocated before, C++ and every kind of alignment on the way through.
        work = ("import json, threading, subprocess, sys\n"
                "ts = [threading.Thread(target=lambda: json.dumps([str(i) for i in range(100000)])) for _ in range(4)]\n"
                "[t.start() for t in ts]; [t.join() for t in ts]\n"
                "print(subprocess.run(['/usr/local/bin/excepted', '/proc/self/comm'], capture_output=True, text=True).stdout, end='')\n"
                "print(sum('heap' in line for line in open('/proc/self/maps')))\n")
        out = self.machine.run("python3", "-", input=work).stdout.split()
        self.assertEqual(out[0], "excepted")
        self.assertGreater(int(out[1]), 0)  # the [heap] of brk: glibc's malloc was used
        unit = "[Service]\nType=exec\nExecStart=/usr/local/bin/sleeper 1000\n"  # started is what runs by then
        self.machine.shell("cat >/run/systemd/system/sleeper.service && systemctl daemon-reload && systemctl start sleeper", input=unit)
        rows = json.loads(self.neap("status", "--all", "--json"))
        row = next(row for row in rows if row["target"] == "sleeper.service")
        self.assertEqual([process["allocator"] for process in row["processes"]], ["libc (exempt)"])
        self.machine.shell("systemctl stop sleeper; rm /run/systemd/system/sleeper.service; systemctl daemon-reload")
        self.neap("disable", "--system")
        self.assertEqual(self.state(), old)

    def test_exceptions_of_somebody_else_are_not_honoured(self):
        self.neap("enable", "--system", "--except", "python3")
        count = ("python3", "-c", "print(sum('[heap]' in line for line in open('/proc/self/maps')))")
        self.assertEqual(self.machine.run(*count).stdout, "1\n")  # of brk, which glibc's malloc takes
        self.machine.run("chmod", "666", "/etc/neap/except")
        self.assertEqual(self.machine.run(*count).stdout, "0\n")
        self.machine.run("chmod", "644", "/etc/neap/except")

    def test_usage(self):
        self.neap("enable", "--system", "nginx", code=2, says="leave the names out")
        self.neap("enable", "--system", "-a", "libc", code=2, says="neap disable --system")
        self.neap("enable", "--system", "-a", "jemalloc", "--except", "x", code=2, says="honoured by libneap alone")
        self.neap("enable", "--system", "-a", "neap:decay_events=1", code=2, says="takes no settings")
        self.neap("enable", "--except", "x", "nginx", code=2, says="belongs to --system")
        old = self.state()
        self.assertIn("+ " + LIBRARY, self.neap("enable", "--system", "--dry-run"))
        self.assertEqual(self.state(), old)

    def test_what_runs_and_would_be_killed_is_named(self):
        """Started anew under the library it would call what its filter kills for."""
        self.machine.shell("cp /usr/bin/sleep /usr/local/bin/filtered")
        self.started("filtered", "SystemCallFilter=~madvise\nExecStart=/usr/local/bin/filtered 1000")
        self.started("still", "ExecStart=/bin/busybox sleep 1000")
        old = self.state()
        self.neap("enable", "--system", code=125, says="still.service does not take it: .*statically linked")
        self.neap("enable", "--system", code=125, says=r"filtered.service would not start any more; nothing was changed")
        self.assertEqual(self.state(), old)
        self.neap("enable", "--system", "--except", "filtered", says="filtered.service would be killed: SystemCallFilter")
        self.machine.run("systemctl", "restart", "filtered")
        self.assertEqual(self.show("filtered", "ActiveState"), "active")
        self.neap("disable", "--system")

    def test_without_mounts_of_its_own(self):
        """In a chroot, or while an image is built: LD_PRELOAD stands for the file."""
        result = self.machine.shell("exec setpriv --bounding-set=-sys_admin neap enable --system")
        self.assertRegex(result.stdout, "neap probe: no mounts of its own here: by LD_PRELOAD")
        self.assertRegex(result.stdout, r"trial: \d+ programs run under it as without")
        self.neap("disable", "--system")
        crashing = f"/usr/lib/{MULTIARCH}/libcrashing2.so"
        source = "#include <stdlib.h>\nvoid* malloc(size_t n) { abort(); }\nvoid free(void* p) {}\n"
        self.machine.shell(f"cat >/tmp/broken.c && cc -shared -fPIC -fno-builtin -o {crashing} /tmp/broken.c", input=source)
        result = self.machine.shell(f"exec setpriv --bounding-set=-sys_admin neap enable --system -a {crashing}", check=False)
        self.assertEqual(result.returncode, 125)
        self.assertRegex(result.stderr, "the trial failed: .*killed by signal 6")

    def test_rescue(self):
        """A library that went bad after the switch: every dynamic program dies, and busybox, which is static, brings them back."""
        self.neap("enable", "--system")
        self.machine.shell(f"cp {LIBRARY} /tmp/good.so")
        source = "void* malloc(unsigned long n) { __builtin_trap(); }\n"
        self.machine.shell("cat >/tmp/bad.c && cc -shared -fPIC -fno-builtin -o /tmp/bad.so /tmp/bad.c", input=source)
        self.machine.run("/bin/busybox", "cp", "/tmp/bad.so", LIBRARY)
        self.assertNotEqual(self.machine.run("ls", "/", check=False).returncode, 0)
        self.machine.run("/bin/busybox", "sh", "-c", f": > {PRELOAD}")
        self.machine.run("ls", "/")
        self.machine.run("/bin/busybox", "cp", "/tmp/good.so", LIBRARY)
        row = self.row("system")
        self.assertEqual(row["state"], "edited")
        self.machine.run("rm", PRELOAD)
        self.neap("disable", "--system")


class Own(MachineTest):
    """neap enable --user, doctor: nothing of systemd in them, but a root of their own is safer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine.shell("useradd -m somebody")

    def as_user(self, script, check=True):
        return self.machine.shell(f"su - somebody -c '{script}'", check=check)

    def test_session_and_program(self):
        files = "find /home/somebody -type f ! -name lock -exec md5sum {} +"
        old = self.machine.shell(files).stdout
        self.as_user("neap enable --user && neap enable --user cat")
        text = self.as_user("cat ~/.config/environment.d/50-neap.conf").stdout
        self.assertIn(f"LD_PRELOAD={LIBRARY}${{LD_PRELOAD:+:$LD_PRELOAD}}", text)
        shown = self.as_user("/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator").stdout
        self.assertIn(f"LD_PRELOAD={LIBRARY}", shown)
        self.assertIn("libneap", self.as_user("~/.local/bin/cat /proc/self/maps").stdout)
        self.as_user("neap disable --user --all")
        self.assertEqual(self.machine.shell(files).stdout, old)
        result = self.as_user("neap enable --user busybox", check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("statically linked", result.stderr)

    def test_units_of_ones_own(self):
        """systemctl --user: the same switch in the user's folders, and advice that can be typed."""
        uid = self.machine.run("id", "-u", "somebody").stdout.strip()
        self.machine.shell(f"systemctl start user@{uid}.service")
        self.addCleanup(self.machine.run, "systemctl", "stop", f"user@{uid}.service")
        own = lambda script, check=True: self.as_user(f"export XDG_RUNTIME_DIR=/run/user/{uid}; {script}", check)
        own("mkdir -p ~/.config/systemd/user; printf \"[Service]\\nType=exec\\nExecStart=/bin/sleep 1000\\n\" >~/.config/systemd/user/mine.service; "
            "systemctl --user daemon-reload; systemctl --user start mine")
        files = "find /home/somebody -type f ! -name lock -exec md5sum {} + | sort"
        old = self.machine.shell(files).stdout
        pending = own("neap enable --user mine.service").stdout
        self.assertIn("neap enable --user mine.service --allocator neap --restart", pending)
        self.assertIn("every process verified", own("neap enable --user mine.service --restart --watch 0").stdout)
        row = json.loads(own("neap status --user --json").stdout)[0]
        self.assertEqual((row["target"], row["state"], row["processes"][0]["allocator"]), ("mine.service", "on", "neap"))
        self.assertIsNone(self.row("mine.service"))  # nothing of the system's
        own("neap disable --user mine.service --restart")
        self.assertEqual(self.machine.shell(files).stdout, old)
        refused = own("neap enable --user nosuch.service", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("systemctl --user list-unit-files", refused.stderr)

    def test_doctor(self):
        run = lambda *arguments: self.machine.run("neap", "doctor", *arguments, check=False)
        healthy = run("--json")
        findings = {row["subject"]: row for row in json.loads(healthy.stdout)}
        self.assertEqual(findings["library"]["severity"], "ok", healthy.stdout)
        self.assertEqual(findings["page size"]["severity"], "ok")
        self.assertEqual(run("nginx").returncode, 0)
        static = run("/bin/busybox")
        self.assertEqual(static.returncode, 1)
        self.assertRegex(static.stdout, r"obstacle +/bin/busybox +it is statically linked\n +to do: ")
        self.assertRegex(run("su").stdout, r"warning +/\S+/su +it is setuid, setgid or has file capabilities")
        nobody = run("nosuchthing")
        self.assertEqual((nobody.returncode, nobody.stderr), (2, "neap: 'nosuchthing' is no service that systemd knows, and no program in PATH\n"))
        self.machine.shell("printf '#!/bin/sh\\nexec true\\n' >/usr/local/bin/script && chmod 755 /usr/local/bin/script")
        self.assertRegex(run("/usr/local/bin/script").stdout, r"ok +/usr/local/bin/script +is a script of /bin/sh; what it starts is not looked at")
        redis = run("redis-server")
        self.assertRegex(redis.stdout, "links libjemalloc.so.2, which the preload replaces")
        self.assertRegex(redis.stdout, "ok +ExecPaths")
        self.machine.shell(f"echo /usr/lib/gone.so >{PRELOAD}")
        self.assertRegex(run().stdout, "names /usr/lib/gone.so, which is not there")
        self.machine.run("rm", PRELOAD)


if __name__ == "__main__":
    unittest.main()
