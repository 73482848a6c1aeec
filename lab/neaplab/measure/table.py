"""The result as people read it, and as CSV."""

import csv

from .summary import allocator_results, floor_of

MIB = 1024 * 1024


def mib(value):
    return f"{value / MIB:.1f}"


def ratio(value):
    return "-" if value is None else f"{value:.2f}"


# heading, what a row shows
COLUMNS = (
    ("allocator", lambda row, tally: row.allocator),
    ("mean MiB", lambda row, tally: mib(row.mean_rss)),
    ("end", lambda row, tally: mib(row.end_rss)),
    ("peak", lambda row, tally: mib(row.peak_rss)),
    ("x libc", lambda row, tally: ratio(row.rss_to_libc)),
    ("user s", lambda row, tally: f"{row.user_s:.1f}"),
    ("sys s", lambda row, tally: f"{row.system_s:.1f}"),
    ("CPU x libc", lambda row, tally: ratio(row.cpu_to_libc)),
    ("minor faults", lambda row, tally: f"{row.minor_faults:,.0f}"),
    ("sessions", lambda row, tally: f"{tally['served']:,}"),
    ("errors", lambda row, tally: f"{tally['errors']:,}"),
)


def served_by(allocator, relays, tallies):
    """Sessions of one relay of the allocator (they are all the same where the lab is valid), errors of all of them."""
    mine = [tallies[relay.label] for relay in relays if relay.allocator == allocator]
    return {"served": min(t.served for t in mine), "errors": sum(t.error_count for t in mine)}


def render_table(relays, tallies):
    rows = [[heading for heading, _ in COLUMNS]]
    for row in allocator_results(relays):
        tally = served_by(row.allocator, relays, tallies)
        rows.append([show(row, tally) for _, show in COLUMNS])
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                       for i, (cell, width) in enumerate(zip(row, widths))) for row in rows]
    return "\n".join(lines)


def render_floor(relays):
    floor = floor_of(relays)
    if floor is None:
        return "floor: unknown (no relay on libneap, whose telemetry tells the live bytes)"
    return (f"floor: {mib(floor.total)} MiB = {mib(floor.start_rss)} of a relay that has just started "
            f"+ {mib(floor.live_median)} live by libneap's telemetry (median; mean {mib(floor.live_mean)})")


def write_csv(path, relays, tallies):
    with open(path, "w", newline="", encoding="ascii") as out:
        rows = csv.writer(out)
        rows.writerow(["allocator", "relay", "mean_rss_bytes", "end_rss_bytes", "peak_rss_bytes", "user_s", "system_s",
                       "minor_faults", "live_mean_bytes", "live_median_bytes", "sessions", "errors"])
        for r in relays:
            tally = tallies[r.label]
            live = ["" if told is None else round(told) for told in (r.live_mean, r.live_median)]
            rows.writerow([r.allocator, r.label, round(r.mean_rss), r.end_rss, r.peak_rss, round(r.user_s, 2),
                           round(r.system_s, 2), r.minor_faults, *live, tally.served, tally.error_count])
