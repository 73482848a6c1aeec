"""A control group with a limit of memory, in which one program runs. cgroup v2, or v1 where that has the memory controller."""
import dataclasses
import errno
import os
import pathlib
import signal
import time

from ..failure import Failure


@dataclasses.dataclass(frozen=True)
class Hierarchy:
    """Where groups can be made, and what their files are called."""
    parent: pathlib.Path
    limit: str
    swap: str  # the limit of swap; absent where swap is not counted
    swap_is_sum: bool  # of memory and swap
    peak: str
    kills: str  # the file with a line "oom_kill N"


def _v1(parent):
    return Hierarchy(parent, "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", True, "memory.max_usage_in_bytes", "memory.oom_control")


def _v2(parent):
    return Hierarchy(parent, "memory.max", "memory.swap.max", False, "memory.peak", "memory.events")


def find(mounts="/proc/self/mountinfo", own="/proc/self/cgroup"):
    """The hierarchy that limits memory here, and a group in which others may be made. Raises Failure where there is none."""
    places = {}
    for line in pathlib.Path(mounts).read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.partition(" ")
        places.setdefault("memory" if kind == "cgroup" and "memory" in options.split(" ")[-1].split(",") else kind, before.split(" ")[4])
    paths = {}
    for line in pathlib.Path(own).read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        paths["memory" if "memory" in controllers.split(",") else controllers] = path.lstrip("/")
    if "memory" in places:
        mine = pathlib.Path(places["memory"], paths.get("memory", ""))
        return _v1(mine if mine.is_dir() else pathlib.Path(places["memory"]))
    top = pathlib.Path(places.get("cgroup2", "/nowhere"))
    if "memory" not in _read(top / "cgroup.controllers").split():
        raise Failure("no control groups that limit memory are mounted here")
    # A group that has processes may have no groups with controllers below it, but for the topmost.
    if "memory" not in _read(top / "cgroup.subtree_control").split():
        _write(top / "cgroup.subtree_control", "+memory")
    return _v2(top)


def _read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


def _write(path, text):
    try:
        path.write_text(str(text))
    except OSError as error:
        raise Failure(f"control groups cannot be used: {path}: {os.strerror(error.errno)}") from None


class ControlGroup:
    """Made with its limit, in bytes or None; gone, with whatever still runs in it, at the end of the block."""

    def __init__(self, hierarchy, name, limit=None):
        self.hierarchy, self.limit = hierarchy, limit
        self.folder = hierarchy.parent / name

    def __enter__(self):
        try:
            self.folder.mkdir()
        except OSError as error:
            raise Failure(f"no control group can be made in {self.hierarchy.parent}: {os.strerror(error.errno)}") from None
        if self.limit is not None:
            _write(self.folder / self.hierarchy.limit, self.limit)
        swap = self.folder / self.hierarchy.swap
        if swap.exists() and (self.limit is not None or not self.hierarchy.swap_is_sum):
            _write(swap, self.limit if self.hierarchy.swap_is_sum else 0)
        return self

    def join(self):
        """For the child, between fork and exec."""
        with open(self.folder / "cgroup.procs", "w") as file:
            file.write("0")

    def peak(self):
        """Bytes, or 0 where the kernel does not tell."""
        return int(_read(self.folder / self.hierarchy.peak) or 0)

    def kills(self):
        """Processes that the kernel ended for want of memory."""
        for line in _read(self.folder / self.hierarchy.kills).splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
        return 0

    def __exit__(self, *_):
        for _ in range(1000):
            for pid in _read(self.folder / "cgroup.procs").split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            try:
                return self.folder.rmdir()
            except FileNotFoundError:
                return None
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
            time.sleep(0.01)
