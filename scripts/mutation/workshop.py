"""Copies of the tree in which mutants are built: the tree itself is never touched. ccache is off: no mutant comes twice."""
import hashlib
import json
import os
import re
import shlex
import subprocess

from .operators import apply

COPIED = ["CMakeLists.txt", "VERSION", "cmake", "src", "include", "tests/CMakeLists.txt", "tests/unit"]
FLAGS = "-O1 -g0 -w"
COMPUTED = re.compile(r"\bconstexpr [^=;\n]*\(")  # a function that the compiler may compute
ENVIRONMENT = {**os.environ, "CMAKE_CXX_COMPILER_LAUNCHER": "", "CCACHE_DISABLE": "1"}


def copy(source, tree, but=()):
    """Writes what differs, so that the next build makes only that anew. `but`: paths that somebody else writes."""
    wanted = {file.relative_to(source) for name in COPIED if (source / name).exists()
              for file in ((source / name).rglob("*") if (source / name).is_dir() else [source / name]) if file.is_file()}
    for path in wanted:
        if str(path) not in but:
            write(tree / path, (source / path).read_bytes())
    for file in tree.rglob("*"):
        path = file.relative_to(tree)
        if file.is_file() and path not in wanted and str(path) not in but:
            file.unlink()


def write(file, content):
    if not file.exists() or file.read_bytes() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def configure(tree, out, flags):
    subprocess.run(["cmake", "-S", tree, "-B", out, "-G", "Ninja", "-DNEAP_TOOL=OFF", "-DNEAP_BENCH=OFF", "-DCMAKE_BUILD_TYPE=None",
                    f"-DCMAKE_CXX_FLAGS={flags}"], check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)


class Workshop:
    """Builds the unit tests once, then rebuilds of them what a mutant touches."""

    def __init__(self, tree, out, examination):
        self.tree, self.out, self.examination = tree, out, examination
        self.program = self.out / "mutant"

    def open(self, examine=True):
        """`examine`: see how long the tests take, for mutants that had no switch."""
        configure(self.tree, self.out, FLAGS)
        subprocess.run(["cmake", "--build", self.out, "--parallel", "2", "--target", "unit_tests"], check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        if examine and not self.examination.seconds:
            self.examination.begin(next(self.out.rglob("unit_tests")))
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
        sources = {target: self._sources_in(words[-1]) for target, words in self.commands.items()}
        self.tests = {target: {name for name in names if name.endswith("_test.cc")} for target, names in sources.items()}
        self.needed = {target for target, names in sources.items() if self.tests[target] != names}  # without which nothing links
        self.users = {}
        listed = subprocess.run(["ninja", "-C", self.out, "-t", "deps"], check=True, capture_output=True, text=True).stdout
        target = None
        for line in listed.splitlines():
            if line and not line.startswith(" "):
                target = line.split(":")[0]
            elif target in self.commands and line.startswith("    "):
                self.users.setdefault(os.path.normpath(os.path.join(self.out, line.strip())), set()).add(target)

    def _sources_in(self, source):
        """What an object is compiled from: a batch of files (a unity file of CMake) includes each."""
        names = re.findall(r'^#include "(.*)"$', (self.out / source).read_text(), flags=re.M) if "/Unity/" in source else [source]
        return {os.path.basename(name) for name in names}

    def _link(self, objects):
        subprocess.run(["c++", "-o", self.program, *objects.values(), "-lgtest_main", "-lgtest", "-pthread"], check=True)

    def objects_of(self, path):
        return sorted(self.users.get(str(self.tree / path), ()))

    def judge(self, mutant, lived=False):
        """'killed', 'survived', 'same' (the compiler makes the same code of it) or 'broken' (it makes none); and by whom.
        `lived`: behind its switch, where the tests have not noticed it."""
        file = self.tree / mutant.path
        original = file.read_text()
        try:
            file.write_text(apply(mutant, original))
            if lived and not COMPUTED.search(original):
                return self._compare(mutant.path)
            return self._judge(mutant.path)
        finally:
            file.write_text(original)

    def _compare(self, path):
        """For a mutant of a file without functions that the compiler computes, whose switch was on wherever they are called."""
        changed = {}
        for target in sorted(self.objects_of(path), key=lambda target: len(self.tests[target])):
            if not self._compile(target, changed):
                return "broken", ""
            if changed[target].read_bytes() != self.objects[target].read_bytes():
                return "survived", ""
        return "same", ""

    def _judge(self, path):
        """With many objects to build, first all but the tests, and the few tests that are most likely to notice."""
        users = self.objects_of(path)
        likely = self.examination.likely_files(path)
        first = [target for target in users if target in self.needed or self.tests[target] & likely]
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
