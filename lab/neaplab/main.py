"""From the command line to the exit code, and the clean-up on every way there."""

import resource
import shutil
import sys
import tempfile
import time

from .experiment import Experiment
from .failure import BadInput, LabError, Stopped
from .network.keys import find_tools
from .network.nodes import Network
from .network.ports import claim_range, needed
from .options import read_options
from .processes.household import Household
from .processes.interrupts import Interrupts
from .processes.janitor import Janitor
from .progress import Progress
from .recordings import Recordings
from .result import publish


def main(argv):
    if argv[:1] == ["--worker"]:
        return work(argv[1])
    try:
        if len(argv) != 2 or argv[0] != "tor":
            raise BadInput("started by hand; the lab's command is: neap lab tor")
        return run_lab(read_options(argv[1]))
    except LabError as error:
        print(f"neap lab: {error}", file=sys.stderr)
        return error.code


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
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))

    def network_in(net, folder):
        return Network(net, folder, [a.label for a in options.allocators], options.relays, options.plan.counts)

    net, claim = claim_range(lambda net: needed(network_in(net, "/nonexistent")))
    folder = tempfile.mkdtemp(prefix="neap-lab-")
    janitor = Janitor(folder)
    household = Household()
    progress = Progress(options.plan.minutes * 60, began, options.quiet)
    try:
        make_output_folder(options.output)
        recordings = Recordings(household, options.neap, options.output)
        experiment = Experiment(options, tools, network_in(net, folder), household, interrupts, progress, recordings,
                                began)
        return course(options, experiment, interrupts, progress)
    finally:
        interrupts.quiet()
        progress.end()
        household.close()
        if options.keep:
            options.output.mkdir(parents=True, exist_ok=True)
            shutil.move(folder, options.output / "network")
        janitor.sweep()
        claim.close()


def course(options, experiment, interrupts, progress):
    stopped = None
    try:
        experiment.run()
    except Stopped as signal_came:
        stopped = signal_came
        progress.say(f"neap lab: {stopped}: stopping" +
                     (", writing what was measured" if experiment.load_ended_s else ""))
    except LabError:
        experiment.discard()
        raise
    interrupts.quiet()
    experiment.stop()
    if not experiment.load_ended_s:
        experiment.discard()
        return stopped.code
    progress.end()
    code = publish(options, experiment, f"ended by {stopped}" if stopped else "")
    return stopped.code if stopped else code


def make_output_folder(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise LabError(f"--output {folder}: {problem.strerror}", code=2) from problem
