"""neap inspect --core: the same heap as in the live process; a file that was cut off, and what is no core."""
import os
import unittest

from inspected import Known, NeapTest, as_mallinfo, heap_of, neap
from write_core import write_core
import json


class Core(NeapTest):
    def look(self, path, *options):
        done = neap("inspect", "--json", "--core", path, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), done.stderr

    def test_same_as_the_live_process(self):
        for case, allocator, environment in [("ended_threads", "glibc", {}), ("blocked_break", "glibc", {}),
                                             ("ended_threads", "libneap", {"LD_PRELOAD": os.environ["LIBNEAP"]})]:
            with self.subTest(case, allocator=allocator), Known(case, environment.items()) as known:
                write_core(known.pid, self.path("core"))
                look, complaints = self.look(self.path("core"))
                self.assertEqual(complaints, "")
                self.assertEqual((look["pid"], look["name"]), (0, "inspect_known_h"))
                heap = heap_of(look, allocator)
                if allocator == "glibc":
                    self.assertEqual(as_mallinfo(heap), known.mallinfo)
                else:
                    self.assertEqual(heap["live"]["bytes"], known.told["uordblks"] + known.told["hblkhd"])

    def test_cut_off(self):
        with Known("ended_threads") as known:
            write_core(known.pid, self.path("core"))
        for share in (0.05, 0.3, 0.6, 0.9):
            os.truncate(self.path("core"), int(os.path.getsize(self.path("core")) * share))
            done = neap("inspect", "--core", self.path("core"))
            self.assertIn(done.returncode, (0, 2))
            self.assertRegex(done.stderr, r"^neap: '.*/core' (was cut off: .* of what it should hold is missing|is not a core file.*)\n$")

    def test_what_is_no_core(self):
        for path, why in [("/etc/passwd", "is not a core file of a 64-bit program (a compressed one has to be unpacked first: "
                                          "coredumpctl dump, zstd -d)")]:
            self.expect(2, f"neap: '{path}' {why}", "inspect", "--core", path)
        self.expect(2, "neap: cannot read core file 'none': No such file or directory", "inspect", "--core", "none")
        self.expect(2, "neap: --stop and --watch are for running programs, not for a core file", "inspect", "--core", "none", "--stop")


if __name__ == "__main__":
    unittest.main()
