#!/usr/bin/env python3
"""bench/limits: where groups are made, the bisection, the page, and one load in groups of its own."""
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from neapbench.allocators import Allocator  # noqa: E402
from neapbench.failure import Failure  # noqa: E402
from neapbench.limits import control_group, main, page, survival  # noqa: E402
from neapbench.report import bars  # noqa: E402
from neapbench.workload import Workload  # noqa: E402

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else None
MIB = 1 << 20


class Groups(unittest.TestCase):
    def find(self, mounts, own):
        with tempfile.TemporaryDirectory() as folder:
            self.folder = pathlib.Path(folder)
            (self.folder / "v2").mkdir()
            (self.folder / "v2/cgroup.controllers").write_text("cpu memory\n")
            (self.folder / "v2/cgroup.subtree_control").write_text("cpu\n")
            (self.folder / "v1/mine").mkdir(parents=True)
            for name, text in (("mounts", mounts), ("own", own)):
                (self.folder / name).write_text(text.replace("AT", folder))
            return control_group.find(self.folder / "mounts", self.folder / "own")

    def test_v1_makes_groups_below_the_processs_own(self):
        found = self.find("1 2 0:1 / AT/v1 rw - cgroup cgroup rw,memory\n3 2 0:2 / AT/v2 rw - cgroup2 cgroup2 rw\n", "4:memory:/mine\n0::/\n")
        self.assertEqual((found.parent, found.limit), (self.folder / "v1/mine", "memory.limit_in_bytes"))

    def test_a_group_that_is_not_seen_here_gives_way_to_the_root(self):
        found = self.find("1 2 0:1 / AT/v1 rw - cgroup cgroup rw,memory\n", "4:cpu,memory:/docker/elsewhere\n")
        self.assertEqual(found.parent, self.folder / "v1")

    def test_v2_makes_groups_at_the_top(self):
        found = self.find("1 2 0:1 / AT/v1 rw - cgroup cgroup rw,cpu\n3 2 0:2 / AT/v2 rw - cgroup2 cgroup2 rw,nsdelegate\n", "0::/user.slice\n")
        self.assertEqual((found.parent, found.limit), (self.folder / "v2", "memory.max"))

    def test_without_the_controller_there_are_none(self):
        with self.assertRaisesRegex(Failure, "no control groups that limit memory"):
            self.find("3 2 0:2 / AT/v1 rw - cgroup2 cgroup2 rw\n", "0::/\n")


class Bisection(unittest.TestCase):
    def test_the_smallest_is_found_to_three_percent(self):
        for need in (3 * MIB, 100 * MIB, 222 * MIB + 5, 8 << 30):
            tried = []
            found = survival.smallest(lambda limit: tried.append(limit) or limit >= need, need * 1.3)
            self.assertGreaterEqual(found, need)
            self.assertLessEqual(found, need * (1 + survival.CLOSE) + MIB)
            self.assertLess(len(tried), 15)

    def test_a_peak_that_is_told_too_low_is_no_end(self):
        self.assertLessEqual(survival.smallest(lambda limit: limit >= 500 * MIB, 10 * MIB), 512 * MIB)

    def test_what_was_survived_by_chance_is_not_believed(self):
        lucky = [100 * MIB]
        found = survival.smallest(lambda limit: limit >= 120 * MIB or (limit in lucky and not lucky.clear()), 190 * MIB)
        self.assertGreaterEqual(found, 120 * MIB)


class Page(unittest.TestCase):
    LIMITS = {"redis": {"libc": 300 * MIB, "neap": 200 * MIB}, "lua": {"neap": 100 * MIB}}

    def test_the_least_is_bold_and_what_fits_is_counted(self):
        rows = page.table(self.LIMITS, ["libc", "neap"]).splitlines()
        self.assertEqual(rows[2:], ["| redis | 300 | **200** |", "| lua | - | **100** |", "| fit in 256, of 2 | 0 | 2 |"])

    def test_the_chart_has_a_bar_for_each(self):
        self.assertEqual(page.chart(self.LIMITS, ["libc", "neap"]).count("<rect"), 1 + 4)

    def test_the_rest_of_a_page_stays(self):
        self.assertEqual(bars.put("a\n<!-- x: by y -->\nold\n<!-- end of x -->\nb", "x", "new\n"), "a\n<!-- x: by y -->\nnew\n<!-- end of x -->\nb")
        self.assertIsNone(bars.put("a\n", "x", "new\n"))


class Preparation(unittest.TestCase):
    """A load whose preparation fails, and one that is found already."""
    LIBC = Allocator("libc", "", is_libc=True)

    def try_all(self, loads, found):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), unittest.mock.patch.object(main, "measure", lambda *_: 5 * MIB):
            return main._try_all(loads, [self.LIBC], found, None, None), errors.getvalue()

    def test_the_next_load_is_tried_all_the_same(self):
        found = main.Found(None)
        failures, errors = self.try_all([Workload("bad", "limits", (), prepare="echo no >&2; exit 1"), Workload("good", "limits", ())], found)
        self.assertEqual((failures, errors), (1, "bench/limits: bad could not be prepared: no\n"))
        self.assertEqual(found.limits, {"good": {"libc": 5 * MIB}})

    def test_what_was_found_is_not_prepared_again(self):
        found = main.Found(None)
        found.add(Workload("bad", "limits", ()), self.LIBC, MIB)
        self.assertEqual(self.try_all([Workload("bad", "limits", (), prepare="exit 1")], found), (0, ""))


@unittest.skipIf(BUILD is None, "no build tree was named")
class Command(unittest.TestCase):
    def limits(self, *words):
        return subprocess.run([HERE.parent / "limits", "--build", BUILD, *words], capture_output=True, text=True)

    def test_one_load_in_groups_of_its_own(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "found.json")
            words = ("-q", "--load", "^phases-wide", "--scale", "0.02", "--allocators", "libc,neap", "--output", file)
            done = self.limits(*words)
            if "control group" in done.stderr:
                self.skipTest(done.stderr)
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(file.read_text())["phases-wide-t4"]
            for limit in found.values():
                self.assertTrue(32 * MIB < limit < 200 * MIB, found)
            self.assertEqual(self.limits(*words).stdout, done.stdout)

    def outcome(self, program, client):
        with tempfile.TemporaryDirectory() as folder:
            try:
                runner = survival.Runner(control_group.find(), folder)
                outcome = runner.run(Workload("dies", "limits", ("/bin/sh", "-c", program), beside=client), Allocator("libc", "", is_libc=True))
            except Failure as failure:
                self.skipTest(str(failure))
        return outcome.survived, outcome.why

    def test_a_client_that_ends_after_its_server_died(self):
        """Its server has ended by then, and its CPU time is still to be had."""
        waits = "until [ -e died ]; do sleep 0.01; done; sleep 0.2"
        self.assertEqual(self.outcome("touch died; exit 3", f"{waits}; exit 4"), (False, "its client ended with 4"))
        self.assertEqual(self.outcome("touch died; exit 3", f"{waits}; echo no answer >&2; exit 4"), (False, "its client ended with 4: no answer"))

    def test_a_client_does_not_wait_forever_for_a_server_that_died(self):
        with unittest.mock.patch.object(survival, "GRACE_S", 0.1):
            self.assertEqual(self.outcome("exit 3", "while :; do sleep 1; done"), (False, "its client ended with -9"))

    def test_bad_words_are_told(self):
        for words, says in ((("--load", "nothing"), "no load 'nothing'"), (("--load", "("), "no regular expression"),
                            (("--page",), "--output FILE"), (("--allocators", "nobody"), "no allocator 'nobody'")):
            done = self.limits(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(says, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)


unittest.main()
