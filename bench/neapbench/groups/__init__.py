"""What there is to run: one module for each group, each with workloads(context) -> [Workload or Skipped]."""
import dataclasses

from ..places import Places


@dataclasses.dataclass(frozen=True)
class Context:
    places: Places
    scale: float = 1
    quick: bool = False
    long: bool = False
    traces: tuple = ()  # folders
    mimalloc_bench: str | None = None  # the folder of its programs
    given: str | None = None  # a folder of anybody's programs


def all_workloads(context):
    from . import churn, given, latency, mimalloc_bench, programs, replay, small, speed
    found = []
    for group in (speed, churn, latency, replay, programs, small, mimalloc_bench, given):
        found += group.workloads(context)
    return found
