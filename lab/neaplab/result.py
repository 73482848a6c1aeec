"""What the lab leaves in its output folder and says on stdout: the tool's comparison, and whether it may be believed."""

import json
from dataclasses import asdict

from .load.tally import disagreements

COMPARABLE, NOT_COMPARABLE = 0, 1
BASELINE = "libc"


def publish(options, experiment, interruption):
    """Writes the report and the summary, prints the result. Returns one of the codes above.
    `interruption`: why the load ended early, or empty."""
    tallies = experiment.tallies()
    load_s = experiment.load_ended_s - experiment.load_began_s
    problems = [f"{interruption} after {load_s:.0f} s of load"] if interruption else disagreements(tallies)
    labels = [allocator.label for allocator in options.allocators]
    comparison = experiment.recordings.report(title(options), BASELINE if BASELINE in labels else labels[0],
                                              experiment.measured_stretch(), options.json)
    result = as_json(options.plan, load_s, tallies, problems, comparison)
    (options.output / "summary.json").write_text(json.dumps(result, indent=1) + "\n")
    if options.json:
        print(json.dumps(result))
    else:
        print("\n".join([verdict(tallies, problems), f"report: {options.output}/report.html"]))
    return NOT_COMPARABLE if problems else COMPARABLE


def as_json(plan, load_s, tallies, problems, comparison):
    return {
        "schema": "neap.lab/1",
        "plan": asdict(plan),
        "load_s": round(load_s, 1),
        "valid": not problems,
        "problems": problems,
        "served": {label: tally.as_dict() for label, tally in tallies.items()},
        "comparison": comparison,
    }


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
