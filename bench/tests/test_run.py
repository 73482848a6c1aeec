#!/usr/bin/env python3
"""bench/run and neap-bench-gauge as their user meets them.   test_run.py BUILD"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from neapbench.groups import Context, latency  # noqa: E402
from neapbench.places import Places  # noqa: E402
from neapbench.workload import Skipped  # noqa: E402

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
RUN = pathlib.Path(__file__).resolve().parent.parent / "run"
GAUGE = next(path for path in (BUILD / "bench/neap-bench-gauge", BUILD / "neap-bench-gauge") if path.exists())


# Holds 64 MiB until the process that measures it has looked, and slept again, twenty times.
HOLDS = """
import os, re, time
def looks():
    with open(f"/proc/{os.getppid()}/status") as status:
        return int(re.search("\\nvoluntary_ctxt_switches:\\s*(\\d+)", status.read())[1])
x = bytearray(b"1") * (64 << 20)
enough = looks() + 20
while looks() < enough: time.sleep(0.01)
raise SystemExit(3)
"""


def run(*words):
    return subprocess.run([RUN, "--build", BUILD, "-q", *words], capture_output=True, text=True)


def gauge(*words):
    done = subprocess.run([GAUGE, "--interval", "5", *words], capture_output=True, text=True)
    return json.loads(done.stdout)


class Usage(unittest.TestCase):
    def refused(self, message, *words):
        done = run(*words)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertIn(message, done.stderr)

    def test_mistakes_end_in_one_line(self):
        self.refused("is no regular expression", "--workload", "(")
        self.refused("no workload to run", "--workload", "no such workload")
        self.refused("no library at", "--neap", "/no/such.so")
        self.refused("no folder of traces", "--traces", "/no/such/folder")
        self.refused("named twice", "--allocators", "libc,libc")
        self.refused("no allocator 'bogus'", "--allocators", "bogus")

    def test_list_shows_every_group(self):
        groups = {line.split()[0] for line in run("--list").stdout.splitlines()}
        self.assertEqual(groups, {"speed", "churn", "latency", "scale", "replay", "programs", "small"})


class MimallocBench(unittest.TestCase):
    """A folder that looks like its programs."""

    def measured(self, says, *more):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "larson")
            program.write_text(f"#!/bin/sh\n{says}\n")
            program.chmod(0o755)
            return run("--mimalloc-bench", folder, "--workload", "^larson1$", "--runs", "1", *more)

    def test_cpu_is_that_of_a_million_operations(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.measured("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo 'Throughput = 500 operations per second'",
                                 "--allocators", "libc", "--output", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            row = json.loads(pathlib.Path(folder, "table.json").read_text())["groups"][0]["workloads"][0]["rows"][0]
        figures = {name: row["figures"][name]["median"] for name in ("cpu_s", "user_s", "system_s", "wall_s")}
        expected = (figures["user_s"] + figures["system_s"]) / (500 * figures["wall_s"]) * 1e6
        self.assertAlmostEqual(figures["cpu_s"], expected, delta=expected / 1000)

    def test_a_program_that_tells_no_operations_has_failed(self):
        done = self.measured("echo nothing", "--allocators", "libc")
        self.assertEqual(done.returncode, 1)
        self.assertIn("printed nothing of its operations", done.stdout + done.stderr)

    def test_a_folder_without_its_programs(self):
        done = run("--mimalloc-bench", "/", "--list")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no programs of mimalloc-bench in /", done.stderr)
        done = run("--group", "mimalloc-bench")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--mimalloc-bench CHECKOUT/out/bench", done.stderr)


class Given(unittest.TestCase):
    """Programs that somebody else wrote."""

    def test_every_executable_file_of_a_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, mode in (("one", 0o755), ("two", 0o755), ("readme", 0o644)):
                pathlib.Path(folder, name).write_text("#!/bin/sh\nexit 0\n")
                pathlib.Path(folder, name).chmod(mode)
            done = run("--group", "given", "--given", folder, "--list")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([line.split() for line in done.stdout.splitlines()], [["given", "one"], ["given", "two"]])
            done = run("--group", "given", "--given", folder, "--workload", "one", "--allocators", "libc,neap", "--runs", "1")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_folder_without_programs(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("--given", folder, "--list")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no executable file in", done.stderr)
        done = run("--group", "given")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--given FOLDER", done.stderr)


class Runs(unittest.TestCase):
    def test_labels_and_figures(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("--quick", "--workload", "^pairs-256-t2$", "--allocators", f"libc,again={BUILD}/libneap.so", "--runs", "2",
                       "--output", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            table = json.loads((pathlib.Path(folder) / "table.json").read_text())
            self.assertTrue((pathlib.Path(folder) / "table.html").exists())
            self.assertEqual((pathlib.Path(folder) / "table.txt").read_text(), done.stdout)
        rows = table["groups"][0]["workloads"][0]["rows"]
        self.assertEqual([row["allocator"] for row in rows], ["libc", "again"])
        for row in rows:
            self.assertEqual(row["figures"]["cpu_s"]["runs"], 2)
            self.assertGreater(row["figures"]["cpu_s"]["median"], 0)
            self.assertGreater(row["figures"]["peak_bytes"]["median"], 1 << 20)


class Gauge(unittest.TestCase):
    def test_memory_and_exit_code(self):
        seen = gauge("--", sys.executable, "-c", HOLDS)
        self.assertEqual(seen["exit_code"], 3)
        self.assertGreater(seen["peak_bytes"], 64 << 20)
        self.assertGreater(seen["samples"], 5)
        self.assertGreater(seen["minor_faults"], 1000)
        self.assertGreater(seen["end"]["file"], 1 << 20)

    def test_the_end_is_seen_however_short_the_life(self):
        seen = gauge("--", "true")
        self.assertGreater(seen["end"]["private_dirty"], 0)
        self.assertTrue(any("libc.so" in path for path in seen["libraries"]))

    def test_a_server_ends_after_its_client(self):
        seen = gauge("--beside", "sleep 0.2", "--", "sleep", "60")
        self.assertEqual((seen["exit_code"], seen["beside_code"]), (128 + 15, 0))
        self.assertEqual(gauge("--beside", "exit 4", "--", "sleep", "60")["beside_code"], 4)
        self.assertEqual(gauge("--beside", "sleep 60", "--", "true")["beside_code"], 1)

    def test_a_heap_that_memory_does_not_hold_is_left_out(self):
        for available, left_out in ((19, ["heap-16384-t1"]), (20, [])):
            with unittest.mock.patch.object(latency, "available_gib", lambda: available):
                found = latency.workloads(Context(Places(BUILD), long=True))
            self.assertEqual([each.name for each in found if isinstance(each, Skipped)], left_out)

    def test_a_run_that_hangs_is_ended(self):
        self.assertTrue(gauge("--timeout", "0.2", "--", "sleep", "60")["timed_out"])

    def test_repeats_tell_the_time_of_a_start(self):
        self.assertGreater(gauge("--repeat", "5", "--", "true")["start_ms"], 0)


unittest.main()
