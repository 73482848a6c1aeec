"""Times of single calls, and the cost of an operation by the size of the live heap."""
from ..machine import available_gib
from ..workload import Skipped
from .built import built

HEAPS_MIB = (10, 100, 1024)
LONG_HEAPS_MIB = (8192,)
MIXED_HEAPS_MIB = (512,)
LONG_MIXED_HEAPS_MIB = (8192, 16384)
ROOM = 1.25  # of the live heap: what an allocator makes of it, and the table of the objects


def _mixed(context, mib):
    if context.long and available_gib() < ROOM * mib / 1024:
        return Skipped(f"heap-{mib}-t1", "scale", f"needs {ROOM * mib / 1024:g} GiB of available memory")
    return built(context, "scale", "heap", 1, mib, memory_counts=False)


def workloads(context):
    calls = [built(context, "latency", "latency", threads, quick=threads == 1, memory_counts=False) for threads in (1, 2)]
    heaps = HEAPS_MIB + (LONG_HEAPS_MIB if context.long else ())
    mixed = LONG_MIXED_HEAPS_MIB if context.long else MIXED_HEAPS_MIB
    return calls + [built(context, "scale", "scale", 1, mib) for mib in heaps] + [_mixed(context, mib) for mib in mixed]
