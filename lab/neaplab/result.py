"""What the lab leaves in its output folder and says on stdout."""

import json
from dataclasses import asdict

from .load.tally import disagreements
from .measure.summary import BASELINE, as_json, relay_result
from .measure.table import render_floor, render_table, write_csv

COMPARABLE, NOT_COMPARABLE, NOTHING_MEASURED = 0, 1, 125


def publish(options, experiment, interruption):
    """Writes the summary, the samples and the report, prints the result. Returns one of the codes above.
    `interruption`: why the load ended early, or empty."""
    tallies = experiment.tallies()
    began, ended = experiment.load_began_s, experiment.load_ended_s
    results = [relay_result(r.label, r.node.allocator, r.samples, began, ended) for r in experiment.tested]
    relays = [relay for relay in results if relay]
    if not relays:
        return NOTHING_MEASURED
    problems = [f"{interruption} after {ended - began:.0f} s of load"] if interruption else disagreements(tallies)
    result = as_json(options.plan, relays, tallies, problems, ended - began)
    (options.output / "summary.json").write_text(json.dumps(result, indent=1) + "\n")
    write_csv(options.output / "summary.csv", relays, tallies)
    write_samples(options.output / "samples.csv", experiment.tested)
    baseline = BASELINE if any(r.allocator == BASELINE for r in relays) else relays[0].allocator
    middle_s, ended_s = (experiment.watch.unix_s(at_s) for at_s in ((began + ended) / 2, ended))
    experiment.recorder.report(title(options), baseline, middle_s, ended_s)
    if options.json:
        print(json.dumps(result))
    else:
        print("\n".join([render_table(relays, tallies), render_floor(relays), verdict(tallies, problems),
                         f"report: {options.output}/report.html"]))
    return NOT_COMPARABLE if problems else COMPARABLE


def title(options):
    sandbox = ", sandboxed" if options.sandbox else ""
    torrc = "".join(f", {line}" for line in options.torrc)
    return f"Tor relays under the same load: a directory of {options.plan.directory:,} relays{sandbox}{torrc}"


def verdict(tallies, problems):
    if problems:
        return "\n".join(["NOT COMPARABLE:", *("  " + line for line in problems)])
    one = next(iter(tallies.values()))
    retries = sum(tally.retry_count for tally in tallies.values())
    return (f"all {len(tallies)} relays served the same {one.served:,} sessions ({one.requests:,} requests) and "
            f"{one.transfers:,} transfers without an error" + (f"; {retries} at the second try" if retries else ""))


def write_samples(path, tested):
    with open(path, "w", encoding="ascii") as out:
        out.write("relay,at_s,rss_bytes,peak_bytes,user_s,system_s,minor_faults,major_faults,threads,"
                  "live_small_bytes,live_large_bytes\n")
        for relay in tested:
            for sample in relay.samples:
                out.write(",".join([relay.label, *map(written, asdict(sample).values())]) + "\n")


def written(value):
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)
