"""A copy of the tree in which mutants are built and tested: the tree itself is never touched."""
import hashlib
import json
import os
import pathlib
import resource
import re
import shlex
import signal
import subprocess

from .operators import apply

COPIED = ["CMakeLists.txt", "VERSION", "cmake", "src", "include", "tests/CMakeLists.txt", "tests/unit"]
SLOW = "DensityTest.LooksAgain*:ModelFuzz.*:ModelCoverage.*:HotHeapTest.*:Threads.*"
DATA = 8 << 30  # bytes of writable memory: a mutant that allocates without end meets this, not the machine's limits


ASLEEP = 15  # looks, of two seconds each, at which nothing ran: then the tests wait for something that never comes


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


class Workshop:
    """Builds the unit tests once, then rebuilds of them what a mutant touches. ccache is off: no mutant comes twice."""

    def __init__(self, tree, folder):
        self.source, self.tree, self.out = tree, folder / "tree", folder / "out"
        self.program = self.out / "mutant"
        self.killers = {}
        self.cpu_limit = 0

    def open(self):
        self._copy()
        environment = {**os.environ, "CMAKE_CXX_COMPILER_LAUNCHER": "", "CCACHE_DISABLE": "1"}
        run = lambda *words: subprocess.run(words, check=True, env=environment, stdout=subprocess.DEVNULL)
        run("cmake", "-S", self.tree, "-B", self.out, "-G", "Ninja", "-DNEAP_TOOL=OFF", "-DNEAP_BENCH=OFF",
            "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1 -g0 -w")
        run("cmake", "--build", self.out, "--parallel", "2", "--target", "unit_tests")
        self._read_commands()
        self._link(self.objects)
        used = self._cpu_of(["--gtest_brief=1"], 600)
        if used is None:
            raise SystemExit(f"{self.said[-2000:]}mutate: the unit tests fail without any mutant; mend them first")
        self.cpu_limit = int(used * 5) + 10

    def _copy(self):
        self.tree.mkdir(parents=True, exist_ok=True)
        for name in COPIED:
            if (self.source / name).exists():
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "-r", "--preserve=timestamps", "-T", self.source / name, self.tree / name], check=True)

    def _read_commands(self):
        """The compiler's line of every object of the unit tests, and what each was made of."""
        entries = json.loads((self.out / "compile_commands.json").read_text())
        self.commands = {}
        for entry in entries:
            words = shlex.split(entry["command"])
            target = words[words.index("-o") + 1]
            if "/unit_tests.dir/" in target or "/neap_rooms.dir/" in target:
                self.commands[target] = words
        self.objects = {target: self.out / target for target in self.commands}
        # Which object holds a suite: a test that killed a mutant tells what to build first for the next.
        self.homes = {suite: f"{path.name}.o" for path in (self.tree / "tests/unit").glob("*_test.cc")
                      for suite in re.findall(r"^TEST(?:_[FP])?\((\w+),", path.read_text(), flags=re.M)}
        self.users = {}
        listed = subprocess.run(["ninja", "-C", self.out, "-t", "deps"], check=True, capture_output=True, text=True).stdout
        target = None
        for line in listed.splitlines():
            if line and not line.startswith(" "):
                target = line.split(":")[0]
            elif target in self.commands and line.startswith("    "):
                self.users.setdefault(os.path.normpath(os.path.join(self.out, line.strip())), set()).add(target)

    def _link(self, objects):
        subprocess.run(["c++", "-o", self.program, *objects.values(), "-lgtest_main", "-lgtest", "-pthread"], check=True)

    def _cpu_of(self, options, cpu_seconds):
        """CPU seconds of a run of the tests, or None where one failed, ran away or waits for ever."""
        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
            resource.setrlimit(resource.RLIMIT_DATA, (DATA, DATA))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(self.out / "mutant.said", "w+", errors="replace") as said:
            tests = subprocess.Popen([self.program, "--gtest_fail_fast", *options], stdin=subprocess.DEVNULL, stdout=said,
                                     stderr=subprocess.STDOUT, preexec_fn=limit, start_new_session=True)
            ended = wait_unless_asleep(tests)
            said.seek(0)
            self.said = said.read() if ended else ""
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime if ended and tests.returncode == 0 else None

    def objects_of(self, path):
        return sorted(self.users.get(str(self.tree / path), ()))

    def has(self, mutant):
        return (self.tree / mutant.path).read_text().splitlines()[mutant.line - 1:mutant.line] == [mutant.before]

    def judge(self, mutant):
        """'killed', 'survived', 'same' (the compiler makes the same code of it) or 'broken' (it makes none); and by whom."""
        file = self.tree / mutant.path
        original = file.read_text()
        try:
            file.write_text(apply(mutant, original))
            return self._judge(mutant.path)
        finally:
            file.write_text(original)

    def _judge(self, path):
        """With many objects to build, first all but the tests, and the few tests that are most likely to notice."""
        users = self.objects_of(path)
        likely = {f"{pathlib.Path(path).stem}_test.cc.o"} | {self.homes.get(test.split(".")[0].split("/")[-1]) for test in self.killers.get(path, [])[:3]}
        first = [target for target in users if "_test.cc" not in target or os.path.basename(target) in likely]
        changed, built = {}, []
        for stage in (first, users) if first != users else (users,):
            for target in stage:
                if target not in changed and not self._compile(target, changed):
                    return "broken", ""
            if stage is users and all(changed[target].read_bytes() == self.objects[target].read_bytes() for target in users):
                return "same", ""
            built = [target for target in self.objects if target in changed or target not in users]
            self._link({target: changed.get(target, self.objects[target]) for target in built})
            result = self._test(path)
            if result[0] == "killed":
                return result
        return "survived", ""

    def _compile(self, target, changed):
        changed[target] = self.out / (hashlib.sha1(target.encode()).hexdigest()[:8] + ".mutant.o")
        words = list(self.commands[target])
        words[words.index("-o") + 1] = str(changed[target])
        return subprocess.run(words, cwd=self.out, stderr=subprocess.DEVNULL).returncode == 0

    def _test(self, path):
        """Those tests first that killed others of this file, then the quick ones, then the rest."""
        known = self.killers.setdefault(path, [])
        own = ":".join(f"*{suite}.*" for suite, home in self.homes.items() if home == f"{pathlib.Path(path).stem}_test.cc.o")
        for tests in filter(None, [":".join(known[:12]), own, f"*-{SLOW}", SLOW]):
            if self._cpu_of([f"--gtest_filter={tests}"], self.cpu_limit) is None:
                name = self._who() if self.said else "asleep"
                if name in known:
                    known.remove(name)
                if "." in name:
                    known.insert(0, name)
                return "killed", name
        return "survived", ""

    def _who(self):
        failed = re.findall(r"\[  FAILED  \] ([\w/]+\.[\w/]+)", self.said)
        began = re.findall(r"\[ RUN      \] ([\w/]+\.[\w/]+)", self.said)
        return (failed or began[-1:] or ["start"])[0]
