"""What an allocator costs a program that does little: its memory at the end, by kinds, and its time from start to end. Also what
many idle processes and threads hold."""
import shutil

from ..workload import Skipped, Workload
from .built import built

SHORT_PROGRAMS = (("true", ("true",)), ("bash", ("bash", "--norc", "-c", ":")), ("python3", ("python3", "-c", "pass")))
STARTS = 100


def _short(name, words, quick):
    program = shutil.which(words[0], path="/usr/bin:/bin")
    if program is None:
        return Skipped(f"start-{name}", "small", f"{words[0]} is not installed")
    return Workload(f"start-{name}", "small", (program, *words[1:]), repeat=10 if quick else STARTS, shows_end=True,
                    quick=name == "true")


def workloads(context):
    found = [_short(name, words, context.quick) for name, words in SHORT_PROGRAMS]
    found.append(built(context, "small", "idle-processes", 1, 200, memory_counts=False, cpu_counts=False))
    found.append(built(context, "small", "idle-threads", 200, cpu_counts=False))
    return found
