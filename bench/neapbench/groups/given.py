"""The programs of a folder that was given with --given: each executable file in it, called without arguments. So a benchmark that
somebody else wrote is measured as the project's own are."""
import os
import pathlib

from ..failure import UsageFailure
from ..workload import Workload

GROUP = "given"


def workloads(context):
    if context.given is None:
        return []
    folder = pathlib.Path(context.given).absolute()
    programs = [path for path in sorted(folder.glob("*")) if path.is_file() and os.access(path, os.X_OK)]
    if not programs:
        raise UsageFailure(f"no executable file in {folder} (--given: a folder of programs that need no arguments)")
    return [Workload(path.name, GROUP, (str(path),)) for path in programs]
