"""Programs of mimalloc-bench (github.com/daanx/mimalloc-bench), which is fetched and built outside this tree: those that need nothing
from the network, called as its own script calls them. Many run for a set time: their CPU is that of a million operations."""
import pathlib
import shlex

from ..failure import UsageFailure
from ..workload import Workload

GROUP = "mimalloc-bench"
LARSON = r"Throughput = *(?P<per_second>\d+)"
XMALLOC = r"free/sec: *(?P<million_per_second>[\d.]+) M"
RPTEST = r"(?P<per_cpu_second>\d+) memory ops/CPU second"
GLIBC_THREAD = r"(?P<count>\d+) iterations"

# Name, what is run in the folder of its programs, and what it prints of its operations.
TESTS = (
    ("cfrac", "./cfrac 17545186520507317056371138836327483792789528", ""),
    ("espresso", "./espresso {inputs}/espresso/largest.espresso", ""),
    ("barnes", "./barnes < {inputs}/barnes/input", ""),
    *((f"alloc-test{n}", f"./alloc-test {n}", "") for n in (1, 2)),
    *((f"larson{n}", f"./larson 5 8 1000 5000 100 4141 {n}", LARSON) for n in (1, 2, 16)),
    *((f"xmalloc{n}", f"./xmalloc-test -w {n} -t 5 -s 64", XMALLOC) for n in (2, 16)),
    *((f"cache-thrash{n}", f"./cache-thrash {n} 1000 1 2000000 {n}", "") for n in (1, 2)),
    *((f"cache-scratch{n}", f"./cache-scratch {n} 1000 1 2000000 {n}", "") for n in (1, 2)),
    ("malloc-large", "./malloc-large", ""),
    *((f"mstress{n}", f"./mstress {n} 50 25", "") for n in (1, 2, 16)),
    ("mleak", "./mleak 5", ""),
    *((f"rptest{n}", f"./rptest {n} 0 1 2 500 1000 100 8 16000", RPTEST) for n in (1, 2)),
    ("glibc-simple", "./glibc-simple", ""),
    *((f"glibc-thread{n}", f"./glibc-thread {n}", GLIBC_THREAD) for n in (1, 2, 16)),
)


def workloads(context):
    if context.mimalloc_bench is None:
        return []
    folder = pathlib.Path(context.mimalloc_bench).absolute()
    if not (folder / "larson").is_file():
        raise UsageFailure(f"no programs of mimalloc-bench in {folder} (--mimalloc-bench: its folder out/bench, once it is built)")
    inputs = shlex.quote(str(folder.parent.parent / "bench"))
    return [Workload(name, GROUP, ("/bin/sh", "-c", f"cd {shlex.quote(str(folder))} && exec {command.format(inputs=inputs)}"), operations=operations)
            for name, command, operations in TESTS]
