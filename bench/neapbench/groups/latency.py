"""Times of single calls, and the cost of an operation by the size of the live heap."""
from .built import built

HEAPS_MIB = (10, 100, 1024)
LONG_HEAPS_MIB = (8192,)
MIXED_HEAP_MIB = 512


def workloads(context):
    calls = [built(context, "latency", "latency", threads, quick=threads == 1, memory_counts=False) for threads in (1, 2)]
    heaps = HEAPS_MIB + (LONG_HEAPS_MIB if context.long else ())
    mixed = LONG_HEAPS_MIB if context.long else (MIXED_HEAP_MIB,)
    return calls + [built(context, "scale", "scale", 1, size) for size in heaps] + [
        built(context, "scale", "heap", 1, size, memory_counts=False) for size in mixed]
