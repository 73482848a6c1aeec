"""Workload: one thing to run under every allocator."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    group: str
    command: tuple  # the program and its arguments; the program an absolute path
    environment: tuple = ()
    prepare: str = ""  # a shell command, run once before the first run, in the folder that the runs share
    beside: str = ""  # a shell command that runs beside the program; the program is ended after it
    has_sheet: bool = False  # it tells its live bytes
    has_facts: bool = False  # its last output is one JSON object of further figures
    operations: str = ""  # an expression: what it prints of its operations. cpu_s is then the CPU of a million of them
    memory_counts: bool = True  # False: its heap is so small that its memory says nothing
    cpu_counts: bool = True  # False: its time is not the point and stays out of the group's mean
    repeat: int = 0  # so many more runs, for the time from start to end
    shows_end: bool = False  # its memory at the end is told by kinds
    exit_codes: tuple = (0,)
    timeout_s: float = 600
    quick: bool = False  # part of --quick


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A workload that cannot run here, and why."""
    name: str
    group: str
    reason: str
