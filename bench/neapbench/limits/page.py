"""What was found, as a table and a chart: 'what fits in 256 MB'."""
from ..failure import Failure
from ..report import bars

LINE = 256 << 20
TITLE = "The smallest limit of memory that each load survives, MiB; the line stands at 256"


def _mib(limit):
    return f"{limit / 2**20:.0f}"


def table(limits, labels):
    """The least of a row is bold; the last row counts what fits in 256 MiB."""
    rows = []
    for load, of in limits.items():
        least = min((of[label] for label in labels if label in of), default=0)
        rows.append([load, *(f"**{_mib(of[label])}**" if of.get(label) == least else _mib(of[label]) if label in of else "-" for label in labels)])
    fits = [sum(of.get(label, LINE + 1) <= LINE for of in limits.values()) for label in labels]
    return bars.table(["MiB", *labels], [*rows, [f"fit in 256, of {len(limits)}", *fits]])


def chart(limits, labels):
    most = max((limit for of in limits.values() for limit in of.values()), default=LINE)
    groups = {load: {label: of.get(label) for label in labels} for load, of in limits.items()}
    return bars.chart(TITLE, groups, most, _mib, LINE if LINE <= most else None)


def write(docs, limits, labels):
    page = docs / "limits.md"
    text = bars.put(page.read_text(), "fits", f"{table(limits, labels)}\n\n![The same as a chart](limits.svg)\n")
    if text is None:
        raise Failure(f"{page} has no markers for what was found")
    page.write_text(text)
    (docs / "limits.svg").write_text(chart(limits, labels))
