"""bench/limits: which loads, under which allocators; what was found is written after each load."""
import argparse
import json
import pathlib
import re
import sys
import tempfile

from .. import allocators, groups, interrupt
from ..failure import Failure, UsageFailure
from ..places import BENCH, Places
from ..workload import Skipped
from . import control_group, page
from .loads import loads
from .survival import Runner, measure

DEFAULT = "libc,jemalloc,mimalloc,tcmalloc,neap,neap-limit=neap:soft_limit=cgroup"
EPILOG = """Allocators are named as in bench/run. Each run has a control group of its own, without swap, so that the kernel ends what does not
fit; that takes the right to make groups. --page writes the table and the chart between the markers of docs/limits.md."""


def _parse(words):
    parser = argparse.ArgumentParser(prog="bench/limits", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG,
                                     description="The smallest limit of memory that a load survives under each allocator, by bisection.")
    parser.add_argument("--list", action="store_true", help="print the loads, and stop")
    parser.add_argument("--load", metavar="REGEX", default="", help="only loads whose name matches")
    parser.add_argument("--allocators", metavar="A,B,C", default=DEFAULT, help="which to try (default: %(default)s)")
    parser.add_argument("--neap", metavar="PATH", help="the libneap.so that `neap` stands for (default: the build tree's)")
    parser.add_argument("--build", metavar="DIR", help="the build tree (default: build/release)")
    parser.add_argument("--scale", type=float, default=1, metavar="X", help="times the work of the patterns (default 1)")
    parser.add_argument("--output", metavar="FILE", help="what was found, as JSON; a load that is in it already is not tried again")
    parser.add_argument("--page", action="store_true", help="write what is in --output into docs/limits.md and its chart")
    parser.add_argument("-q", "--no-progress", action="store_true", help="no line for each run")
    return parser.parse_args(words)


def _chosen(options, context):
    try:
        wanted = re.compile(options.load)
    except re.error as error:
        raise UsageFailure(f"--load '{options.load}' is no regular expression: {error}") from None
    found = [each for each in loads(context) if wanted.search(each.name)]
    if not found:
        raise UsageFailure(f"no load '{options.load}' (bench/limits --list shows all)")
    return found


class Found:
    """The limits, bytes, by load and allocator; kept in a file from run to run."""

    def __init__(self, file):
        self.file = pathlib.Path(file) if file else None
        self.limits = json.loads(self.file.read_text()) if self.file and self.file.exists() else {}

    def has(self, load, allocator):
        return allocator.label in self.limits.get(load.name, {})

    def add(self, load, allocator, limit):
        self.limits.setdefault(load.name, {})[allocator.label] = limit
        if self.file:
            self.file.write_text(json.dumps(self.limits, indent=1) + "\n")


def _tell(failure):
    print(f"bench/limits: {failure}", file=sys.stderr)
    return 1


def _try_all(chosen, tried, found, hierarchy, say):
    """Returns how much failed; the rest is in `found`."""
    failures = 0
    with tempfile.TemporaryDirectory(prefix="neap-limits.") as scratch:
        runner = Runner(hierarchy, scratch)
        for load in chosen:
            missing = [allocator for allocator in tried if not found.has(load, allocator)]
            try:
                if missing:
                    runner.prepare(load)
            except Failure as failure:
                failures, missing = failures + _tell(failure), []
            for allocator in missing:
                try:
                    found.add(load, allocator, measure(runner, load, allocator, say))
                except Failure as failure:
                    failures += _tell(failure)
    return failures


def _run(options):
    places = Places(options.build)
    context = groups.Context(places, options.scale)
    chosen = _chosen(options, context)
    if options.list:
        for each in chosen:
            print(f"{each.name} (skipped: {each.reason})" if isinstance(each, Skipped) else each.name)
        return 0
    if options.page and not options.output:
        raise UsageFailure("--page writes what is in a file: --output FILE")
    tried, _ = allocators.resolve(options.allocators.split(","), places.program("neap"), options.neap or places.program("libneap.so"))
    for each in chosen:
        if isinstance(each, Skipped):
            print(f"bench/limits: left out {each.name}: {each.reason}", file=sys.stderr)
    say = (lambda line: None) if options.no_progress else lambda line: print(line, file=sys.stderr, flush=True)
    found = Found(options.output)
    failures = _try_all([each for each in chosen if not isinstance(each, Skipped)], tried, found, control_group.find(), say)
    labels = [each.label for each in tried]
    print(page.table(found.limits, labels))
    if options.page:
        page.write(BENCH.parent / "docs", found.limits, labels)
    return 1 if failures else 0


def main(words=None):
    interrupt.obey()
    try:
        return _run(_parse(words))
    except KeyboardInterrupt:
        print("bench/limits: interrupted; with --output FILE the same command goes on", file=sys.stderr)
        return interrupt.EXIT_CODE
    except Failure as failure:
        _tell(failure)
        return failure.code
