"""One look at a process through /proc. Bytes and seconds, as the kernel counts them."""

import os
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    at_s: float           # since the lab began
    rss: int              # VmRSS, bytes
    peak: int             # VmHWM, bytes
    user_s: float
    system_s: float
    minor_faults: int
    major_faults: int
    threads: int
    live_small: int | None = None  # live bytes by the allocator's telemetry, where there is one
    live_large: int | None = None

    @property
    def live(self):
        return None if self.live_small is None else self.live_small + self.live_large


def look(pid, at_s, live=None):
    """The sample of a running process, or None when it is gone."""
    try:
        folder = Path(f"/proc/{pid}")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
        stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if "VmRSS" not in status:  # a zombie
        return None

    def kilobytes(name):
        return int(status[name].split()[0]) * 1024

    return Sample(at_s, kilobytes("VmRSS"), kilobytes("VmHWM"), int(stat[11]) * TICK_S, int(stat[12]) * TICK_S,
                  int(stat[7]), int(stat[9]), int(stat[17]), *(live or (None, None)))


def mapped_file(pid, name_part):
    """(path, load address) of the first mapped file whose name contains the text, or None."""
    try:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    for line in lines:
        fields = line.split(None, 5)
        if len(fields) == 6 and name_part in os.path.basename(fields[5]) and int(fields[2], 16) == 0:
            return fields[5], int(fields[0].split("-")[0], 16)
    return None
