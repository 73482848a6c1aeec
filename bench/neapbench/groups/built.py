"""Workloads of neap-bench, from rows of (name, threads, size, quick)."""
from ..workload import Workload

QUICK_SCALE = 0.02


def built(context, group, name, threads=1, size=None, scale=None, label=None, **properties):
    """The workload `name` of neap-bench with these settings; its name in the table tells them."""
    label = label or name + (f"-{size}" if size else "")
    scale = (scale or 1) * (QUICK_SCALE if context.quick else context.scale)
    words = [context.places.program("neap-bench"), name, f"threads={threads}", f"scale={scale:g}"]
    if size:
        words.append(f"size={size}")
    return Workload(f"{label}-t{threads}", group, tuple(words), has_sheet=True, has_facts=True, **properties)
