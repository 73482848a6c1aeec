"""What the command says to bad input: one line that tells what to do, and the exit code."""
import json

from neap_command import NeapTest, neap


class Usage(NeapTest):
    def test_no_verb(self):
        self.expect(2, "neap: A subcommand is required; see neap --help")

    def test_unknown_option(self):
        self.expect(2, "neap record: The following argument was not expected: --bogus; "
                       "a program to run stands behind --; see neap record --help", "record", "--bogus")

    def test_program_without_dashes(self):
        self.expect(2, "neap run: The following argument was not expected: true; "
                       "a program to run stands behind --; see neap run --help", "run", "true")

    def test_no_program(self):
        for verb in ("run", "record", "compare"):
            self.expect(2, f"neap: no program given; write: neap {verb} [OPTIONS] -- PROGRAM [ARGS]", verb)

    def test_number_out_of_range(self):
        self.expect(2, "neap compare: --runs: '0' is not 1 to 1000; see neap compare --help", "compare", "-n", "0", "--", "true")
        self.expect(2, "neap record: --duration: 'soon' is not above 0; see neap record --help", "record", "-d", "soon", "--", "true")
        self.expect(2, "neap trace cut: --from: '-1' is not 0 or more; see neap trace cut --help", "trace", "cut", "--from=-1", "a", "b")

    def test_help_tells_ranges_and_defaults(self):
        self.assertRegex(self.expect(0, "", "compare", "--help"), r"-n,--runs N +Runs under each allocator, 1 to 1000 \(default: 3\)\n")
        self.assertIn("Usage: neap run [OPTIONS] -- PROGRAM [ARGS]\n", self.expect(0, "", "run", "--help"))

    def test_unknown_allocator(self):
        self.expect(2, "neap: no allocator 'bogus' (there are: libc, neap, jemalloc, mimalloc, tcmalloc, tbbmalloc, scudo, "
                       "libc-arena1, libc-tuned, jemalloc-decay0; or give the path of a .so)",
                    "run", "-a", "bogus", "--", "true")

    def test_bad_setting(self):
        self.expect(2, "neap: 'arena_max' is no setting of libc; write libc:key=value",
                    "run", "-a", "libc:arena_max", "--", "true")

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
