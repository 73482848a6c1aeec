"""The reader of libneap's heap, in the library as it is built and in a stripped one."""
import os
import subprocess
import unittest

from inspected import Known, NeapTest, heap_of, inspect

CASES = ["plain", "ended_threads", "aligned", "many_mapped", "never_mapped", "grown", "one_thread", "forked", "mass_deletion",
         "settled_deletion"]


class Libneap(NeapTest):
    def same(self, library, case, *options):
        with Known(case, {"LD_PRELOAD": library}.items()) as known:
            look = inspect(known.pid, *options)
            heap = heap_of(look, "libneap")
            # What its caches hold counts as handed out, for the library and the reader alike.
            self.assertEqual(heap["live"]["bytes"], known.told["uordblks"] + known.told["hblkhd"])
            self.assertEqual(heap["mapped"]["bytes"], known.told["hblkhd"])
            self.assertEqual((heap["lost_bytes"], heap["unfound_bytes"]), (0, 0))
            self.assertNotIn("under_neap", look)
            return look

    def test_every_kind_of_heap(self):
        for case in CASES:
            with self.subTest(case):
                self.same(os.environ["LIBNEAP"], case)

    def test_stopped(self):
        self.same(os.environ["LIBNEAP"], "ended_threads", "--stop")

    def test_stripped_library(self):
        stripped = self.path("libneap.so.0")
        subprocess.run(["strip", "-o", stripped, os.environ["LIBNEAP"]], check=True)
        self.same(stripped, "plain")

    def test_little_is_free_after_mass_deletion(self):
        look = self.same(os.environ["LIBNEAP"], "settled_deletion")
        with Known("mass_deletion") as known:
            self.assertGreater(inspect(known.pid)["heaps"][0]["empty_page_bytes"], 3 * heap_of(look, "libneap")["empty_page_bytes"])


if __name__ == "__main__":
    unittest.main()
