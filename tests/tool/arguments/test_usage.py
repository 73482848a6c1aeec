"""What the command says to bad input: one line that tells what to do, and the exit code."""
import json

import fixture
from neap_command import NeapTest, neap


class Conditions(NeapTest):
    """--fail-if, for machines that watch for regressions."""

    def setUp(self):
        super().setUp()
        self.recordings = fixture.write_all(self.folder)  # libc: mean 218 MiB, CPU 2.5; neap: 64.4 MiB, 2.7

    def test_holds(self):
        for condition, holds in (("neap.mean_rss > 1.05*libc.mean_rss", False), ("neap.mean_rss < libc.mean_rss", True), ("neap.cpu>=1.08 * libc.cpu", True),
                                 ("neap.peak_rss > 200MiB", False), ("200MiB < libc.peak_rss", True), ("libc.wall <= 60s", True), ("libc.wall < 60", False)):
            result = neap("report", *self.recordings, "--fail-if", condition)
            self.assertEqual(result.returncode, int(holds), condition)
            self.assertEqual(bool(result.stderr), holds)
            self.assertIn("ALLOCATOR", result.stdout)
        both = neap("report", *self.recordings, "--fail-if", "neap.cpu > 100", "--fail-if", "libc.end_rss > neap.end_rss")
        self.assertEqual((both.returncode, both.stderr), (1, "neap: libc.end_rss > neap.end_rss holds: 352321536 against 67633152\n"))

    def test_nonsense(self):
        form = "; write one such as 'neap.mean_rss > 1.05*libc.mean_rss' or 'neap.peak_rss > 200MiB'"
        for condition, words in (("neap.mean_rss", f"'neap.mean_rss' is no condition{form}"), ("> 1", f"'> 1' is no condition{form}"),
                                 ("neap.mean_rss > 3furlongs", f"'neap.mean_rss > 3furlongs' is no condition{form}"),
                                 ("nepa.cpu > 1", "'nepa.cpu > 1' speaks of nepa, but there are: libc, neap")):
            self.expect(2, "neap: " + words, "report", *self.recordings, "--fail-if", condition)
        self.assertRegex(neap("report", *self.recordings, "--fail-if", "neap.men_rss > 1").stderr, r"^neap: there is no figure 'men_rss' \(.*\); did you mean mean_rss\?\n$")
        result = neap("compare", "-n1", "-a", "libc", "--fail-if", "neap.cpu > 1", "--", "touch", self.path("ran"))
        self.assertEqual((result.returncode, result.stderr), (2, "neap: 'neap.cpu > 1' speaks of neap, but there are: libc\n"))


class Usage(NeapTest):
    def test_bare_neap_says_what_it_is(self):
        text = self.expect(0, "")
        for words in ("the heap at low tide", "neap compare -- PROGRAM", "neap run -- PROGRAM", "neap record --pid PID", "neap enable UNIT"):
            self.assertIn(words, text)
        self.assertLess(max(map(len, text.splitlines())), 120)

    def test_no_verb(self):
        self.expect(2, "neap trace: a VERB is required: record, replay, info, cut; see neap trace --help", "trace")
        self.assertIn("Usage: neap trace [OPTIONS] VERB\n", self.expect(0, "", "trace", "--help"))
        self.assertNotIn("SUBCOMMAND", self.expect(0, "", "--help").upper())

    def test_did_you_mean(self):
        self.expect(2, "neap: there is no verb 'recrod'; did you mean record? see neap --help", "recrod", "-a", "neap", "--", "true")
        self.expect(2, "neap trace: there is no verb 'reply'; did you mean replay? see neap trace --help", "trace", "reply")
        self.expect(2, "neap record: these were not expected: --intervall 3; did you mean --interval? see neap record --help",
                    "record", "--intervall", "3", "--", "true")
        self.expect(2, "neap: libc has no setting 'arna_max' (there are: arena_max, arena_test, check, hugetlb, mmap_max, mmap_threshold, mxfast, "
                       "perturb, tcache_count, tcache_max, tcache_unsorted_limit, top_pad, trim_threshold); did you mean arena_max?",
                    "run", "-a", "libc:arna_max=1", "--", "true")
        self.assertRegex(neap("run", "-a", "jemaloc", "--", "true").stderr, r"; did you mean jemalloc\?\n$")

    def test_unknown_option(self):
        self.expect(2, "neap record: '--bogus' was not expected; see neap record --help", "record", "--bogus")

    def test_strays_in_their_order(self):
        self.expect(2, "neap record: these were not expected: a b c; a program to run stands behind --; see neap record --help", "record", "a", "b", "c")

    def test_program_without_dashes(self):
        self.expect(2, "neap run: 'true' was not expected; a program to run stands behind --; see neap run --help", "run", "true")

    def test_no_program(self):
        for verb in ("run", "record", "compare"):
            self.expect(2, f"neap: no program given; write: neap {verb} [OPTIONS] -- PROGRAM [ARGS]", verb)

    def test_number_out_of_range(self):
        self.expect(2, "neap compare: --runs: '0' is not 1 to 1000; see neap compare --help", "compare", "-n", "0", "--", "true")
        self.expect(2, "neap record: --duration: 'soon' is no time such as 90, 5min or 24h; see neap record --help", "record", "-d", "soon", "--", "true")
        self.expect(2, "neap record: --duration: '0' is not above 0; see neap record --help", "record", "-d", "0h", "--", "true")
        self.expect(2, "neap trace cut: --from: '-1' is no time such as 90, 5min or 24h; see neap trace cut --help", "trace", "cut", "--from=-1", "a", "b")
        self.assertEqual(neap("record", "-q", "-d", "1h30min", "-o", "a.neaprec", "--", "true", cwd=self.folder).returncode, 0)

    def test_help_tells_ranges_and_defaults(self):
        self.assertRegex(self.expect(0, "", "compare", "--help"), r"-n,--runs N +Runs under each allocator, 1 to 1000 \(default: 3\)\n")
        self.assertIn("Usage: neap run [OPTIONS] -- PROGRAM [ARGS]\n", self.expect(0, "", "run", "--help"))

    def test_unknown_allocator(self):
        names = ", ".join(row["name"] for row in json.loads(neap("allocators", "--json").stdout))
        self.expect(2, f"neap: no allocator 'bogus' (there are: {names}; or give the path of a .so)",
                    "run", "-a", "bogus", "--", "true")

    def test_bad_setting(self):
        self.expect(2, "neap: 'arena_max' is no setting of libc; write libc:key=value",
                    "run", "-a", "libc:arena_max", "--", "true")
        self.expect(2, "neap: 'x' is no number for arena_max of libc", "run", "-a", "libc:arena_max=x", "--", "true")
        self.assertRegex(neap("run", "-a", "neap:foo=1", "--", "true").stderr, r"^neap: neap does not take these settings: no option 'foo' \(there are: .*\)\n$")

    def test_settings_with_equals_and_colons(self):
        for written in ("neap:dirty_percent=7:check=1", "neap:dirty_percent:7:check:1", "neap:dirty_percent=7:check:1"):
            self.assertIn("NEAP_OPTIONS=dirty_percent:7,check:1\n", neap("run", "-q", "-a", written, "--", "env").stdout, written)

    def test_path_that_is_no_library(self):
        self.expect(2, "neap: '/etc/passwd' is not a shared library", "run", "-a", "/etc/passwd", "--", "true")
        self.expect(2, "neap: no allocator library at './none.so'", "run", "-a", "./none.so", "--", "true")

    def test_allocator_named_twice(self):
        self.expect(2, "neap: allocator 'libc' is named twice", "compare", "-a", "libc,libc", "--", "true")

    def test_report_of_what_is_no_recording(self):
        with open(self.path("text"), "w") as file:
            file.write("not a database, and long enough to be read as one\n" * 40)
        self.expect(2, "neap: 'text' is no recording of neap; make one with: neap record -o FILE -- PROGRAM", "report", "text")
        self.expect(2, "neap: no recording at 'missing'", "report", "missing")

    def test_help_names_every_verb(self):
        text = self.expect(0, "", "--help")
        for verb in ("allocators", "run", "record", "compare", "report"):
            self.assertIn(f"  {verb} ", text)
        self.assertNotIn("probe", text)

    def test_allocators(self):
        rows = {row["name"]: row for row in json.loads(self.expect(0, "", "allocators", "--json"))}
        self.assertTrue(rows["libc"]["installed"] and rows["libc"]["loads"])
        self.assertRegex(rows["libc"]["version"], r"^2\.\d+$")
        self.assertEqual(rows["libc-arena1"]["environment"], {"GLIBC_TUNABLES": "glibc.malloc.arena_max=1"})
        for row in rows.values():
            self.assertEqual(row["installed"], "install" not in row)
        self.assertEqual(neap("allocators").stdout.split()[:2], ["ALLOCATOR", "VERSION"])
