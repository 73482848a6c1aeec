"""neap run --find-misuse: what each misuse of an unmodified program comes to, and what good programs do not come to."""
import json
import os
import re
import subprocess
import unittest

from neap_command import NeapTest, neap

MISUSER = os.environ["MISUSER"]
FOUND = 23
ANONYMOUS = "(anonymous namespace)::"


def find(act, *options):
    return neap("run", "--find-misuse", *options, "--", MISUSER, act)


class FindMisuse(NeapTest):
    def errors(self, act, code=FOUND):
        result = find(act, "--json")
        self.assertEqual(result.returncode, code, result.stderr)
        return json.loads(result.stdout[result.stdout.index("{"):])

    def error(self, act):
        """The one that it makes."""
        found = self.errors(act)["errors"]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def names(self, frames):
        return [frame["name"].removeprefix(ANONYMOUS) for frame in frames]

    def check_object(self, object, act, size, made_by="malloc", freed_by=None):
        self.assertEqual((object["size"], object["allocated_by"], object.get("freed_by")), (size, made_by, freed_by))
        for which in ("allocated", "freed") if freed_by else ("allocated",):
            self.assertRegex(" ".join(self.names(object[which])), rf"\b{act}\b.* main\b")

    def place(self, error):
        """Bytes from the object's begin."""
        return int(error["address"], 16) - int(error["object"]["begin"], 16)

    def test_overflows(self):
        for act, at, size, least in (("overflow_right", 37, 37, 1), ("overflow_exact", 40, 40, 1), ("overflow_string", 37, 37, 4),
                                     ("overflow_left", -1, 37, 1), ("overflow_large", 300000, 300000, 1)):
            with self.subTest(act):
                error = self.error(act)
                self.assertEqual((error["kind"], error["access"], error["found_by"]), ("heap-buffer-overflow", "write", "free"))
                self.assertEqual((self.place(error), error["bytes"]), (at, least))
                self.check_object(error["object"], act, size)
                self.assertIn(act, self.names(error["stack"]))

    def test_an_overflow_of_an_object_that_is_never_freed_is_found_at_the_end(self):
        error = self.error("overflow_never_freed")
        self.assertEqual((error["kind"], error["found_by"], self.place(error)), ("heap-buffer-overflow", "the program's end", 37))

    def test_a_touch_behind_a_large_object_is_found_at_once(self):
        error = self.error("overflow_page")
        self.assertEqual((error["kind"], error["access"], error["found_by"]), ("heap-buffer-overflow", "write", ""))
        self.assertEqual(self.names(error["stack"])[0], "overflow_page")
        self.check_object(error["object"], "overflow_page", 300000)

    def test_use_after_free(self):
        error = self.error("write_after_free")
        self.assertEqual((error["kind"], error["access"], self.place(error), error["bytes"]), ("heap-use-after-free", "write", 5, 1))
        self.check_object(error["object"], "write_after_free", 37, freed_by="free")
        error = self.error("read_after_free_large")
        self.assertEqual((error["kind"], error["access"], self.place(error)), ("heap-use-after-free", "read", 4321))
        self.assertEqual(self.names(error["stack"])[0], "read_after_free_large")
        self.check_object(error["object"], "read_after_free_large", 300000, freed_by="free")

    def test_wrong_frees(self):
        error = self.error("double_free")
        self.assertEqual((error["kind"], error["found_by"]), ("double-free", "free"))
        self.check_object(error["object"], "double_free", 37, freed_by="free")
        error = self.error("interior_free")
        self.assertEqual((error["kind"], self.place(error)), ("bad-free", 16))
        self.assertEqual((self.error("foreign_free")["object"]), None)

    def test_mismatches(self):
        for act, made, ended in (("new_free", "operator new []", "free"), ("array_delete", "operator new []", "operator delete"),
                                 ("malloc_delete", "malloc", "operator delete")):
            with self.subTest(act):
                error = self.error(act)
                self.assertEqual((error["kind"], error["found_by"]), ("alloc-dealloc-mismatch", ended))
                self.check_object(error["object"], act, 16, made)
                self.assertEqual(find(act, "--no-mismatches").returncode, 0)
        error = self.error("wrong_size")
        self.assertEqual((error["kind"], error["object"]["size"], error["bytes"]), ("new-delete-type-mismatch", 40, 4))

    def test_leaks(self):
        leaks = self.errors("leak")["leaks"]
        self.assertEqual([(leak["bytes"], leak["objects"], leak["indirect"]) for leak in leaks], [(48, 1, False), (96, 2, True)])
        self.assertIn("make_list", self.names(leaks[0]["allocated"]))
        self.assertEqual(find("leak", "--no-leaks").returncode, 0)
        self.assertEqual(find("leak", "--exit-code", "77").returncode, 77)

    def test_good_programs(self):
        acts = ("good", "no_leak", "busy_threads", "first_thread_ends", "in_register", "in_shared_memory")
        for command in (*([MISUSER, act] for act in acts), ["sh", "-c", "ls / | wc -l >/dev/null"], ["true"]):  # true allocates nothing
            with self.subTest(command):
                result = neap("run", "--find-misuse", "--", *command)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(neap("run", "--find-misuse", "--", "sh", "-c", "exit 7").returncode, 7)

    def test_leaks_are_not_guessed_where_memory_cannot_be_read(self):
        result = find("sandboxed")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr.rstrip(), "neap: processes in which leaks were not looked for: 1 (a sandbox, no /proc, or no file or address space left)")

    def test_a_full_disk_ends_no_program(self):
        result = neap("run", "--find-misuse", "-o", "/dev/full", "--", "sh", "-c", f"{MISUSER} double_free 2>/dev/null; {MISUSER} leak; echo on")
        self.assertEqual((result.returncode, result.stdout), (125, "on\n"))
        for line in ("double-free", "144 byte", "cannot write '/dev/full'"):
            self.assertIn(line, result.stderr)

    def test_threads_exceptions_forks_and_daemons(self):
        for act in ("in_thread", "thrown", "forked", "daemonized", "closed_stderr"):
            with self.subTest(act):
                self.assertEqual(self.error(act)["kind"], "double-free")
        self.assertEqual(self.error("in_thread")["thread"], 1)

    def test_the_programs_own_handler_is_called(self):
        for act in ("own_handler", "small_signal_stack"):
            result = find(act)
            self.assertEqual((result.returncode, result.stdout), (FOUND, "the program's own handler\n"), act)
        self.assertEqual(find("null_pointer").returncode, 128 + 11)

    def test_the_report(self):
        text = find("double_free").stderr
        for line in (r"==\d+==ERROR: libneap: double-free on address 0x\w+", "free in thread T0 here:",
                     r"    #0 0x\w+ in \(anonymous namespace\)::end_object misuser\.cc:\d+ \(\S+\+0x\w+\)",
                     r"0x\w+ is located 0 bytes inside of 37-byte region \[0x\w+,0x\w+\)", "freed by free in thread T0 here:",
                     "previously allocated by malloc in thread T0 here:", r"SUMMARY: libneap: double-free misuser\.cc:\d+ in \(anonymous namespace\)::end_object"):
            self.assertRegex(text, rf"(?m)^{line}$")
        text = find("leak").stderr
        self.assertRegex(text, r"(?m)^==\d+==ERROR: libneap: detected memory leaks$")
        self.assertRegex(text, r"(?m)^SUMMARY: libneap: 144 byte\(s\) leaked in 3 object\(s\)\.$")
        file = self.path("report")
        self.assertNotIn("ERROR", find("leak", "-o", file).stderr)
        with open(file) as report:
            self.assertIn("Direct leak of 48 byte(s)", report.read())

    def test_without_neap_beside_it_the_report_goes_to_stderr(self):
        """As in a service: the tool only says what is preloaded."""
        shown = neap("run", "--find-misuse", "--no-leaks", "--", "env").stdout
        environment = dict(line.split("=", 1) for line in shown.splitlines() if re.match(r"(LD_PRELOAD|NEAP_\w+)=", line))
        environment["NEAP_FIND_MISUSE"] = "stderr"
        result = subprocess.run([MISUSER, "double_free"], env=environment, capture_output=True, text=True)
        self.assertEqual(result.returncode, -6)
        self.assertRegex(result.stderr, r"==\d+==ERROR: libneap: double-free")
        self.assertRegex(result.stderr, r"    #0 0x\w+.* \(\S+/misuser\+0x\w+\)")

    def test_bad_usage(self):
        static = os.environ["STATIC_PROGRAM"]
        self.expect(2, "neap: --find-misuse goes with the allocator neap by its name, not with libc", "run", "--find-misuse", "-a", "libc",
                    "--", "true")
        self.expect(2, "neap: --no-leaks, --no-mismatches and -o belong to --find-misuse: neap run --find-misuse -- PROGRAM", "run",
                    "--no-leaks", "--", "true")
        self.expect(2, "neap: cannot write '/no/file'", "run", "--find-misuse", "-o", "/no/file", "--", "true")
        self.expect(125, f"neap: {static} cannot be looked into: it is statically linked", "run", "--find-misuse", "--", static)


if __name__ == "__main__":
    unittest.main()
