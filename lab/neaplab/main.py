"""From the command line to the exit code."""

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import asdict

from .experiment import Experiment
from .failure import BadInput, LabError, Stopped
from .load.tally import disagreements
from .measure.summary import as_json, relay_result
from .measure.table import render_floor, render_table, write_csv
from .network.keys import find_tools
from .network.nodes import Network
from .network.ports import claim_range, needed
from .options import read_options
from .processes.household import Household
from .processes.interrupts import Interrupts
from .processes.janitor import Janitor
from .progress import Progress


def main(argv):
    if argv[:1] == ["--worker"]:
        return work(argv[1])
    try:
        if len(argv) != 2 or argv[0] != "tor":
            raise BadInput("started by hand; the lab's command is: neap lab tor")
        return run_lab(read_options(argv[1]))
    except (LabError, Stopped) as end:
        if isinstance(end, LabError):
            print(f"neap lab: {end}", file=sys.stderr)
        return end.code


def work(name):
    if name == "feed":
        from .directory.feed import main as worker
    else:
        from .load.player import main as worker
    return worker()


def run_lab(options):
    began = time.monotonic()
    tools = find_tools(options.tor)
    interrupts = Interrupts()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def plan_network(net, folder):
        return Network(net, folder, [a.label for a in options.allocators], options.relays, options.plan.counts)

    net, claim = claim_range(lambda net: needed(plan_network(net, "/nonexistent")))
    options.output.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="neap-lab-")
    janitor = Janitor(folder)
    household = Household()
    progress = Progress(options.plan.minutes * 60, began, options.quiet)
    experiment = Experiment(options, tools, plan_network(net, folder), household, interrupts, progress, began)
    code = 0
    try:
        try:
            experiment.run()
        except Stopped as stopped:
            code = stopped.code
            progress.say(f"neap lab: {stopped}: stopping, writing what was measured")
        interrupts.quiet()
        experiment.stop()
        household.stop(list(household.children), patience_s=0)
        if experiment.load_began_s is not None:
            code = code or publish(options, experiment, progress)
        return code
    finally:
        interrupts.quiet()
        progress.end()
        household.close()
        if options.keep:
            shutil.move(folder, options.output / "network")
        janitor.sweep()
        claim.close()
        if not any(options.output.iterdir()):
            options.output.rmdir()


def publish(options, experiment, progress):
    """Writes the result; returns 0, or 1 when the relays may not be compared."""
    progress.show("writing the report")
    tallies = experiment.tallies()
    ended = experiment.load_ended_s or experiment.now_s()
    relays = [relay_result(r.label, r.node.allocator, r.samples, experiment.load_began_s, ended)
              for r in experiment.tested]
    relays = [relay for relay in relays if relay]
    if not relays:
        return 125
    problems = disagreements(tallies)
    result = as_json(options.plan, relays, tallies, problems, ended - experiment.load_began_s)
    (options.output / "summary.json").write_text(json.dumps(result, indent=1) + "\n")
    write_csv(options.output / "summary.csv", relays, tallies)
    write_samples(options.output / "samples.csv", experiment.tested)
    progress.end()
    if options.json:
        print(json.dumps(result))
    else:
        print(render_table(relays, tallies))
        print(render_floor(relays))
        print(verdict(tallies, problems))
        print(f"report: {options.output}")
    return 1 if problems else 0


def verdict(tallies, problems):
    if problems:
        return "\n".join(["NOT COMPARABLE:", *("  " + line for line in problems)])
    one = next(iter(tallies.values()))
    return (f"all {len(tallies)} relays served the same {one.served:,} sessions ({one.requests:,} requests) and "
            f"{one.transfers:,} transfers without an error")


def write_samples(path, tested):
    with open(path, "w", encoding="ascii") as out:
        out.write("relay,at_s,rss_bytes,peak_bytes,user_s,system_s,minor_faults,major_faults,threads,live_bytes\n")
        for relay in tested:
            for sample in relay.samples:
                values = asdict(sample).values()
                out.write(",".join([relay.label, *("" if v is None else f"{v:.2f}" if isinstance(v, float) else str(v)
                                                   for v in values)]) + "\n")
