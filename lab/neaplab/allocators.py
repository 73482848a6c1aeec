"""From an allocator's name to the environment that a relay starts with."""

import os
from dataclasses import dataclass
from pathlib import Path

from .failure import BadInput

LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
PRELOADS = {"libc": None, "jemalloc": "libjemalloc.so.2", "mimalloc": "libmimalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4"}
TUNED = {"libc-tuned": {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=131072:glibc.malloc.trim_threshold=131072:glibc.malloc.arena_max=1"}}
CLEARED = ("LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_CONF", "NEAP_OPTIONS")


@dataclass(frozen=True)
class Allocator:
    variables: dict
    library: Path | None


def resolve(name):
    build_folder = os.environ.get("NEAP_BUILD", "build/release")
    environment = {key: value for key, value in os.environ.items() if key not in CLEARED}
    if name in TUNED:
        return Allocator(environment | TUNED[name], None)
    if name in PRELOADS:
        library = PRELOADS[name] and LIBRARIES / PRELOADS[name]
    elif name == "neap":
        library = Path(build_folder) / "libneap.so"
    elif "/" in name:
        library = Path(name).absolute()
    else:
        raise BadInput(f"no allocator {name!r}: choose from {', '.join([*PRELOADS, *TUNED, 'neap'])} or give a path")
    if library is None:
        return Allocator(environment, None)
    if not library.exists():
        raise BadInput(f"allocator {name!r}: {library} is not there")
    return Allocator(environment | {"LD_PRELOAD": str(library)}, library)
