"""A whole quick lab: the network comes up, the relays serve the same load, the result is written, nothing is left.

That the consensus lists the synthetic relays is part of it: authorities take only descriptors whose signatures hold.
"""

import json
import sys
import unittest

sys.dont_write_bytecode = True

from started import StartedLab

ALLOCATORS = ["libc", "mimalloc", "neap"]
MINUTES, LOAD, DIRECTORY = 20.0, 1.25, 1000


class QuickLab(unittest.TestCase):
    def test_it_measures_every_allocator_under_the_same_load(self):
        with StartedLab("--minutes", str(MINUTES), "--load", str(LOAD), "--directory", str(DIRECTORY), "-a", ",".join(ALLOCATORS), "-o", "result", "--json") as lab:
            said, errors = lab.process.communicate(timeout=(MINUTES + 5) * 60)
            self.assertEqual(lab.process.returncode, 0, errors + said)
            result = json.loads(said)
            self.assertTrue(result["valid"], result["problems"])
            rows = {row["label"]: row["quantities"] for row in result["comparison"]["rows"]}
            self.assertEqual(list(rows), ALLOCATORS)
            served = {tally["served"] for tally in result["served"].values()}
            self.assertEqual(len(served), 1)
            self.assertGreater(served.pop(), 10)
            # glibc keeps the worker threads' buffers: the effect that the lab is there to show.
            self.assertGreater(rows["libc"]["mean_rss"]["median"], 2 * rows["mimalloc"]["mean_rss"]["median"])
            self.assertLess(rows["neap"]["mean_rss"]["median"], rows["mimalloc"]["mean_rss"]["median"])
            self.assertLess(0, rows["neap"]["mean_floor"]["median"])
            self.assertLess(rows["neap"]["mean_floor"]["median"], rows["neap"]["mean_rss"]["median"])
            written = {file.name for file in (lab.here / "result").iterdir()}
            self.assertLessEqual({"report.html", "report.svg", "summary.json", "samples.csv"}, written)
            self.assertEqual(lab.await_silence(kept=[lab.here / "result"]), [])


if __name__ == "__main__":
    unittest.main()
