"""Recorded traces, replayed by neap-replay: exact sizes, order and threads of real programs. Figures are those of the
calls alone; user and sys also hold the decoding of the trace."""
import pathlib

from ..failure import UsageFailure
from ..places import BENCH
from ..workload import Workload

QUICK_BYTES = 2**18
ENDINGS = (".trace", ".trc.zst")
# Traces whose few huge objects hide the many small ones are also replayed without them.
ALSO_WITHOUT_OBJECTS_FROM = {"tor": 2**20}


def _traces(folders):
    """The traces by name. Of two with one name the first is taken."""
    found = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageFailure(f"no folder of traces at {folder} (--traces, NEAP_TRACES)")
        for path in sorted(folder.iterdir()):
            for ending in ENDINGS:
                if path.name.endswith(ending):
                    found.setdefault(path.name.removesuffix(ending), path)
    return found


def _replay(context, name, *arguments, **properties):
    return Workload(name, "replay", (context.places.program("neap-replay"), *arguments), has_facts=True, timeout_s=900, **properties)


def workloads(context):
    found = []
    for name, path in _traces([BENCH.parent / "data", *map(pathlib.Path, context.traces)]).items():
        found.append(_replay(context, f"replay-{name}", str(path), quick=path.stat().st_size < QUICK_BYTES))
        if name in ALSO_WITHOUT_OBJECTS_FROM:
            limit = ALSO_WITHOUT_OBJECTS_FROM[name]
            found.append(_replay(context, f"replay-{name}-below-{limit // 2**20}MiB", "--drop-from", str(limit), str(path)))
    return found
