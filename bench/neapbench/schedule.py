"""The order of runs: one workload after the other; within each, rounds in which every allocator runs once, and each
round begins with another one. What drifts on the machine then meets all alike, and ratios are taken within a round."""
import sys
import time

from .failure import Failure


class Results:
    """Figures by (workload name, allocator label): one dict for each round; None where the run failed."""

    def __init__(self):
        self.runs = {}
        self.failures = []  # one line each

    def add(self, workload, allocator, figures):
        self.runs.setdefault((workload.name, allocator.label), []).append(figures)

    def of(self, workload_name, label):
        return self.runs.get((workload_name, label), [])


def orders(allocators, rounds):
    for number in range(rounds):
        turn = number % len(allocators)
        yield allocators[turn:] + allocators[:turn]


def run_all(workloads, allocators, rounds, measurer, results, on_workload_done, quiet=False):
    """Fills `results`; calls on_workload_done after each workload so that nothing measured is lost."""
    begin = time.monotonic()
    for number, workload in enumerate(workloads, 1):
        broken = _unprepared(workload, allocators, measurer, results)
        for order in orders(allocators, rounds):
            for allocator in order:
                if not quiet:
                    spent = time.monotonic() - begin
                    print(f"\r\033[K{spent:5.0f} s  {number} of {len(workloads)}: {workload.name} under {allocator.label}",
                          end="", file=sys.stderr, flush=True)
                results.add(workload, allocator, _one(workload, allocator, measurer, broken, results))
        on_workload_done()
    if not quiet:
        print("\r\033[K", end="", file=sys.stderr)


def _unprepared(workload, allocators, measurer, results):
    """Labels of the allocators that cannot run it: none, or all."""
    try:
        measurer.prepare(workload)
        return set()
    except Failure as failure:
        results.failures.append(str(failure))
        return {allocator.label for allocator in allocators}


def _one(workload, allocator, measurer, broken, results):
    if allocator.label in broken:
        return None
    try:
        return measurer.run(workload, allocator)
    except Failure as failure:
        broken.add(allocator.label)
        results.failures.append(str(failure))
        return None
