"""neap run: the program's own pid and exit code, the preload, and the word when it does not take effect."""
import os
import subprocess
import unittest

from neap_command import HANG_S, NEAP, NeapTest, neap


class Run(NeapTest):
    def test_exit_codes(self):
        self.expect(7, "", "run", "-a", "libc", "--", "sh", "-c", "exit 7")
        self.assertEqual(neap("run", "-a", "libc", "--", "sh", "-c", "kill -9 $$").returncode, -9)
        self.expect(127, "neap: program 'no-such-program' was not found in PATH", "run", "-a", "libc", "--", "no-such-program")
        self.expect(127, "neap: program './none' does not exist", "run", "-a", "libc", "--", "./none")
        self.expect(126, "neap: '/etc/passwd' is not an executable file", "run", "-a", "libc", "--", "/etc/passwd")

    def test_pid_and_arguments_are_the_programs(self):
        process = subprocess.Popen([NEAP, "run", "-a", "libc", "--", "sh", "-c", 'echo $$ "$1"', "sh", "--json"],
                                   stdout=subprocess.PIPE, text=True)
        out, _ = process.communicate(timeout=HANG_S)
        self.assertEqual(out.split(), [str(process.pid), "--json"])

    def test_the_witness_is_not_the_programs_child(self):
        out = self.expect(0, "", "run", "-a", "libc", "--", "sh", "-c", "cat /proc/$$/task/$$/children; sleep 0.05")
        self.assertLessEqual(len(out.split()), 1)  # cat itself

    def test_settings_and_inherited_preload(self):
        environment = dict(os.environ, LD_PRELOAD="libm.so.6:/x/libjemalloc.so.2")
        result = neap("run", "-q", "-a", "libc:arena_max=1:trim_threshold=131072", "--", "env", env=environment)
        self.assertIn("GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.trim_threshold=131072\n", result.stdout)
        self.assertRegex(result.stdout, r"(?m)^LD_PRELOAD=libm\.so\.6:libc\.so\.6:/\S+/libneap-libc\.so$")  # the last two for children

    def test_static_program(self):
        self.expect(3, f"neap: neap cannot take effect in {os.environ['STATIC_PROGRAM']}: it is statically linked",
                    "run", "-a", "neap", "--", os.environ["STATIC_PROGRAM"])

    def test_neap_serves(self):
        self.expect(0, "", "run", "-a", "neap", "--", "sleep", "0.3")

    @unittest.skipUnless("LINKED_MALLOC" in os.environ, "jemalloc is not installed")
    def test_libc_is_libc_in_the_children_of_a_program_that_links_no_malloc(self):
        for program, prints in (("LINKED_MALLOC", "jemalloc served nothing, usable 104\n"), ("LINKED_NEW", "usable 104\n")):
            self.assertEqual(self.expect(0, "", "run", "-a", "libc", "--", "sh", "-c", os.environ[program] + "; exit 0"), prints)

    @unittest.skipUnless("LINKED_MALLOC" in os.environ, "jemalloc is not installed")
    def test_libc_is_libc_in_a_program_that_links_jemalloc(self):
        program = os.environ["LINKED_MALLOC"]
        self.assertEqual(subprocess.run([program], capture_output=True, text=True).stdout, "jemalloc served much, usable 112\n")
        self.assertEqual(self.expect(0, "", "run", "-a", "libc", "--", program), "jemalloc served nothing, usable 104\n")
        self.assertRegex(self.expect(0, "", "run", "-a", "neap", "--", program), "^jemalloc served nothing, usable 1[0-9]+\n$")
