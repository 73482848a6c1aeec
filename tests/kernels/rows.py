"""The table of `matrix`: under what the library is tried beyond ./test."""
from dataclasses import dataclass, field

from machine import Guest

# How ctest chooses: everything that needs only the library; what depends on the kernel; threads; what fits a small machine; known
# attacks on heaps, and the API in a hardened process.
WHOLE = ["-R", r"^(unit|preload|stress)\.|^kernels\.moved$", "-E", r"\.libc$|^preload\.exports$"]
KERNEL = ["-L", "kernel"]
THREADS = ["-R", r"^(kernels\.moved|preload\.(restarts|thread_exit)|stress\.(handoff|thread_churn))$"]
SMALL = ["-R", r"^(kernels\.moved|preload\.(aligned|zeroed|children|restarts|statistics)|stress\.(handoff|model))$"]
HARDENED = ["-R", r"^preload\.(attacks\.|.*\.hardened$)"]

THP = "/sys/kernel/mm/transparent_hugepage/enabled"
CPUS_COME_AND_GO = ("(while sleep 0.1; do for cpu in 1 2 3 4 5; do echo 0; sleep 0.1; echo 1; done >/sys/devices/system/cpu/cpu$((RANDOM % 5 + 1))/online;"
                    " done) 2>/dev/null &")


def cgroup(**limits):
    """All that the guest runs, in a group with these limits."""
    group = "/sys/fs/cgroup/limited"
    lines = ["echo +memory >/sys/fs/cgroup/cgroup.subtree_control", f"mkdir {group}"]
    lines += [f"echo {value} >{group}/memory.{name}" for name, value in limits.items()]
    return lines + [f"echo $$ >{group}/cgroup.procs"]


# 400 MB of live bytes in a group of 200: the kernel ends the program, and nothing else does. Then 50 times 20 MB, one after
# the other, stay within it.
TOO_MUCH = "LD_PRELOAD=$NEAP python3 -c 'a = [bytes(range(256)) * 40 for i in range(40000)]'; test $? = 137"
ENOUGH = "LD_PRELOAD=$NEAP python3 -c 'for n in range(50): a = [bytes(range(256)) * 40 for i in range(2000)]'"
WIDE = "LD_PRELOAD=$NEAP python3 -c 'a = [bytes(range(256)) * 40 for i in range(30000)]; print(sum(map(len, a)))'"


@dataclass
class Row:
    name: str
    kernel: str
    tests: list
    guest: Guest = field(default_factory=Guest)
    commands: list = field(default_factory=list)


def guest(*settings, cpus=2, **others):
    return Guest(cpus=cpus, settings=list(settings), **others)


TABLE = [
    Row("5.10", "5.10", WHOLE, guest(memory=4096)),
    Row("6.1", "6.1", WHOLE, guest(memory=4096)),
    Row("6.12", "6.12", WHOLE, guest(memory=4096)),
    Row("newest", "newest", WHOLE, guest(memory=4096)),
    Row("hardened, 5.10", "5.10", HARDENED),
    Row("hardened, 6.1", "6.1", HARDENED),
    Row("hardened, 6.12", "6.12", HARDENED),
    Row("one CPU", "6.12", THREADS, guest(cpus=1)),
    Row("two CPUs", "6.12", THREADS, guest(cpus=2)),
    Row("16 CPUs", "6.12", THREADS, guest(cpus=16, jobs=2)),
    Row("CPUs come and go, 6.12", "6.12", THREADS, guest(CPUS_COME_AND_GO, cpus=6, jobs=1)),
    Row("CPUs come and go, newest", "newest", THREADS, guest(CPUS_COME_AND_GO, cpus=6, jobs=1)),
    Row("no restartable sequences", "6.12", ["-R", f"{THREADS[1]}|{SMALL[1]}"], guest("export GLIBC_TUNABLES=glibc.pthread.rseq=0")),
    Row("five-level page tables", "6.12", KERNEL, guest(cpu="max,la57=on")),
    Row("huge pages always", "6.12", KERNEL, guest(f"echo always >{THP}")),
    Row("huge pages by madvise", "6.12", KERNEL, guest(f"echo madvise >{THP}")),
    Row("huge pages never", "6.12", KERNEL, guest(f"echo never >{THP}")),
    Row("overcommit 0", "6.12", KERNEL, guest("echo 0 >/proc/sys/vm/overcommit_memory", memory=4096)),
    Row("overcommit 1", "6.12", KERNEL, guest("echo 1 >/proc/sys/vm/overcommit_memory", memory=4096)),
    Row("overcommit 2", "6.12", KERNEL, guest("echo 2 >/proc/sys/vm/overcommit_memory", memory=6144)),
    Row("few mappings", "6.12", KERNEL, guest("echo 1000 >/proc/sys/vm/max_map_count")),
    Row("256 MB", "6.12", SMALL, guest(memory=256, jobs=1)),
    Row("256 MB and swap", "6.12", SMALL, guest(memory=256, swap=1024, jobs=1), [WIDE]),
    Row("cgroup with memory.max", "6.12", SMALL, guest(*cgroup(max="200M"), jobs=1), [TOO_MUCH, ENOUGH]),
    Row("cgroup with memory.high", "6.12", SMALL, guest(*cgroup(high="100M", max="200M"), swap=1024, jobs=1), [ENOUGH]),
    Row("arm64, pages of 4 KiB", "arm64", KERNEL, guest()),
    Row("arm64, pages of 16 KiB", "arm64-16k", KERNEL, guest()),
]
