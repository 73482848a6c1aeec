"""The command line of bench/run."""
import argparse
import os

GROUPS = ("speed", "churn", "latency", "scale", "replay", "programs", "small", "mimalloc-bench", "given")

EPILOG = """Allocators: the names of `neap allocators`, with settings as NAME:key=value, or the path of a .so; LABEL=... names one anew:
  bench/run --allocators mimalloc,old=/path/a/libneap.so,new=/path/b/libneap.so,tight=neap:dirty_percent=1
Traces come from data/, from --traces FOLDER and from the folders in NEAP_TRACES (with colons between them)."""


def _positive(text):
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _rounds(text):
    value = int(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError("must be from 1 to 1000")
    return value


def parse(words=None):
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures libneap beside every other allocator of the machine.",
                                     formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG)
    parser.add_argument("--quick", action="store_true", help="a smoke test of a minute: few workloads, little work, one run")
    parser.add_argument("--list", action="store_true", help="print the workloads that would run, and stop")
    parser.add_argument("--group", action="append", choices=GROUPS, help="only this group (may be given again)")
    parser.add_argument("--workload", metavar="REGEX", help="only workloads whose name matches")
    parser.add_argument("--allocators", metavar="A,B,C", help="which to measure (default: all installed)")
    parser.add_argument("--neap", metavar="PATH", help="the libneap.so that `neap` stands for (default: the build tree's)")
    parser.add_argument("--runs", type=_rounds, metavar="N", help="rounds of each workload (default 5)")
    parser.add_argument("--scale", type=_positive, default=1, metavar="X", help="times the work of the built workloads (default 1)")
    parser.add_argument("--long", action="store_true", help="with what takes minutes and 20 GB of memory: live heaps of 8 and 16 GB")
    parser.add_argument("--traces", action="append", default=[], metavar="FOLDER", help="traces to replay (.trace, .trc.zst)")
    parser.add_argument("--mimalloc-bench", metavar="FOLDER", help="run its programs too: the folder out/bench of a built checkout")
    parser.add_argument("--given", metavar="FOLDER", help="run the programs in it too: each executable file, without arguments")
    parser.add_argument("--output", metavar="DIR", help="write table.txt, table.json and table.html there")
    parser.add_argument("--interval", type=_rounds, default=10, metavar="MS", help="between memory samples (default 10)")
    parser.add_argument("--build", metavar="DIR", help="the build tree (default: build/release)")
    parser.add_argument("-q", "--no-progress", action="store_true", help="no progress line")
    options = parser.parse_args(words)
    if "mimalloc-bench" in (options.group or ()) and options.mimalloc_bench is None:
        parser.error("--group mimalloc-bench wants the folder of its programs: --mimalloc-bench CHECKOUT/out/bench")
    if "given" in (options.group or ()) and options.given is None:
        parser.error("--group given wants a folder of programs: --given FOLDER")
    options.traces += [folder for folder in os.environ.get("NEAP_TRACES", "").split(":") if folder]
    options.runs = options.runs or (1 if options.quick else 5)
    return options
