"""The reader of mimalloc's heaps: equal to the byte to what the program keeps, and to mimalloc's own count. The packaged library;
any others, such as built from its releases, are named by MIMALLOC_LIBRARIES:

    MIMALLOC_LIBRARIES=/tmp/2.1.7/libmimalloc.so:/tmp/3.4.3/libmimalloc.so ctest --test-dir build/release -R '^inspect.mimalloc'
"""
import os
import statistics
import subprocess
import threading
import unittest

from inspected import Known, NeapTest, heap_of, inspect, neap

LIBRARIES = [path for path in os.environ.get("MIMALLOC_LIBRARIES", os.environ["MIMALLOC"]).split(":") if os.path.exists(path)]
ONE_THREAD = ["plain", "many_mapped", "never_mapped", "grown", "mass_deletion", "dense"]
OF_LIBC, MAIN_HEAP = 20, 2048  # objects and bytes that libc keeps for threads


@unittest.skipUnless(LIBRARIES, "libmimalloc2.0 is not installed")
class Mimalloc(NeapTest):
    def each(self, cases):
        for library in LIBRARIES:
            for case in cases:
                with self.subTest(case, library=library), Known(case, {"LD_PRELOAD": library}.items()) as known:
                    heap = heap_of(inspect(known.pid), "mimalloc")
                    self.assertEqual((heap["lost_bytes"], heap["unfound_bytes"]), (0, 0))
                    yield known, heap

    def test_what_one_thread_keeps(self):
        for known, heap in self.each(ONE_THREAD):
            self.assertEqual(heap["live"]["count"], known.told["objects"])
            if "secure" not in heap["library"]:  # whose objects have something behind them
                self.assertEqual(heap["live"]["bytes"], known.told["kept"])

    def test_what_ended_threads_left(self):
        for known, heap in self.each(["ended_threads", "one_thread"]):
            self.assertTrue(0 <= heap["live"]["count"] - known.told["objects"] <= OF_LIBC, (heap["live"], known.told))
            if "secure" not in heap["library"]:
                self.assertTrue(0 <= heap["live"]["bytes"] - known.told["kept"] <= MAIN_HEAP, (heap["live"], known.told))

    def test_its_own_count(self):
        """Also of objects that begin inside of their blocks. 3.x tells of some of its pages alone."""
        for known, heap in self.each(["aligned", "plain"]):
            if known.told["visited"] >= known.told["kept"] and "secure" not in heap["library"]:
                self.assertEqual(heap["live"]["bytes"], known.told["visited"])

    def test_pages(self):
        for _, heap in self.each(["mass_deletion"]):
            self.assertGreater(heap["sparse_page_free_bytes"], 10 << 20)
            self.assertGreater(heap["resident_bytes"], 30 << 20)

    def test_a_heap_that_changes(self):
        with Known("mass_deletion", {"LD_PRELOAD": LIBRARIES[0]}.items()) as known:
            over = threading.Event()

            def churn():
                while not over.is_set():
                    known.ask("scatter 480")

            thread = threading.Thread(target=churn)
            thread.start()
            heaps = [heap_of(inspect(known.pid), "mimalloc") for _ in range(20)]
            over.set()
            thread.join()
            self.assertLess(statistics.median(heap["lost_bytes"] / heap["live"]["bytes"] for heap in heaps), 0.05)

    def test_what_it_says(self):
        with Known("mass_deletion", {"LD_PRELOAD": LIBRARIES[0]}.items()) as known:
            done = neap("inspect", "-q", known.pid)
            self.assertRegex(done.stdout, "free memory that mimalloc holds")
            self.assertNotIn("MIMALLOC_SHOW_STATS", done.stdout)


class Unknown(NeapTest):
    @unittest.skipUnless(LIBRARIES, "libmimalloc2.0 is not installed")
    def test_a_build_that_is_not_known(self):
        """Its data lie elsewhere than in any that is: the mappings are told, and whom to ask."""
        source, program = self.path("odd.c"), self.path("libmimalloc.so.9")
        with open(source, "w") as file:
            file.write("""#include <stddef.h>
static char* heap; static size_t used;
extern void* mmap(void*, size_t, int, int, int, long);
void* malloc(size_t size) {
  if (!heap) heap = mmap(0, 64 << 20, 3, 34, -1, 0);
  void* object = heap + used; used += (size + 15) & ~15ul; return object; }
void free(void* object) { (void)object; }
size_t malloc_usable_size(void* object) { return object ? 40 : 0; }
void* calloc(size_t count, size_t size) { return malloc(count * size); }
void* realloc(void* old, size_t size) {
  char *fresh = malloc(size); if (old) for (size_t i = 0; i < size && (char*)old + i < fresh; ++i) fresh[i] = ((char*)old)[i];
  return fresh; }
""")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-fno-builtin", "-w", "-o", program, source], check=True)
        with Known("dense", {"LD_PRELOAD": program}.items()) as known:
            look = inspect(known.pid)
            self.assertNotIn("mimalloc", [heap["allocator"] for heap in look["heaps"]])
            self.assertEqual(look["finding"], "not malloc's" if look["heaps"] else "unknown")
            self.assertRegex(neap("inspect", "-q", known.pid).stdout, "mimalloc")


if __name__ == "__main__":
    unittest.main()
