"""bench/soak: which loads, for how long; all at the same time, each in a process of its own."""
import argparse
import multiprocessing
import pathlib
import signal
import sys

from .. import allocators, interrupt
from ..failure import Failure, UsageFailure
from ..places import Places
from ..report import bars
from . import page, verdict
from .loads import INSTALL, LOADS
from .stretch import Stretch

HARDENED = ".hardened"  # behind the name of a load that runs so
EPILOG = """FOLDER keeps what was seen, FOLDER/LOAD/N for the N-th stretch. A soak that was interrupted goes on by the same command: a stretch more
makes up what is missing. At the end: a line for each load, FOLDER/LOAD.html and .svg. Exit code 1 where a load fails: a wrong answer, more than
5,000 mappings, and, once an hour was warm, a slope of resident memory that is surely above 0.5% an hour, or p99.9 that rises by a quarter. Who
else had a share in that stands behind it: the program, whose heap does not grow against what is live; the machine; or what ran beside."""


def _hours(text):
    value = float(text)
    if not 0 < value <= 10000:
        raise argparse.ArgumentTypeError("must be above 0, and at most 10000")
    return value


def _parse(words):
    parser = argparse.ArgumentParser(prog="bench/soak", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG,
                                     description="Servers under steady load for hours: do memory, mappings, latency and answers stay as they are?")
    parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path, help="what was seen, kept from run to run")
    parser.add_argument("--hours", type=_hours, default=4, metavar="H", help="of each load, those of earlier runs included (default 4)")
    parser.add_argument("--load", nargs="+", action="extend", choices=[load.name for load in LOADS], help="only these (default: all)")
    parser.add_argument("--allocator", default="neap", metavar="NAME", help="as bench/run names them (default: neap)")
    parser.add_argument("--beside", metavar="NAME", help="the same load on this allocator too, at the same time: whether its latency rose as much is told")
    parser.add_argument("--hardened", action="store_true", help="with hardened:1, beside what ran without")
    parser.add_argument("--build", metavar="DIR", help="the build tree (default: build/release)")
    parser.add_argument("-q", "--no-progress", action="store_true", help="say nothing but the table")
    return parser.parse_args(words)


def _soak(load, allocator, neap, folder, seconds):
    """The work of a load's process. Its exit code is 1 where the stretch did not come to its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal; the parent passes it on
    stretch = Stretch(load, allocator, neap, folder / f"{len(verdict.stretches(folder)) + 1:03}")
    signal.signal(signal.SIGTERM, lambda *_: stretch.interrupt())
    try:
        stretch.run(seconds)
    except Failure as failure:
        print(f"bench/soak: {failure}", file=sys.stderr, flush=True)
        sys.exit(1)


def _run_all(loads, options, neap):
    """Returns how many loads did not come to their end."""
    started = []
    for name, (load, allocator) in loads.items():
        folder = options.folder / name
        left = options.hours * 3600 - verdict.seconds_done(folder)
        if left >= 1:
            started.append(multiprocessing.Process(target=_soak, args=(load, allocator, neap, folder, left)))
            started[-1].start()
            if not options.no_progress:
                print(f"{name}: {left / 60:.1f} minutes from now", file=sys.stderr, flush=True)
    try:
        for each in started:
            each.join()
    except KeyboardInterrupt:
        for each in started:
            each.terminate()
        for each in started:
            each.join()
        raise
    return sum(each.exitcode != 0 for each in started)


def _tell(loads, options, neap):
    """Prints the table. Returns whether every load that was seen stands, but for those beside."""
    seen = {name: [each for each in (verdict.look(stretch, neap) for stretch in verdict.stretches(options.folder / name)) if each.seconds > 0]
            for name in loads}
    rows, stands = [], True
    for name in (name for name in loads if seen[name]):
        judged = verdict.judge(seen[name], seen.get(_beside(name, options), ()))
        rows.append(page.row(name, seen[name], judged))
        page.draw(options.folder, name, neap)
        if not name.endswith(_beside("", options)):
            stands = stands and not judged[0]
        for each in seen[name]:
            if each.error:
                print(f"bench/soak: {name}, the first wrong answer: {each.error}", file=sys.stderr)
    print(bars.table(page.HEAD, rows), flush=True)
    return stands


def _beside(name, options):
    """What the load is called that runs beside."""
    return f"{name}.{pathlib.Path(options.beside or '').name}"


def _loads(options, tested, beside):
    """Name -> (load, allocator), of those whose program is installed."""
    found = {}
    for load in LOADS:
        if options.load and load.name not in options.load:
            continue
        if load.program is None:
            print(f"bench/soak: left out {load.name}: {load.binary} is not installed ({INSTALL})", file=sys.stderr)
            continue
        name = load.name + HARDENED * options.hardened
        found[name] = load, tested
        if beside:
            found[_beside(name, options)] = load, beside[0]
    return found


def _run(options):
    places = Places(options.build)
    neap = places.program("neap")
    if options.hardened and options.allocator != "neap":
        raise UsageFailure("--hardened is an option of neap's: leave --allocator out")
    words = ["neap=neap:hardened=1" if options.hardened else options.allocator, *([options.beside] if options.beside else [])]
    (tested, *beside), _ = allocators.resolve(words, neap, places.program("libneap.so"))
    loads = _loads(options, tested, beside)
    options.folder.mkdir(parents=True, exist_ok=True)
    interrupted = False
    try:
        ended_early = _run_all(loads, options, neap)
    except KeyboardInterrupt:
        interrupted, ended_early = True, 0
    stands = _tell(loads, options, neap)
    if interrupted:
        print("bench/soak: interrupted; the same command goes on", file=sys.stderr)
        return interrupt.EXIT_CODE
    return 0 if stands and not ended_early and loads else 1


def main(words=None):
    interrupt.obey()
    try:
        return _run(_parse(words))
    except Failure as failure:
        print(f"bench/soak: {failure}", file=sys.stderr)
        return failure.code
