"""The walker of glibc's heaps: equal to the byte to what malloc says of itself, whatever the heap; its forecast of a trim too."""
import os
import unittest

from inspected import Known, NeapTest, as_mallinfo, heap_of, inspect

CASES = ["plain", "foreign_sbrk", "unaligned_break", "blocked_break", "ended_threads", "aligned", "many_mapped", "never_mapped",
         "grown", "fast_bins", "one_thread", "forked", "mass_deletion"]
TUNED = [{"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"},
         {"GLIBC_TUNABLES": "glibc.malloc.tcache_max=8192:glibc.malloc.tcache_count=100"},
         {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"},
         {"GLIBC_TUNABLES": "glibc.malloc.arena_max=1"},
         {"GLIBC_TUNABLES": "glibc.malloc.mxfast=0"},
         {"MALLOC_PERTURB_": "165"}]


class Exact(NeapTest):
    def same(self, known, *options):
        heap = heap_of(inspect(known.pid, *options), "glibc")
        self.assertEqual(as_mallinfo(heap), known.mallinfo)
        self.assertEqual((heap["lost_bytes"], heap["unfound_bytes"]), (0, 0))
        return heap

    def test_every_kind_of_heap(self):
        for case in CASES:
            with self.subTest(case), Known(case) as known:
                self.same(known)

    def test_stopped(self):
        with Known("ended_threads") as known:
            self.same(known, "--stop")
            known.ask("trim")  # it goes on

    def test_settings(self):
        for environment in TUNED:
            for case in ["ended_threads", "never_mapped", "fast_bins"]:
                with self.subTest(case, environment=environment), Known(case, environment.items()) as known:
                    self.same(known)

    def test_static_program(self):
        with Known("ended_threads", program=os.environ["KNOWN_HEAP_STATIC"]) as known:
            self.same(known)

    def test_trim_returns_what_is_foretold(self):
        for case in CASES:
            with self.subTest(case), Known(case) as known:
                before = inspect(known.pid)
                known.ask("trim")
                after = inspect(known.pid)
                returned = heap_of(before, "glibc")["resident_bytes"] - heap_of(after, "glibc")["resident_bytes"]
                self.assertEqual(heap_of(before, "glibc")["trim_bytes"], returned)


if __name__ == "__main__":
    unittest.main()
