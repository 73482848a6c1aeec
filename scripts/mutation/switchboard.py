"""The program in which most mutants lie behind switches (switches.py), built in a copy of the tree."""
import json
import os
import re
import subprocess
import time

from .operators import without_remarks
from .switches import CHOICE, HEADER, SOURCE, switched_text
from .workshop import ENVIRONMENT, FLAGS, configure, copy, write


class Switchboard:
    """One program with as many mutants behind switches (switches.py) as the compiler takes; `numbers` says which."""

    def __init__(self, source, tree, out, examination):
        self.source, self.tree, self.out, self.examination = source, tree, out, examination
        self.numbers = {}

    def open(self, mutants):
        """With the same mutants as the last time only what was edited since is built."""
        rig = "tests/unit/rig.cc"  # an object that every test program has
        copy(self.source, self.tree, but={rig, "mutation.h", *(mutant.path for mutant in mutants)})
        write(self.tree / "mutation.h", HEADER.encode())
        write(self.tree / rig, (self.source / rig).read_bytes() + SOURCE.encode())
        refused, self.paths = self._refused(), {mutant.path for mutant in mutants}
        self.numbers = {mutant: number for number, mutant in enumerate(mutants, 1) if mutant.key not in refused}
        self._write()  # before the first configuration, which wants every source
        configure(self.tree, self.out, f"{FLAGS} -fpermissive -include {self.tree / 'mutation.h'}")
        for target in "neap_rooms", "unit_tests":  # what is refused shows in the rooms: the tests are many
            self._write()
            while not self._build(target):
                self._write()
        self.program = next(self.out.rglob("unit_tests"))
        self.examination.begin(self.program)  # with every switch off

    def _refused(self):
        """Keys of the mutants that the compiler has refused behind switches, this time or an earlier one."""
        file = self.out / "refused.json"
        return set(json.loads(file.read_text())) if file.exists() else set()

    def _write(self):
        """Each file with those of its mutants behind switches that have one yet."""
        by_path = {path: [] for path in self.paths}  # some may have none left
        for mutant, number in self.numbers.items():
            by_path[mutant.path].append((number, mutant))
        for path, numbered in by_path.items():
            text = (self.source / path).read_text()
            text, taken = switched_text(text, without_remarks(text), numbered)
            write(self.tree / path, text.encode())
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
        (self.out / "refused.json").write_text(json.dumps(sorted(self._refused() | {mutant.key for mutant in refused})))
        return False

    def judge(self, mutant, slow, end):
        """By the quick tests or by the slow ones, as Examination.judge; ('late', '') once `end` has come."""
        if time.monotonic() > end:
            return "late", ""
        return self.examination.judge(self.program, mutant.path, {CHOICE: str(self.numbers[mutant])}, slow)
