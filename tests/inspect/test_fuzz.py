"""The readers over memory that was changed at random: fuzz_readers, on copies of each allocator's heaps.

    FUZZ_ROUNDS=50000 ctest --test-dir build/release -R '^inspect.fuzz'
"""
import os
import subprocess
import unittest

from inspected import Known

LIBRARIES = [path for path in os.environ.get("MIMALLOC_LIBRARIES", os.environ["MIMALLOC"]).split(":") if os.path.exists(path)]
ROUNDS = os.environ.get("FUZZ_ROUNDS", "60")


class Fuzz(unittest.TestCase):
    def survive(self, case, environment=()):
        with Known(case, environment) as known:
            done = subprocess.run([os.environ["FUZZ_READERS"], str(known.pid), ROUNDS], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_glibc(self):
        self.survive("one_thread")

    def test_glibc_beside_a_blocked_break(self):
        self.survive("blocked_break")

    def test_libneap(self):
        self.survive("one_thread", {"LD_PRELOAD": os.environ["LIBNEAP"]}.items())

    def test_mimalloc(self):
        for library in LIBRARIES:
            with self.subTest(library):
                self.survive("plain", {"LD_PRELOAD": library}.items())


if __name__ == "__main__":
    unittest.main()
