#!/usr/bin/env python3
"""bench/soak: what is judged, what is kept, and two loads for a moment.   test_soak.py BUILD"""
import dataclasses
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from neapbench import allocators  # noqa: E402
from neapbench.places import Places  # noqa: E402
from neapbench.soak import clients, load_log, loads, page, stretch, verdict  # noqa: E402

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
HOUR = 3600


def seen(rises=(0.0, -0.1, 0.1), seconds=3 * HOUR, mappings=100, errors=0, p999_ms=(5.0, 5.0)):
    return verdict.Seen(seconds, 1000, errors, "", 10**8, rises, None, seconds * 2 / 3, mappings, p999_ms)


class Verdict(unittest.TestCase):
    def test_each_bound(self):
        for what, fails, open_ in ((seen((0.4, 0.39, 0.41)), [], []), (seen((0.7, 0.6, 0.8)), ["slope"], []), (seen((-3, -4, -2)), [], []),
                                   (seen((0.4, -1, 2)), [], ["slope"]), (seen(None), [], ["slope", "latency"]),
                                   (seen((5, 4, 6), seconds=HOUR), [], ["slope", "latency"]), (seen(mappings=5000), [], []),
                                   (seen(mappings=5001), ["mappings"], []), (seen(errors=1), ["answers"], []),
                                   (seen(p999_ms=(5, 6)), [], []), (seen(p999_ms=(5, 6.5)), ["latency"], [])):
            self.assertEqual(verdict.judge([what]), (fails, open_), what.p999_ms)

    def test_a_wrong_answer_in_a_short_stretch_counts_too(self):
        self.assertEqual(verdict.judge([seen(), seen(seconds=60, errors=1)])[0], ["answers"])

    def test_what_fails_stands_in_the_table(self):
        self.assertTrue(page.row("x", [seen((0.7, 0.6, 0.8), errors=2)])[-1].startswith("FAILS: answers, slope"))
        self.assertEqual(page.row("x", [seen()])[-1], "holds")


class Log(unittest.TestCase):
    def test_the_slowest_of_a_thousand(self):
        counts = load_log.Counts()
        for number in range(10000):
            counts.add(0.5 if number % 500 == 0 else 0.001)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "load.jsonl")
            file.write_text(counts.line(5) + '{"at": 10, "laten')
            lines = load_log.read(file)
        self.assertEqual([line["at"] for line in lines], [5])
        self.assertAlmostEqual(load_log.percentile_ms(lines, 0.999) / 500, 1, delta=0.05)
        self.assertAlmostEqual(load_log.percentile_ms(lines, 0.99), 1, delta=0.05)


class Lies(clients.Redis):
    """Expects what it did not write, once it has written."""

    def step(self):
        if self.known:
            self.known[0] = b"something else"
            self.check(0)


@unittest.skipIf(shutil.which("redis-server") is None, "redis-server is not installed")
class Command(unittest.TestCase):
    def soak(self, folder, hours, *words):
        return subprocess.run([HERE.parent / "soak", "--build", BUILD, "-q", "--hours", str(hours), *words, folder], capture_output=True, text=True)

    def rows(self, done):
        return {row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:-1]] for row in done.stdout.splitlines()[2:]}

    def test_two_loads_and_how_they_go_on(self):
        with tempfile.TemporaryDirectory() as folder:
            words = ("--load", "redis", "python", "--")
            done = self.soak(folder, 0.0007, *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = self.rows(done)
            self.assertEqual(set(rows), {"redis", "python"})
            for row in rows.values():
                self.assertGreater(int(row[2]), 0)
                self.assertEqual(row[3], "0")
                self.assertGreater(int(row[8]), 10)
                self.assertEqual(row[-1], "not shown: slope, latency")
            self.assertEqual(self.soak(folder, 0.0007, *words).stdout, done.stdout)
            longer = self.soak(folder, 0.0012, "--load", "redis", "--")
            self.assertGreater(int(self.rows(longer)["redis"][2]), int(rows["redis"][2]))
            self.assertTrue(pathlib.Path(folder, "redis/002/memory.neaprec").exists())
            self.assertIn("<svg", pathlib.Path(folder, "redis.svg").read_text())

    def test_a_wrong_answer_is_told(self):
        places = Places(BUILD)
        (neap,), _ = allocators.resolve(["neap"], places.program("neap"), places.program("libneap.so"))
        load = dataclasses.replace(next(load for load in loads.LOADS if load.name == "redis"), client=Lies)
        with tempfile.TemporaryDirectory() as folder:
            stretch.Stretch(load, neap, places.program("neap"), pathlib.Path(folder, "1")).run(1)
            self.assertIn("answers", verdict.judge([verdict.look(pathlib.Path(folder, "1"), places.program("neap"))])[0])

    def test_bad_words_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            for words in (("--hours", "0", folder), ("--load", "nothing", "--", folder), ("--hardened", "--allocator", "libc", folder)):
                done = subprocess.run([HERE.parent / "soak", "--build", BUILD, *words], capture_output=True, text=True)
                self.assertEqual(done.returncode, 2, done.stderr)


unittest.main()
