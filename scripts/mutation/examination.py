"""Runs the unit tests on a program that may be wrong in any way, and tells who noticed."""
import collections
import fnmatch
import os
import pathlib
import re
import resource
import signal
import subprocess
import tempfile
import threading

SLOW = 200  # a test that takes more than such a part of all comes last
DATA = 8 << 30  # bytes of writable memory: a mutant that allocates without end meets this, not the machine's limits
ASLEEP = 15  # looks, of two seconds each, at which nothing ran: then the tests wait for something that never comes
TIMES_SLOWER, SECONDS_MORE = 5, 3  # than without a mutant: then it runs away


def work_of(session):
    """CPU ticks of the session's processes, and whether one of them could run. One that is held by the system (D) counts
    as running: a machine may freeze its batch jobs."""
    ticks, awake = 0, False
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            ticks += int(fields[11]) + int(fields[12])
            awake = awake or fields[0] in "RD"
    return ticks, awake


def wait_unless_asleep(process):
    """True once it has ended; False when it had to be ended, because nothing ran for long, however busy the machine."""
    last, quiet = -1, 0
    while quiet < ASLEEP:
        try:
            process.wait(2)
            return True
        except subprocess.TimeoutExpired:
            ticks, awake = work_of(process.pid)
            quiet = 0 if awake or ticks != last else quiet + 1
            last = ticks
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return False


def who_failed(said):
    failed = re.findall(r"\[  FAILED  \] ([\w/]+\.[\w/]+)", said)
    began = re.findall(r"\[ RUN      \] ([\w/]+\.[\w/]+)", said)
    return (failed or began[-1:] or ["start"])[0]


class Examination:
    """The unit tests, those first that are likely to notice. `sources` is their folder. Several threads may judge at once."""

    def __init__(self, sources):
        self.lock = threading.Lock()
        self.killers = collections.defaultdict(list)  # tests that noticed a mutant of a file, the last one first
        # Which file holds a suite: a test that noticed one mutant tells what to build first for the next.
        self.homes = {suite: path.name for path in sources.glob("*_test.cc")
                      for suite in re.findall(r"^TEST(?:_[FP])?\((\w+),", path.read_text(), flags=re.M)}
        self.seconds = {}  # of each test, without a mutant

    def begin(self, program):
        """All tests without a mutant: what each takes."""
        passed, said = self._pass(program, "*", 600, {})
        if not passed:
            raise SystemExit(f"{said[-2000:]}mutate: the unit tests fail without any mutant; mend them first")
        self.seconds = {name: int(milliseconds) / 1000
                        for name, milliseconds in re.findall(r"\[       OK \] (\S+) \((\d+) ms\)", said)}
        whole = sum(self.seconds.values())
        self.slow = ":".join(name for name, seconds in self.seconds.items() if seconds > whole / SLOW)

    def judge(self, program, path, environment=None, slow=None):
        """('killed', by whom) or ('survived', ''). First the tests that killed others of this file and those of its name,
        then the quick ones, then the slow ones. `slow`: only these, or all but these."""
        known = self.killers[path]
        own = [f"*{suite}.*" for suite, home in self.homes.items() if home == f"{pathlib.Path(path).stem}_test.cc"]
        quick = [":".join(known[:12]), ":".join(own), f"*-{self.slow}"]
        for tests in filter(None, (quick if not slow else []) + ([self.slow] if slow is not False else [])):
            passed, said = self._pass(program, tests, self._limit(tests), environment or {})
            if not passed:
                name = who_failed(said) if said else "asleep"
                self.remember(path, name)
                return "killed", name
        return "survived", ""

    def remember(self, path, name):
        with self.lock:
            known = self.killers[path]
            if name in known:
                known.remove(name)
            if "." in name:
                known.insert(0, name)

    def likely_files(self, path):
        return {f"{pathlib.Path(path).stem}_test.cc"} | {self.homes.get(test.split(".")[0].split("/")[-1]) for test in self.killers[path][:3]}

    def _limit(self, tests):
        wanted, _, unwanted = tests.partition("-")
        chosen = lambda name, patterns: any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split(":"))
        usual = sum(seconds for name, seconds in self.seconds.items() if chosen(name, wanted) and not chosen(name, unwanted))
        return int(usual * TIMES_SLOWER) + SECONDS_MORE

    def _pass(self, program, tests, cpu_seconds, environment):
        """Whether all passed, and what they said. One that fails, runs away or waits for ever ends them."""
        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
            resource.setrlimit(resource.RLIMIT_DATA, (DATA, DATA))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with tempfile.TemporaryFile("w+", errors="replace") as said:
            running = subprocess.Popen([program, "--gtest_fail_fast", f"--gtest_filter={tests}"], stdin=subprocess.DEVNULL, stdout=said,
                                       stderr=subprocess.STDOUT, preexec_fn=limit, start_new_session=True, env={**os.environ, **environment})
            ended = wait_unless_asleep(running)
            said.seek(0)
            return ended and running.returncode == 0, said.read() if ended else ""
