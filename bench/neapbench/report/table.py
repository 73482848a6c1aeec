"""From runs to the table: plain dicts and lists, which are the JSON as they are; text and HTML draw the same."""
from statistics import median

from ..metrics import BASES, METRICS, RATIOS
from ..statistics import geometric_mean, paired_ratios, spread


def _summary(values):
    low, high = spread(values)
    return {"median": median(values), "low": low, "high": high, "runs": len(values)}


def _figures(runs):
    done = [run for run in runs if run is not None]
    return {metric.name: _summary([run[metric.name] for run in done])
            for metric in METRICS if done and all(metric.name in run for run in done)}


def _ratios(runs, base_runs):
    found = {}
    for name in RATIOS:
        ratios = paired_ratios([run and run.get(name) for run in runs], [run and run.get(name) for run in base_runs])
        if ratios:
            found[name] = _summary(ratios)
    return found


def _row(workload, allocator, results):
    runs = results.of(workload.name, allocator.label)
    bases = {base: results.of(workload.name, base) for base in BASES}
    return {"allocator": allocator.label, "figures": _figures(runs), "failed": sum(run is None for run in runs),
            "ratios": {base: _ratios(runs, base_runs) for base, base_runs in bases.items() if base_runs}}


def _common(value, blocks):
    """Workloads in which every allocator that finished all of them has the figure: means of different workloads would
    not compare."""
    complete = {row["allocator"] for row in blocks[0]["rows"]} if blocks else set()
    for block in blocks:
        complete -= {row["allocator"] for row in block["rows"] if not row["figures"]}
    return [block for block in blocks if all(value(row) for row in block["rows"] if row["allocator"] in complete)]


def _mean_of(label, blocks, value):
    found = [value(row) for block in _common(value, blocks) for row in block["rows"] if row["allocator"] == label]
    return geometric_mean(found) if all(found) else None


def _mean_row(label, workloads, blocks):
    def counted(flag):
        return [block for workload, block in zip(workloads, blocks) if getattr(workload, flag)]

    ratios = {base: {} for base in BASES}
    for base in BASES:
        for name in RATIOS:
            used = counted("memory_counts" if name in ("peak_bytes", "mean_bytes") else "cpu_counts")
            ratios[base][name] = _mean_of(label, used, lambda row: row["ratios"].get(base, {}).get(name, {}).get("median"))
    per_live = _mean_of(label, counted("memory_counts"), lambda row: row["figures"].get("resident_per_live", {}).get("median"))
    finished = sum(row["allocator"] == label and bool(row["figures"]) for block in blocks for row in block["rows"])
    return {"allocator": label, "workloads": finished, "ratios": ratios, "resident_per_live": per_live}


def _group(name, workloads, allocators, results):
    measured = [workload for workload in workloads if workload.group == name
                and any(results.of(workload.name, allocator.label) for allocator in allocators)]
    blocks = [{"workload": workload.name, "rows": [_row(workload, allocator, results) for allocator in allocators]}
              for workload in measured]
    means = [_mean_row(allocator.label, measured, blocks) for allocator in allocators]
    return {"group": name, "workloads": blocks, "means": means}


def build(workloads, allocators, results, skipped, machine):
    names = list(dict.fromkeys(workload.group for workload in workloads))
    groups = [_group(name, workloads, allocators, results) for name in names]
    return {
        "machine": machine,
        "allocators": [{"label": allocator.label, "version": allocator.version, "library": allocator.library,
                        "environment": dict(allocator.environment)} for allocator in allocators],
        "groups": [group for group in groups if group["workloads"]],
        "skipped": [{"workload": each.name, "reason": each.reason} for each in skipped],
        "failures": list(results.failures),
    }
