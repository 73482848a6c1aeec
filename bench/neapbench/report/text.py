"""The table as text: for each group one block of lines, then its geometric means."""
from ..metrics import BASES, BY_NAME, METRICS

SHORT = {"cpu_s": "CPU", "wall_s": "wall", "peak_bytes": "peak", "mean_bytes": "mean", "minor_faults": "faults"}


def _lay_out(rows, titles, left=2):
    widths = [max(len(row[i]) for row in [titles, *rows]) for i in range(len(titles))]
    for row in [titles, *rows]:
        cells = [cell.ljust(width) if i < left else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        yield "  ".join(cells).rstrip()


def _value(figures, name):
    return BY_NAME[name].text(figures[name]["median"]) if name in figures else "-"


def _spread(figure):
    """Half of the spread as a share of the median."""
    return f"{50 * (figure['high'] - figure['low']) / figure['median']:.0f}%" if figure and figure["median"] > 0 else "-"


def _ratio(row, base, name):
    ratio = row["ratios"].get(base, {}).get(name)
    return f"{ratio['median']:.2f}" if ratio else "-"


COLUMNS = [metric for metric in METRICS if metric.everywhere]


def _titles():
    titles = ["workload", "allocator"]
    for metric in COLUMNS:
        titles.append(metric.title)
        if metric.name == "cpu_s":
            titles += ["±", *(f"x {base}" for base in BASES)]
    return titles


def _line(name, row):
    if not row["figures"]:
        return [name, row["allocator"], "failed" if row["failed"] else "not run", *[""] * (len(_titles()) - 3)]
    cells = [name, row["allocator"]]
    for metric in COLUMNS:
        cells.append(_value(row["figures"], metric.name))
        if metric.name == "cpu_s":
            cells += [_spread(row["figures"].get("cpu_s")), *(_ratio(row, base, "cpu_s") for base in BASES)]
    return cells


def _further(block):
    """Figures that only this workload has: one line for each, allocators side by side."""
    rows = [row for row in block["rows"] if row["figures"]]
    for metric in METRICS:
        if metric.everywhere or not any(metric.name in row["figures"] for row in rows):
            continue
        told = "  ".join(f"{row['allocator']} {_value(row['figures'], metric.name)}" for row in rows if metric.name in row["figures"])
        yield f"  {block['workload']}, {metric.title}: {told}"


def _means(group):
    titles = ["geometric mean", "allocator", *(f"{SHORT[name]} x {base}" for base in BASES for name in SHORT), "RSS/live", "of"]
    rows = []
    for row in group["means"]:
        cells = [group["group"], row["allocator"]]
        for base in BASES:
            for name in SHORT:
                mean = row["ratios"].get(base, {}).get(name)
                cells.append(f"{mean:.3f}" if mean is not None else "-")
        cells += [f"{row['resident_per_live']:.3f}" if row["resident_per_live"] else "-", str(row["workloads"])]
        rows.append(cells)
    return _lay_out(rows, titles)


def write(table):
    lines = [f"{key}: {value}" for key, value in table["machine"].items()] + [""]
    for group in table["groups"]:
        rows = [_line(block["workload"] if i == 0 else "", row)
                for block in group["workloads"] for i, row in enumerate(block["rows"])]
        lines += [f"== {group['group']}", *_lay_out(rows, _titles()), ""]
        further = [line for block in group["workloads"] for line in _further(block)]
        lines += [*further, ""] if further else []
        lines += [*_means(group), ""]
    lines += [f"skipped: {each['workload']}: {each['reason']}" for each in table["skipped"]]
    lines += [f"FAILED: {failure}" for failure in table["failures"]]
    return "\n".join(lines).rstrip() + "\n"
