"""The smallest limit that a load survives."""
import dataclasses
import os
import pathlib
import resource
import signal
import subprocess
import threading
import time

from ..failure import Failure
from . import control_group

STEP = 1 << 20  # a limit is so many whole bytes
CLOSE = 0.03  # what may be between a limit that is survived and one that is not, as a part of it
CONFIRMED = 1  # a limit counts once it was survived so many times more
SLOWEST = 20  # of CPU time, in times of the load without a limit: one that only pages does not survive
LEAST_CPU_S = 10
HANG_S = 600  # nothing here takes so long, on however busy a machine
GRACE_S = 5  # for a client whose program has ended
GLANCE_S = 0.02


@dataclasses.dataclass(frozen=True)
class Outcome:
    survived: bool
    peak: int  # bytes
    cpu_s: float
    why: str = ""  # why it did not survive


class Runner:
    """Runs a load under an allocator, in a group of its own."""

    def __init__(self, hierarchy, scratch):
        self.hierarchy, self.scratch, self.count = hierarchy, scratch, 0

    def prepare(self, load):
        if load.prepare:
            done = subprocess.run(load.prepare, shell=True, cwd=self.scratch, capture_output=True, text=True)
            if done.returncode != 0:
                raise Failure(f"{load.name} could not be prepared: {done.stderr.strip()}")

    def run(self, load, allocator, limit=None, most_cpu_s=HANG_S):
        self.count += 1
        with control_group.ControlGroup(self.hierarchy, f"neap-limits-{os.getpid()}-{self.count}", limit) as group:
            def enter():
                group.join()
                resource.setrlimit(resource.RLIMIT_CPU, (int(most_cpu_s), int(most_cpu_s)))

            with open(pathlib.Path(self.scratch) / "output", "w") as output:
                program = subprocess.Popen(load.command, env=_environment(load, allocator), cwd=self.scratch, stdin=subprocess.DEVNULL,
                                           stdout=output, stderr=subprocess.STDOUT, preexec_fn=enter)
            why, cpu_s = self._wait(load, program)
            kills = group.kills()
            if kills:
                why = f"the kernel ended {kills} of its processes"
            return Outcome(not why, group.peak(), cpu_s, why)

    def _wait(self, load, program):
        """Returns why the program did not survive, or nothing; and its CPU time. A client beside it runs outside of the group, and ends
        the program when the client is through."""
        why = ""
        if load.beside:
            why = self._ask(load, program)
            os.kill(program.pid, signal.SIGTERM)  # Popen's terminate() would reap one that has ended, and its CPU time with it
        timer = threading.Timer(HANG_S, program.kill)
        timer.daemon = True  # an interrupt that comes while it starts leaves it running, and nobody is to wait for it
        try:
            timer.start()
            _, status, usage = os.wait4(program.pid, 0)
        finally:
            timer.cancel()
        program.returncode = os.waitstatus_to_exitcode(status)
        if program.returncode not in load.exit_codes:
            why = why or f"it ended with {program.returncode}"
        return why, usage.ru_utime + usage.ru_stime

    def _ask(self, load, program):
        """Returns what the client did not get, or nothing."""
        with open(pathlib.Path(self.scratch) / "client", "w+") as output:
            client = subprocess.Popen(load.beside, shell=True, cwd=self.scratch, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                      start_new_session=True)
            until = time.monotonic() + HANG_S
            try:
                while client.poll() is None and time.monotonic() < until:
                    if _has_ended(program):
                        until = min(until, time.monotonic() + GRACE_S)
                    time.sleep(GLANCE_S)
            finally:
                if client.poll() is None:
                    os.killpg(client.pid, signal.SIGKILL)
                    client.wait()
            output.seek(0)
            *_, last = ["", *output.read().splitlines()]
        said = f": {last}" if last else ""
        return f"its client ended with {client.returncode}{said}" if client.returncode else ""


def _has_ended(program):
    """Without reaping it."""
    return os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _environment(load, allocator):
    environment = {**os.environ, **dict(load.environment), **dict(allocator.environment)}
    environment.pop("LD_PRELOAD", None)
    preload = allocator.preload_for(load.command[0])
    return environment | ({"LD_PRELOAD": preload} if preload else {})


def smallest(survives, peak):
    """The smallest limit, to 3%, for which survives(limit) is true. `peak` is what was used without a limit."""
    whole = lambda limit: max(int(limit) // STEP, 1) * STEP  # noqa: E731
    high = whole(peak * 1.05 + STEP)
    while not survives(high):
        high = whole(high * 1.1 + STEP)
    low = whole(high / 2)
    while low > STEP and survives(low):
        high, low = low, whole(low / 2)
    while high - low > max(STEP, CLOSE * high):
        middle = whole((low + high) / 2)
        low, high = (low, middle) if survives(middle) else (middle, high)
    while not all(survives(high) for _ in range(CONFIRMED)):
        high += max(STEP, whole(CLOSE * high))
    return high


def measure(runner, load, allocator, tell):
    """The smallest limit, in bytes. Raises Failure where the load does not even end without one."""
    free = runner.run(load, allocator)
    if not free.survived:
        raise Failure(f"{load.name} under {allocator.label}, without a limit: {free.why}")
    most_cpu_s = max(LEAST_CPU_S, SLOWEST * free.cpu_s)

    def survives(limit):
        outcome = runner.run(load, allocator, limit, most_cpu_s)
        tell(f"{load.name} under {allocator.label} in {limit // STEP} MiB: {'survived' if outcome.survived else outcome.why}")
        return outcome.survived

    return smallest(survives, free.peak)
