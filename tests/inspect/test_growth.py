"""neap inspect --watch names why a program grows: three that leak, four that grow by fragmentation, one that does neither. All
are watched at the same time. Slow leaks, of 1 KB a second, within two minutes:

    SLOW_LEAKS=1 ctest --test-dir build/release -R '^inspect.growth'
"""
import json
import os
import subprocess
import sys
import unittest

from inspected import ENOUGH_LOOKS, NeapTest
from neap_command import NEAP

HERE = os.path.dirname(os.path.abspath(__file__))
GROWING = os.environ["GROWING"]
PYTHON = [sys.executable if sys.executable.startswith("/usr/bin") else "/usr/bin/python3", os.path.join(HERE, "growing.py")]
LEAKS = [[GROWING, "requests"], [GROWING, "sessions"], [*PYTHON, "leak"]]
FRAGMENTATION = [[GROWING, "sizes"], [GROWING, "scattered"], [GROWING, "workers"], [*PYTHON, "fragmentation"]]
STEADY = [[GROWING, "steady"]]
SLOW = os.environ.get("SLOW_LEAKS", "0") != "0"


class Watched:
    """A program that grows, and neap that watches it."""

    def __init__(self, command, rate, time):
        self.program = subprocess.Popen([*command, str(rate)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, "PYTHONMALLOC": "malloc"})
        self.program.stdout.readline()
        self.neap = subprocess.Popen([NEAP, "inspect", "-q", "--json", "--watch", f"{time}s", str(self.program.pid)],
                                     stdout=subprocess.PIPE, text=True)

    def growth(self):
        told = json.loads(self.neap.communicate()[0])["growth"]
        self.program.stdin.close()
        self.program.stdout.close()
        self.program.wait()
        return told


MAX_LONGER = 3  # watches


class Growth(NeapTest):
    def named(self, kind, commands, rate, time):
        """By the first watch that is one: where neap had no processor for its looks, another is made; and where it is not sure that
        anything grows, a longer one, as its user would."""
        watched = [Watched(command, rate, time) for command in commands]
        for one, command in zip(watched, commands):
            growth, longer = one.growth(), 0
            while growth["looks"] < ENOUGH_LOOKS or (growth["kind"] == "none" != kind and longer < MAX_LONGER):
                longer += growth["looks"] >= ENOUGH_LOOKS
                growth = Watched(command, rate, time * (2 if longer else 1)).growth()
            with self.subTest(" ".join([os.path.basename(command[-2]), command[-1]])):
                self.assertEqual(growth["kind"], kind, growth)

    def test_leaks(self):
        self.named("leak", LEAKS, 400_000, 4)

    def test_fragmentation(self):
        self.named("fragmentation", FRAGMENTATION, 1_000_000, 6)

    def test_a_program_that_does_not_grow(self):
        self.named("none", STEADY, 0, 3)

    @unittest.skipUnless(SLOW, "two minutes: SLOW_LEAKS=1")
    def test_leaks_of_a_kilobyte_a_second(self):
        self.named("leak", LEAKS, 1024, 120)

    @unittest.skipUnless(SLOW, "two minutes: SLOW_LEAKS=1")
    def test_nothing_is_named_where_nothing_grows(self):
        self.named("none", STEADY, 0, 120)


if __name__ == "__main__":
    unittest.main()
