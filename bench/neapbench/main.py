"""bench/run: chooses, measures, reports."""
import json
import pathlib
import re
import sys

from . import allocators, groups, interrupt, machine, options as command_line
from .failure import Failure, UsageFailure
from .measure import Measurer
from .places import Places
from .report import page, table, text
from .schedule import Results, run_all
from .workload import Skipped


def _chosen(options, context):
    try:
        wanted = re.compile(options.workload or "")
    except re.error as error:
        raise UsageFailure(f"--workload '{options.workload}' is no regular expression: {error}") from None
    found = [each for each in groups.all_workloads(context)
             if (not options.group or each.group in options.group) and wanted.search(each.name)]
    skipped = [each for each in found if isinstance(each, Skipped)]
    workloads = [each for each in found if not isinstance(each, Skipped) and (each.quick or not options.quick)]
    if not workloads:
        reasons = "".join(f"\n  {each.name}: {each.reason}" for each in skipped)
        raise UsageFailure(f"no workload to run (bench/run --list shows all){reasons}")
    return workloads, skipped


def _list(workloads, skipped):
    for workload in workloads:
        print(f"{workload.group:10} {workload.name}")
    for each in skipped:
        print(f"{each.group:10} {each.name} (skipped: {each.reason})")


class Writer:
    """Writes the table anew after each workload, so that an interrupted run leaves what it has measured."""

    def __init__(self, folder, build_table):
        self.folder = pathlib.Path(folder) if folder else None
        self.build_table = build_table
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)

    def __call__(self):
        made = self.build_table()
        if self.folder:
            (self.folder / "table.json").write_text(json.dumps(made, indent=1) + "\n")
            (self.folder / "table.txt").write_text(text.write(made))
            (self.folder / "table.html").write_text(page.write(made))
        return made


def _run(options):
    places = Places(options.build)
    context = groups.Context(places, options.scale, options.quick, options.long, tuple(options.traces), options.mimalloc_bench, options.given)
    workloads, skipped = _chosen(options, context)
    if options.list:
        _list(workloads, skipped)
        return 0
    words = options.allocators.split(",") if options.allocators else []
    measured, missing = allocators.resolve(words, places.program("neap"), options.neap)
    for line in missing:
        print(f"bench/run: left out {line}", file=sys.stderr)
    about = machine.describe(options)
    results = Results()
    write = Writer(options.output, lambda: table.build(workloads, measured, results, skipped, about))
    interrupted = False
    with Measurer(places.program("neap-bench-gauge"), options.interval) as measurer:
        try:
            run_all(workloads, measured, options.runs, measurer, results, write, quiet=options.no_progress or not sys.stderr.isatty())
        except KeyboardInterrupt:
            interrupted = True
    print(text.write(write()), end="")
    return interrupt.EXIT_CODE if interrupted else 1 if results.failures else 0


def main(words=None):
    interrupt.obey()
    try:
        return _run(command_line.parse(words))
    except Failure as failure:
        print(f"bench/run: {failure}", file=sys.stderr)
        return failure.code
