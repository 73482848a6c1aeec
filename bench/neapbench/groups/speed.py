"""Allocation patterns of the literature. The number behind t is that of threads; sizes are bytes."""
from .built import built

# name, size, thread counts, properties
ROWS = (
    ("pairs", 16, (1,), {"memory_counts": False}),
    ("pairs", 256, (1, 2), {"memory_counts": False, "quick": True}),
    ("pairs", 1024, (1,), {"memory_counts": False}),
    ("pairs", 8192, (1,), {"memory_counts": False}),
    ("pairs", 65536, (1,), {"memory_counts": False}),
    ("pairs-mixed", None, (1, 2, 4, 16, 64), {"memory_counts": False}),
    ("larson", None, (1, 2, 4, 16, 64), {}),
    ("batches-lifo", None, (1,), {}),
    ("batches-fifo", None, (1,), {}),
    ("batches-random", None, (1, 2, 16), {}),
    ("xmalloc", None, (2, 4, 16, 64), {}),
    ("scratch", 8, (2, 4, 16), {"memory_counts": False}),
    ("thrash", 8, (2, 4, 16), {"memory_counts": False}),
    ("interpreter", None, (1, 4), {}),
    ("large", None, (1, 4), {}),
    ("buffer", 1 << 20, (1, 2), {}),
    ("buffer", 8 << 20, (1,), {}),
    ("aligned", None, (1, 4), {}),
    ("pairs", 20000, (1,), {"memory_counts": False}),
    ("replace-1k", None, (1, 2, 16), {}),
    ("replace-100k", None, (1, 2, 16), {}),
    ("replace-1m", None, (1,), {}),
    ("resizes", None, (1,), {}),
    ("zeroed", None, (1,), {}),
    ("blocks", None, (1, 2), {}),
)


def workloads(context):
    return [built(context, "speed", name, threads, size, **properties)
            for name, size, counts, properties in ROWS for threads in counts]
