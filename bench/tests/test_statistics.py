#!/usr/bin/env python3
"""What bench/run says of several runs."""
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from neapbench import schedule, statistics  # noqa: E402


class Statistics(unittest.TestCase):
    def test_spread_is_the_middle_half(self):
        self.assertEqual(statistics.spread([1, 2, 3, 4, 100]), (2, 4))
        self.assertEqual(statistics.spread([1, 2, 3, 4]), (1.75, 3.25))

    def test_spread_of_few_is_least_and_most(self):
        self.assertEqual(statistics.spread([5, 1, 9]), (1, 9))
        self.assertEqual(statistics.spread([5]), (5, 5))

    def test_geometric_mean(self):
        self.assertAlmostEqual(statistics.geometric_mean([0.5, 2]), 1)
        self.assertAlmostEqual(statistics.geometric_mean(iter([1, 10, 100])), 10)

    def test_geometric_mean_of_nothing_or_of_zero_is_none(self):
        self.assertIsNone(statistics.geometric_mean([]))
        self.assertIsNone(statistics.geometric_mean([1, 0]))

    def test_ratios_are_taken_within_a_round(self):
        # The machine was twice as slow in the second round: the ratio does not see it.
        self.assertEqual(statistics.paired_ratios([2, 4], [1, 2]), [2, 2])

    def test_a_round_that_failed_has_no_ratio(self):
        self.assertEqual(statistics.paired_ratios([2, None, 6], [1, 2, 3]), [2, 2])
        self.assertEqual(statistics.paired_ratios([2, 3], [None, 0]), [])


class Orders(unittest.TestCase):
    def test_each_round_begins_with_another_and_holds_all(self):
        orders = list(schedule.orders(["a", "b", "c"], 4))
        self.assertEqual([order[0] for order in orders], ["a", "b", "c", "a"])
        self.assertTrue(all(sorted(order) == ["a", "b", "c"] for order in orders))


unittest.main()
