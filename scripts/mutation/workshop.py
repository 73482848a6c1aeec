"""Copies of the tree in which mutants are built: the tree itself is never touched. ccache is off: no mutant comes twice."""
import hashlib
import json
import os
import re
import shlex
import subprocess
import time

from .operators import apply, without_remarks
from .switches import CHOICE, HEADER, SOURCE, switched_text

COPIED = ["CMakeLists.txt", "VERSION", "cmake", "src", "include", "tests/CMakeLists.txt", "tests/unit"]
FLAGS = "-O1 -g0 -w"
ENVIRONMENT = {**os.environ, "CMAKE_CXX_COMPILER_LAUNCHER": "", "CCACHE_DISABLE": "1"}


def copy(source, tree):
    tree.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (source / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-r", "--preserve=timestamps", "-T", source / name, tree / name], check=True)


def configure(tree, out, flags):
    subprocess.run(["cmake", "-S", tree, "-B", out, "-G", "Ninja", "-DNEAP_TOOL=OFF", "-DNEAP_BENCH=OFF", "-DCMAKE_BUILD_TYPE=None",
                    f"-DCMAKE_CXX_FLAGS={flags}"], check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)


class Workshop:
    """Builds the unit tests once, then rebuilds of them what a mutant touches."""

    def __init__(self, tree, out, examination):
        self.tree, self.out, self.examination = tree, out, examination
        self.program = self.out / "mutant"

    def open(self):
        configure(self.tree, self.out, FLAGS)
        subprocess.run(["cmake", "--build", self.out, "--parallel", "2", "--target", "unit_tests"], check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        self._read_commands()

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

    def objects_of(self, path):
        return sorted(self.users.get(str(self.tree / path), ()))

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
        likely = self.examination.likely_objects(path)
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
            result = self.examination.judge(self.program, path)
            if result[0] == "killed":
                return result
        return "survived", ""

    def _compile(self, target, changed):
        changed[target] = self.out / (hashlib.sha1(target.encode()).hexdigest()[:8] + ".mutant.o")
        words = list(self.commands[target])
        words[words.index("-o") + 1] = str(changed[target])
        return subprocess.run(words, cwd=self.out, stderr=subprocess.DEVNULL).returncode == 0


class Switchboard:
    """One program with as many mutants behind switches (switches.py) as the compiler takes; `numbers` says which."""

    def __init__(self, source, tree, out, examination):
        self.source, self.tree, self.out, self.examination = source, tree, out, examination
        self.numbers = {}

    def open(self, mutants):
        copy(self.source, self.tree)
        (self.tree / "mutation.h").write_text(HEADER)
        rig = self.tree / "tests/unit/rig.cc"  # an object that every test program has
        rig.write_text(rig.read_text() + SOURCE)
        configure(self.tree, self.out, f"{FLAGS} -fpermissive -include {self.tree / 'mutation.h'}")
        self.numbers = {mutant: number for number, mutant in enumerate(mutants, 1)}
        for target in "neap_rooms", "unit_tests":  # what is refused shows in the rooms: the tests are many
            self._write()
            while not self._build(target):
                self._write()
        self.program = next(self.out.rglob("unit_tests"))
        self.examination.begin(self.program)  # with every switch off

    def _write(self):
        """Each file with those of its mutants behind switches that have one yet."""
        by_path = {}
        for mutant, number in self.numbers.items():
            by_path.setdefault(mutant.path, []).append((number, mutant))
        for path, numbered in by_path.items():
            text = (self.source / path).read_text()
            text, taken = switched_text(text, without_remarks(text), numbered)
            if (self.tree / path).read_text() != text:
                (self.tree / path).write_text(text)
            for number, mutant in numbered:
                if number not in taken:
                    del self.numbers[mutant]

    def _build(self, target):
        """False where the compiler refused lines: their mutants have no switch any more."""
        done = subprocess.run(["ninja", "-C", self.out, "-k", "0", "-j", "2", target], env=ENVIRONMENT, capture_output=True, text=True)
        if done.returncode == 0:
            return True
        places = {(os.path.relpath(path, self.tree), int(line)) for path, line in re.findall(r"^(/\S+?):(\d+):\d+: error:", done.stdout, flags=re.M)}
        refused = [mutant for mutant in self.numbers if (mutant.path, mutant.line) in places]
        if not refused:  # the error shows elsewhere, as an inline function that could not be read: without that file, then
            files = {path for path, _ in re.findall(r"^(?:In file included from )?(/\S+?):(\d+)[:,]", done.stdout, flags=re.M)}
            refused = [mutant for mutant in self.numbers if str(self.tree / mutant.path) in files]
        if not refused:
            raise SystemExit(f"{done.stdout[-3000:]}mutate: what was switched cannot be built")
        for mutant in refused:
            del self.numbers[mutant]
        for path in {mutant.path for mutant in refused}:  # some may have none left
            (self.tree / path).write_text((self.source / path).read_text())
        return False

    def judge(self, mutant, end):
        """As Examination.judge; ('late', '') once `end` has come."""
        if time.monotonic() > end:
            return "late", ""
        return self.examination.judge(self.program, mutant.path, {CHOICE: str(self.numbers[mutant])})
