"""neap profile and neap blame: the planted site is named in ten programs of ten, under glibc and libneap; the files."""
import json
import os
import re
import shutil
import subprocess
import unittest

from inspected import NeapTest, inspect, neap
from neap_command import NEAP

PLANTED = os.environ["PLANTED"]
WAYS = 10


class Profiled:
    """A program under neap profile, ready; its own pid."""

    def __init__(self, *command, allocator="libc", options=()):
        self.neap = subprocess.Popen([NEAP, "profile", "-q", "-a", allocator, *options, "--", *command], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.neap.stdout.readline()
        with open(f"/proc/{self.neap.pid}/task/{self.neap.pid}/children") as file:
            self.pid = int(file.read().split()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.neap.stdin.close()
        self.rest = self.neap.stdout.read().decode()
        self.neap.stdout.close()
        self.neap.stderr.close()
        self.code = self.neap.wait()


class Blame(NeapTest):
    def top_site(self, pid):
        done = neap("blame", "-q", "--json", "--frames", 20, pid)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        return told, told["sites"][0]

    def named(self, allocator, limit):
        for way in range(WAYS):
            with self.subTest(way=way, allocator=allocator), Profiled(PLANTED, str(way), allocator=allocator) as program:
                told, site = self.top_site(program.pid)
                self.assertTrue(any("planted_session" in frame for frame in site["frames"]), site)
                exact = told["pinned_bytes_exact"]
                if exact > limit:  # else there is too little to be measured by samples
                    self.assertLess(abs(told["pinned_bytes"] - exact), 6 * sum(s["pinned_error_bytes"] for s in told["sites"]))

    def test_named_under_glibc(self):
        self.named("libc", 1 << 20)

    def test_named_under_libneap(self):
        self.named("neap", 1 << 20)

    def test_bad_targets(self):
        with subprocess.Popen(["sleep", "100"]) as process:
            self.expect(2, f"neap: process {process.pid} (sleep) has no samples of who made its objects: start it with neap profile -- "
                           "PROGRAM, then neap blame", "blame", process.pid)
            self.expect(2, f"neap: process {process.pid} (sleep) was not started by neap profile: neap profile -- PROGRAM, then neap "
                           "profile --pid", "profile", "--pid", process.pid)
            process.kill()


class Readers(NeapTest):
    """What reads pprof's formats reads ours. (scripts/packages programs-long brings both.)"""

    def top(self, ending, *command):
        if shutil.which(command[0]) is None:
            self.skipTest(f"{command[0]} is not installed")
        with Profiled(PLANTED, "1") as program:
            profile = self.path("live." + ending)
            done = neap("profile", "-q", "--json", "--pid", program.pid, "-o", profile)
            live = json.loads(done.stdout)["live_bytes"]
        told = subprocess.run([*command, profile], capture_output=True, text=True, env={**os.environ, "HOME": self.folder})
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("planted_session", told.stdout)
        return told.stdout, live

    def test_go(self):
        told, live = self.top("pb", "go", "tool", "pprof", "-unit=B", "-top")
        self.assertAlmostEqual(int(re.search(r"of (\d+)B total", told).group(1)), live, delta=0.001 * live + 20)

    def test_google_pprof(self):
        told, live = self.top("heap", "google-pprof", "--text", "--show_bytes")
        self.assertAlmostEqual(int(re.search(r"Total: (\d+) B", told).group(1)), live, delta=0.001 * live + 20)


class Profile(NeapTest):
    def test_live_memory_and_files(self):
        with Profiled(PLANTED, "1") as program:
            exact = inspect(program.pid)["heaps"][0]["live"]["bytes"]
            for ending in ("html", "folded", "pb", "heap"):
                done = neap("profile", "-q", "--json", "--pid", program.pid, "-o", self.path("live." + ending))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(exact / 20 < json.loads(done.stdout)["live_bytes"] < 5 * exact)
        with open(self.path("live.folded")) as file:
            self.assertTrue(all(re.match(r"^\S.* \d+$", line) for line in file))
        with open(self.path("live.html")) as file:
            page = file.read()
        self.assertIn("planted_session", page)
        self.assertNotIn("http", page.replace("https://github.com", ""))  # it asks nobody for anything
        with open(self.path("live.pb"), "rb") as file:
            self.assertIn(b"planted_session", file.read())
        table = neap("profile", "--diff", self.path("live.folded"), self.path("live.folded"))
        self.assertEqual((table.returncode, table.stdout), (0, "CHANGE MIB  CALL STACK, INNERMOST LAST\n"))

    def test_what_is_left_when_it_has_ended(self):
        with Profiled(PLANTED, "0") as program:
            pass
        self.assertEqual(program.code, 0)
        self.assertRegex(program.rest, r"^ *LIVE MIB +OBJECTS +SAMPLES +CALL SITE\n")
        self.assertIn("planted_session", program.rest)

    def test_children_have_their_own(self):
        with Profiled("sh", "-c", f"{PLANTED} 1; exit 5") as shell:
            with open(f"/proc/{shell.pid}/task/{shell.pid}/children") as file:
                child = int(file.read().split()[0])
            self.assertIn("planted_session", neap("profile", "-q", "--pid", child).stdout)
        self.assertEqual(shell.code, 5)

    def test_bad_usage(self):
        self.expect(2, "neap: -o takes a file that ends in .html, .folded, .pb or .heap, not 'x'", "profile", "-o", "x", "--", "true")
        self.expect(2, "neap: --diff takes two files of folded stacks: neap profile --diff A B", "profile", "--diff", "a")
        self.expect(2, "neap: '/etc/passwd' holds no folded stacks (neap profile -o FILE.folded writes them)",
                    "profile", "--diff", "/etc/passwd", "/etc/passwd")
        self.expect(125, f"neap: {os.environ['KNOWN_HEAP_STATIC']} cannot be profiled: it is statically linked",
                    "profile", "--", os.environ["KNOWN_HEAP_STATIC"])


if __name__ == "__main__":
    unittest.main()
