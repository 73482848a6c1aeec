"""Programs written to leave holes: what stays resident when sizes, threads and needs change."""
from .built import built

ROWS = (
    ("phases-small", None, (1,), {}),
    ("phases", None, (1, 4), {}),
    ("phases-wide", None, (1, 4), {}),
    ("pipeline", None, (4, 16), {"quick": True}),
    ("pools", None, (8, 64), {}),
    ("vectors", None, (1, 4), {}),
    ("growth", 1024, (1,), {"memory_counts": False}),
    ("idle-threads", None, (64,), {}),
    ("bursts", None, (1, 4), {}),
    ("bursts-scattered", None, (1, 4), {}),
)


def workloads(context):
    return [built(context, "churn", name, threads, size, **properties)
            for name, size, counts, properties in ROWS for threads in counts]
