"""From what --allocators says to what is preloaded. `neap allocators --json` knows the names, files and settings."""
import dataclasses
import fnmatch
import functools
import json
import os
import pathlib
import re
import subprocess

from .failure import Failure, UsageFailure

LINKED_MALLOC = re.compile(r"lib(jemalloc|mimalloc|tcmalloc|tbbmalloc)\S*\.so")


@dataclasses.dataclass(frozen=True)
class Allocator:
    label: str  # what the table calls it
    library: str  # preloaded; for libc only where the program links another malloc
    environment: tuple = ()  # (name, value) pairs
    version: str = ""
    is_libc: bool = False

    def preload_for(self, program):
        """The library to preload into this program; libc is bare unless the program brings a malloc of its own."""
        return self.library if not self.is_libc or links_a_malloc(program) else ""


@functools.lru_cache(maxsize=None)
def links_a_malloc(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return bool(LINKED_MALLOC.search(listed))


def _rows(neap, words):
    done = subprocess.run([neap, "allocators", "--json", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(done.stderr.strip(), done.returncode)
    return json.loads(done.stdout)


def _as_allocator(label, row):
    name = row["name"].split(":")[0]
    return Allocator(label, row["path"], tuple(row.get("environment", {}).items()), row["version"],
                     is_libc=name == "libc" or name.startswith("libc-"))


def _named(word, rows, neap, neap_library):
    """One word of --allocators: NAME, NAME:key=value, PATH, or LABEL=any of these."""
    label, _, rest = word.partition("=") if re.match(r"[\w.-]+=", word) else (word, "", word)
    if neap_library and rest.split(":")[0] == "neap":
        settings = rest.partition(":")[2]
        options = ",".join(part.replace("=", ":") for part in settings.split(":"))
        return Allocator(label, neap_library, (("NEAP_OPTIONS", options),) if settings else ())
    row = rows.get(rest) or _rows(neap, [rest])[-1]
    if not row["installed"]:
        raise Failure(f"allocator '{rest}' is not installed; to get it: {row['install']}")
    if not row["loads"]:
        raise Failure(f"allocator '{rest}' does not load: {row['path']}")
    return _as_allocator(label, row)


def _forget_steering(rows):
    """Whatever the caller's shell sets for an allocator must not reach the measured programs."""
    patterns = [pattern for row in rows for pattern in row.get("variables", ())]
    for name in [name for name in os.environ if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]:
        del os.environ[name]


def _default(rows):
    """Every allocator of the command's table. Of its presets, which nothing can steer further, only libc-tuned."""
    names = [name for name, row in rows.items() if "variables" in row and name != "neap"]
    return [names[0], "libc-tuned", *names[1:], "neap"]


def resolve(words, neap, neap_library):
    """The allocators to measure. Without words: all that are installed; what is missing is said."""
    if neap_library:
        path = pathlib.Path(neap_library)
        if not path.is_file():
            raise UsageFailure(f"no library at {neap_library} (--neap)")
        neap_library = str(path.resolve())
    rows = {row["name"]: row for row in _rows(neap, [])}
    _forget_steering(rows.values())
    missing = []
    if not words:
        usable = {name for name, row in rows.items() if row["installed"] and row["loads"]} | ({"neap"} if neap_library else set())
        default = _default(rows)
        missing = [f"{name}: {rows.get(name, {}).get('install', 'does not load')}" for name in default if name not in usable]
        words = [name for name in default if name in usable]
    allocators = [_named(word, rows, neap, neap_library) for word in words]
    labels = [allocator.label for allocator in allocators]
    if len(set(labels)) < len(labels):
        raise UsageFailure("an allocator is named twice; write LABEL=NAME for one of them")
    return allocators, missing
