#!/usr/bin/env python3
"""The table that bench/run makes of runs, and its three forms."""
import json
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from neapbench.allocators import Allocator  # noqa: E402
from neapbench.report import page, table, text  # noqa: E402
from neapbench.schedule import Results  # noqa: E402
from neapbench.workload import Skipped, Workload  # noqa: E402

LIBC, MIMALLOC, NEAP = Allocator("libc", "", is_libc=True), Allocator("mimalloc", "/m.so"), Allocator("neap", "/n.so")


def workload(name, **properties):
    return Workload(name, "speed", ("/bin/true",), **properties)


def figures(cpu_s, peak=2**20, per_live=1.5):
    return {"cpu_s": cpu_s, "wall_s": cpu_s, "peak_bytes": peak, "minor_faults": 100, "resident_per_live": per_live}


def made(rows, workloads, allocators=(LIBC, MIMALLOC, NEAP), skipped=()):
    results = Results()
    for each, allocator, runs in rows:
        for run in runs:
            results.add(each, allocator, run)
    return table.build(workloads, list(allocators), results, skipped, {"machine": "test <machine>"})


class Table(unittest.TestCase):
    def setUp(self):
        self.pairs, self.large = workload("pairs"), workload("large", memory_counts=False)
        self.rows = [(self.pairs, LIBC, [figures(1.0), figures(2.0), figures(1.5)]),
                     (self.pairs, MIMALLOC, [figures(0.5), figures(1.0), figures(0.75)]),
                     (self.pairs, NEAP, [figures(0.25, 2**19, 1.2), figures(0.5, 2**19, 1.2), figures(0.375, 2**19, 1.2)]),
                     (self.large, LIBC, [figures(1.0, 2**24)]),
                     (self.large, MIMALLOC, [figures(4.0, 2**24)]),
                     (self.large, NEAP, [figures(1.0, 2**26)])]

    def row(self, made_table, name, label):
        block = next(block for block in made_table["groups"][0]["workloads"] if block["workload"] == name)
        return next(row for row in block["rows"] if row["allocator"] == label)

    def mean(self, made_table, label):
        return next(row for row in made_table["groups"][0]["means"] if row["allocator"] == label)

    def test_medians_and_ratios(self):
        row = self.row(made(self.rows, [self.pairs, self.large]), "pairs", "neap")
        self.assertEqual(row["figures"]["cpu_s"], {"median": 0.375, "low": 0.25, "high": 0.5, "runs": 3})
        self.assertEqual(row["ratios"]["libc"]["cpu_s"]["median"], 0.25)
        self.assertEqual(row["ratios"]["mimalloc"]["cpu_s"]["median"], 0.5)

    def test_geometric_means_leave_out_what_does_not_count(self):
        mean = self.mean(made(self.rows, [self.pairs, self.large]), "neap")
        self.assertAlmostEqual(mean["ratios"]["libc"]["cpu_s"], 0.5)  # of 1/4 and 1
        self.assertAlmostEqual(mean["ratios"]["libc"]["peak_bytes"], 0.5)  # of pairs alone
        self.assertAlmostEqual(mean["resident_per_live"], 1.2)

    def test_a_failed_run_is_told_and_spoils_no_other(self):
        self.rows[4] = (self.large, MIMALLOC, [None])
        made_table = made(self.rows, [self.pairs, self.large])
        self.assertEqual(self.row(made_table, "large", "mimalloc")["figures"], {})
        self.assertEqual(self.row(made_table, "large", "mimalloc")["failed"], 1)
        self.assertIsNotNone(self.mean(made_table, "neap")["ratios"]["libc"]["cpu_s"])
        self.assertIn("failed", text.write(made_table))

    def test_the_forms_hold_the_figures(self):
        made_table = made(self.rows, [self.pairs, self.large], skipped=[Skipped("z3", "programs", "z3 is not installed")])
        self.assertEqual(json.loads(json.dumps(made_table)), made_table)
        written = text.write(made_table)
        self.assertRegex(written, r"neap +0\.375 +33% +0\.25 +0\.50")
        self.assertIn("skipped: z3: z3 is not installed", written)
        drawn = page.write(made_table)
        self.assertIn("test &lt;machine&gt;", drawn)
        self.assertIn("0.375 <small>(0.250 to 0.500)</small>", drawn)
        self.assertNotRegex(drawn, r"(src|href)=\"?(http|//)")


unittest.main()
