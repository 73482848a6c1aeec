"""What neap inspect foretells of a program under libneap, against the same program under libneap: ten programs and more, the truth
within the range. Prints the table of docs/inspect.md. A minute and a half:

    MEASURE=1 ctest --test-dir build/release -R '^inspect.forecast' -V
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from inspected import KNOWN_HEAP, NeapTest, inspect

PLANTED, GROWING, LIBNEAP = os.environ["PLANTED"], os.environ["GROWING"], os.environ["LIBNEAP"]
MEASURE = os.environ.get("MEASURE", "0") != "0"
PYTHON = """
import sys
table = {number: ("name %d" % number, [number] * (number % 30)) for number in range(300000)}
for number in range(300000):
    if number % 20: del table[number]
print(flush=True); sys.stdin.read()
"""
REDIS = 17391  # port
# name, command, more environment
PROGRAMS = [
    ("C, up to 3,000 bytes, a third stays", [KNOWN_HEAP, "plain"], {}),
    ("C, 8 threads, 20 times", [KNOWN_HEAP, "ended_threads"], {}),
    ("C, aligned objects", [KNOWN_HEAP, "aligned"], {}),
    ("C, large objects in the heap", [KNOWN_HEAP, "never_mapped"], {}),
    ("C, 39 of 40 freed", [KNOWN_HEAP, "settled_deletion"], {}),
    ("C, small objects, all live", [KNOWN_HEAP, "dense"], {}),
    ("C++, sessions between requests", [PLANTED, "0"], {}),
    ("C++, strings, in a thread", [PLANTED, "2"], {}),
    ("C++, 400,000 objects at rest", [GROWING, "sizes", "0"], {}),
    ("python, 95% deleted", ["/usr/bin/python3", "-c", PYTHON], {}),
    ("python, the same, PYTHONMALLOC=malloc", ["/usr/bin/python3", "-c", PYTHON], {"PYTHONMALLOC": "malloc"}),
]


class Started:
    def __init__(self, command, environment, library):
        preload = {"LD_PRELOAD": library} if library else {}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **environment, **preload})
        self.process.stdout.readline()

    def resident(self):
        return self.look()["resident_bytes"]

    def look(self):
        return inspect(self.process.pid)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Redis(Started):
    """On its port, with keys of which six of seven were deleted again. Debian's brings jemalloc, which a preload takes the place of."""

    def __init__(self, library):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(["redis-server", "--port", str(REDIS), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder.name],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "LD_PRELOAD": library})
        while subprocess.run(["redis-cli", "-p", str(REDIS), "ping"], capture_output=True, text=True).stdout != "PONG\n":
            time.sleep(0.05)
        fill = "for i = 1, 200000 do redis.call('set', 'key:' .. i, string.rep('x', 20 + i % 400)) end"
        delete = "for i = 1, 200000 do if i % 7 ~= 0 then redis.call('del', 'key:' .. i) end end"
        for script in (fill, delete):
            subprocess.run(["redis-cli", "-p", str(REDIS), "eval", script, "0"], check=True, capture_output=True)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        super().end()
        self.folder.cleanup()


@unittest.skipUnless(MEASURE, "a minute and a half: MEASURE=1")
class Forecast(NeapTest):
    def test_the_truth_lies_within(self):
        rows = [(name, self.measured(lambda library, c=command, e=environment: Started(c, e, library))) for name, command, environment in PROGRAMS]
        libc = os.path.join(os.path.dirname(LIBNEAP), "libneap-libc.so")
        if shutil.which("redis-server") and os.path.exists(libc):
            rows.append(("redis, six keys of seven deleted", self.measured(lambda library: Redis(library or libc))))
        print("\n| program, MiB | now | least | most | measured |\n|---|---|---|---|---|")
        for name, figures in rows:
            print("| " + " | ".join([name, *(f"{figure / 1048576:.1f}" for figure in figures)]) + " |")
        for name, (_, least, most, measured) in rows:
            with self.subTest(name):
                self.assertTrue(least <= measured <= most, (least, measured, most))

    @staticmethod
    def measured(start):
        program = start("")
        look = program.look()
        program.end()
        program = start(LIBNEAP)
        measured = program.resident()
        program.end()
        return look["resident_bytes"], look["under_neap"]["least_bytes"], look["under_neap"]["most_bytes"], measured


if __name__ == "__main__":
    unittest.main()
