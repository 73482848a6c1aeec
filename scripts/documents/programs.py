"""The programs that documents show, and whether they know what a command says to them."""
import functools
import json
import os
import pathlib
import re
import subprocess

LISTED = re.compile(r"^  (-[^ ].*?)(?:  |$)", re.M)  # a line of --help: its options stand before the first two blanks
VERB = re.compile(r"^  ([a-z][\w-]*)  ", re.M)
OURS = re.compile(r"^(?:scripts/|bench/|tests/|packaging/|\./test$|\./demo$)")
CTEST = {"--test-dir", "--preset", "--output-on-failure", "-R", "-E", "-L", "-LE", "-V", "-N", "-j", "-j2", "--parallel", "--repeat"}
CMAKE = {"--preset", "--build", "--target", "--install", "--prefix", "--component", "-G", "-S", "-B", "-j", "--parallel"}


def after(words, name):
    return [value for word, value in zip(words, words[1:]) if word == name]


class Programs:
    def __init__(self, root, build):
        self.root, self.build = root, build
        self.neap = build / "neap"

    @functools.lru_cache(None)
    def help_text(self, *verbs):
        done = subprocess.run([self.neap, *verbs, "--help"], capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"}, check=True)
        return done.stdout

    @functools.lru_cache(None)
    def help(self, *verbs):
        """The options and the verbs that `neap VERBS... --help` lists."""
        text = self.help_text(*verbs)
        options = {word for line in LISTED.findall(text) for word in re.findall(r"--?[a-zA-Z][\w-]*", line)}
        _, _, listed = text.partition("\nVerbs:\n")
        return options, set(VERB.findall(listed.partition("\n\n")[0]))

    @functools.cached_property
    def made(self):
        """Every file and name that the build can make."""
        text = (self.build / "build.ninja").read_text()
        names = [name for line in re.findall(r"^build ([^:]*):", text, re.M) for name in re.split(r"(?<!\$) ", line)]
        made = {name for name in names if name != "|"}
        return made | {str(parent) for name in made for parent in pathlib.PurePath(name).parents}

    @functools.cached_property
    def tests(self):
        """(name, labels) of every test."""
        listed = subprocess.run(["ctest", "--test-dir", self.build, "--show-only=json-v1"], capture_output=True, text=True, check=True)
        labels = lambda test: next((each["value"] for each in test["properties"] if each["name"] == "LABELS"), [])
        return [(test["name"], labels(test)) for test in json.loads(listed.stdout)["tests"]]

    @functools.cached_property
    def sources(self):
        """All of the tree but its documents, as one text."""
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=self.root, capture_output=True)
        names = listed.stdout.decode().split("\0") if listed.returncode == 0 else [str(path.relative_to(self.root)) for path in self.root.rglob("*")]
        paths = [self.root / name for name in names if name and not name.endswith((".md", ".svg", ".png")) and not name.startswith("data/")]
        return "\n".join(path.read_text(errors="replace") for path in paths if path.is_file())

    def reads_variable(self, name):
        return re.search(rf"\b{name}\b", self.sources) is not None

    @functools.lru_cache(None)
    def script(self, path):
        """The text of a script and, where it says that it has one, its --help."""
        text = (self.root / path).read_text(errors="replace")
        if re.search(r"argparse|--help", text):
            text += subprocess.run([self.root / path, "--help"], capture_output=True, text=True).stdout
        return text

    @functools.lru_cache(None)
    def some_has(self, option):
        """Whether any program of ours, or of those that build and test it, has the option."""
        return any(option in self.help(*verbs)[0] for verbs in self.all_verbs()) or option in CTEST | CMAKE or \
            re.search(rf"(?<![\w-]){option}(?![\w-])", self.sources) is not None

    @functools.lru_cache(None)
    def all_verbs(self):
        verbs = [()]
        for name in sorted(self.help()[1]):
            verbs += [(name,)] + [(name, inner) for inner in sorted(self.help(name)[1])]
        return verbs

    def breaches(self, words):
        made, program = re.match(r"(?:\./)?(build/release/)?(.*)", words[0]).groups()
        program, words = (program if made else words[0]), words[1:]
        if program == "neap":
            yield from self._neap(words)
        elif program == "ctest":
            yield from self._ctest(words)
        elif program == "cmake":
            yield from self._cmake(words)
        elif OURS.match(program) and not made:
            yield from self._script(program, words)
        yield from (f"the build makes no {word}" for word in [(made or "") + program, *words] if self._is_missing(word))

    def _is_missing(self, word):
        inside = re.match(r"(?:\w+=)?(?:\$PWD/|\./)?build/release/([\w./-]+)$", word)
        if inside is None or inside[1].rstrip("/") in self.made:
            return False
        return f'"{pathlib.PurePath(inside[1]).name}"' not in self.sources and f"/{inside[1]}" not in self.sources  # what a script makes there

    def _neap(self, words):
        words = words[:words.index("--")] if "--" in words else words
        verbs, known = [], self.help()
        options = set(known[0]) | {"--json", "--quiet", "-q"}
        for word in words:
            name = word.partition("=")[0]
            if word.startswith("-"):
                if word != "-" and name not in options and not (name[1] != "-" and name[:2] in options and len(name) > 2):
                    yield f"neap {' '.join(verbs)} has no option {name}".replace("  ", " ")
            elif known[1]:
                if word not in known[1]:
                    yield f"neap {' '.join(verbs)} has no verb {word}".replace("  ", " ")
                    return
                verbs.append(word)
                known = self.help(*verbs)
                options |= known[0]

    def _script(self, program, words):
        path = self.root / program
        if not path.is_file():  # a path alone is no command: check-documents asks whether it is there
            yield from [f"no {program}"] if words else []
            return
        for word in words[:words.index("--")] if "--" in words else words:
            name = re.match(r"--?[a-zA-Z][\w-]*", word)
            if name and not re.search(rf"(?<![\w-]){name[0]}(?![\w-])", self.script(program)):
                yield f"{program} has no option {name[0]}"

    def _ctest(self, words):
        yield from (f"ctest: is {word} right?" for word in words if word.startswith("-") and word not in CTEST)
        for pattern in after(words, "-R"):
            if not any(re.search(pattern, name) for name, _ in self.tests) and not self._is_optional(pattern):
                yield f"no test matches {pattern}"
        for pattern in after(words, "-L"):
            if not any(re.search(pattern, label) for _, labels in self.tests for label in labels) and not self._is_optional(pattern):
                yield f"no test has the label {pattern}"

    def _is_optional(self, pattern):
        """Tests that a setting of CMake has to ask for: then their names stand in a CMakeLists.txt all the same."""
        return any(name in self.sources for name in re.split(r"[|^$()]+", pattern) if name)

    def _cmake(self, words):
        yield from (f"cmake: is {word} right?" for word in words if re.match(r"-(?!D)", word) and word not in CMAKE)
        yield from (f"no setting {name[1]}" for name in (re.match(r"-D(NEAP_\w+)", word) for word in words) if name and not self.reads_variable(name[1]))
        yield from (f"the build has no target {name}" for name in after(words, "--target") if name not in self.made and name != "NAME")
        presets = {each["name"] for each in json.loads((self.root / "CMakePresets.json").read_text())["configurePresets"]}
        yield from (f"no preset {name}" for name in after(words, "--preset") if name not in presets)
