#!/usr/bin/env python3
"""SIGINT and SIGTERM end each command, also where a shell ignored SIGINT for it, and what it started.   test_interrupts.py BUILD"""
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
HERE = pathlib.Path(__file__).resolve().parent
HANGS_S = 600
sys.path.insert(0, str(HERE.parent))
from neapbench.soak.stretch import LINE_S  # noqa: E402


def below(pid):
    """The processes that it started, and those that they did."""
    found = []
    for file in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            children = pathlib.Path(file).read_text().split()
        except OSError:
            continue
        for child in children:
            found += [child, *below(child)]
    return found


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def named(name):
    def started(pid):
        for each in below(pid):
            try:
                if pathlib.Path(f"/proc/{each}/comm").read_text().strip() == name:
                    return True
            except OSError:
                pass
        return False
    return started


class Interrupts(unittest.TestCase):
    def ended(self, sent, started, command, *words):
        """Its standard error, once it has ended by the signal and nothing that it started runs on."""
        process = subprocess.Popen([HERE.parent / command, "--build", BUILD, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        while not started(process.pid) and process.poll() is None:
            time.sleep(0.02)
        children = below(process.pid)
        process.send_signal(sent)
        errors = process.communicate(timeout=HANGS_S)[1]
        if "control group" in errors:
            self.skipTest(errors)
        self.assertEqual(process.returncode, 130, errors)
        self.assertTrue(children)
        until = time.monotonic() + HANGS_S
        while (left := [child for child in children if runs(child)]) and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual(left, [])
        return errors

    def test_limits(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            errors = self.ended(sent, named("neap-bench"), "limits", "--load", "^images-220-t1", "--scale", "1000", "--allocators", "libc")
            self.assertEqual(errors.count("\n"), 1, errors)

    def test_run(self):
        self.ended(signal.SIGINT, named("neap-bench"), "run", "-q", "--workload", "^pairs-256-t1$", "--scale", "10000", "--allocators", "libc")

    @unittest.skipIf(shutil.which("redis-server") is None, "redis-server is not installed")
    def test_soak_keeps_what_was_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            seen = pathlib.Path(folder, "redis/001/load.jsonl")
            self.ended(signal.SIGINT, lambda pid: seen.exists(), "soak", "--load", "redis", "--", folder)
            ends = [0, *(json.loads(line)["at"] for line in seen.read_text().splitlines())]
            self.assertGreater(len(ends), 1)
            for begin, end in zip(ends, ends[1:-1]):  # all lines but that of what was left when it ended are whole ones
                self.assertGreaterEqual(end - begin, LINE_S - 0.1)  # as rounded


os.environ["LC_ALL"] = "C"
unittest.main()
