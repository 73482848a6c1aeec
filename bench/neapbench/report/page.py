"""The table as one HTML file that needs nothing else: a bar for each ratio, the interval beside each figure."""
import html

from ..metrics import BASES, BY_NAME, METRICS

STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #3a7bd544; --mark: #3a7bd5; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em 0; padding: 0 2em; }
h1 { font-size: 1.4em; } h2 { margin-top: 2em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6em 0 1.4em; }
th, td { padding: .18em .7em; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; vertical-align: bottom; } td:first-child, th:first-child { text-align: left; }
tr.own td { font-weight: 600; } td small { opacity: .65; } caption { text-align: left; font-weight: 600; padding: .3em 0; }
td.bar { background: linear-gradient(to right, var(--bar) var(--share), transparent var(--share)); min-width: 5.5em; }
.failed { color: #c33; } dl { display: grid; grid-template-columns: max-content auto; gap: 0 1em; }
"""
WIDEST_RATIO = 3.0  # a bar of this ratio fills its cell


def _escaped(value):
    return html.escape(str(value))


def _figure_cell(metric, figure):
    if figure is None:
        return "<td>-</td>"
    interval = f"{metric.text(figure['low'])} to {metric.text(figure['high'])}"
    spread = f" <small>({interval})</small>" if figure["runs"] > 1 and metric.name in ("cpu_s", "resident_per_live") else ""
    return f'<td title="{interval}, {figure["runs"]} runs">{metric.text(figure["median"])}{spread}</td>'


def _ratio_cell(value, interval=""):
    if value is None:
        return "<td>-</td>"
    share = min(value / WIDEST_RATIO, 1) * 100
    return f'<td class="bar" style="--share:{share:.0f}%" title="{interval}">{value:.2f}</td>'


def _row_class(row):
    return ' class="own"' if row["allocator"].startswith("neap") else ""


def _workload_table(block):
    present = {name for row in block["rows"] for name in row["figures"]}
    metrics = [metric for metric in METRICS if metric.name in present]
    heads = ["allocator", *(f"CPU x {base}" for base in BASES), *(metric.title for metric in metrics)]
    lines = [f'<table><caption>{_escaped(block["workload"])}</caption><tr>' + "".join(f"<th>{_escaped(head)}</th>" for head in heads)]
    for row in block["rows"]:
        cells = [f"<td>{_escaped(row['allocator'])}</td>"]
        if not row["figures"]:
            cells.append(f'<td class="failed" colspan="{len(heads) - 1}">{"failed" if row["failed"] else "not run"}</td>')
        else:
            for base in BASES:
                ratio = row["ratios"].get(base, {}).get("cpu_s")
                cells.append(_ratio_cell(ratio and ratio["median"], ratio and f"{ratio['low']:.2f} to {ratio['high']:.2f}"))
            cells += [_figure_cell(metric, row["figures"].get(metric.name)) for metric in metrics]
        lines.append(f"<tr{_row_class(row)}>" + "".join(cells))
    return "\n".join(lines) + "</table>"


def _mean_table(group):
    names = ("cpu_s", "wall_s", "peak_bytes", "mean_bytes", "minor_faults")
    heads = ["allocator", *(f"{BY_NAME[name].title.split()[0]} x {base}" for base in BASES for name in names), "RSS/live", "workloads"]
    lines = ["<table><caption>Geometric means</caption><tr>" + "".join(f"<th>{_escaped(head)}</th>" for head in heads)]
    for row in group["means"]:
        cells = [f"<td>{_escaped(row['allocator'])}</td>"]
        cells += [_ratio_cell(row["ratios"].get(base, {}).get(name)) for base in BASES for name in names]
        per_live = row["resident_per_live"]
        cells += [f"<td>{per_live:.3f}</td>" if per_live else "<td>-</td>", f"<td>{row['workloads']}</td>"]
        lines.append(f"<tr{_row_class(row)}>" + "".join(cells))
    return "\n".join(lines) + "</table>"


def _about(table):
    lines = [f"<dt>{_escaped(key)}<dd>{_escaped(value)}" for key, value in table["machine"].items()]
    for each in table["allocators"]:
        settings = " ".join(f"{name}={value}" for name, value in each["environment"].items())
        lines.append(f"<dt>{_escaped(each['label'])}<dd>{_escaped(' '.join(filter(None, (each['version'], settings))))}")
    return "<dl>" + "\n".join(lines) + "</dl>"


def write(table):
    parts = ["<!doctype html><html lang=en><meta charset=utf-8><title>neap: benchmarks</title>", f"<style>{STYLE}</style>",
             "<h1>Benchmarks</h1>", _about(table)]
    parts.append("<p>" + " · ".join(f'<a href="#{group["group"]}">{_escaped(group["group"])}</a>' for group in table["groups"]))
    for group in table["groups"]:
        parts += [f'<h2 id="{group["group"]}">{_escaped(group["group"])}</h2>', _mean_table(group)]
        parts += [_workload_table(block) for block in group["workloads"]]
    notes = [f"{each['workload']}: skipped: {each['reason']}" for each in table["skipped"]] + table["failures"]
    if notes:
        parts.append("<h2>Left out</h2><ul>" + "".join(f"<li>{_escaped(note)}" for note in notes) + "</ul>")
    return "\n".join(parts) + "\n"
