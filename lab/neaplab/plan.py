"""How large the lab is and how its time is spent, from the minutes that it may take in all."""

from dataclasses import dataclass, replace

from .failure import BadInput

SHORTEST_MIN, SHORTEST_LOAD_MIN, LONGEST_MIN = 3.0, 1.0, 7 * 24 * 60
QUICK_MIN, DEFAULT_MIN = 5.0, 15.0
QUICK_UP_TO_MIN = 8.0  # shorter labs, and shorter loads, take the quick sizes
CLOSING_S = 30         # after the load: sessions end, relays stop, the report is written
DRAIN_S = 20


@dataclass(frozen=True)
class Plan:
    minutes: float          # the whole lab, key generation to report
    directory: int          # synthetic relays
    interval_s: int         # a consensus each
    workers: int            # NumCPUs of a relay under test: its worker threads
    diff_age_min: int       # age up to which a relay makes differences to a consensus
    sessions_per_s: float   # against each relay under test
    counts: dict            # role -> nodes
    load_s: float | None = None  # the longest load; otherwise it lasts for as long as the minutes do

    @property
    def deadline_s(self):
        return self.minutes * 60 - CLOSING_S

    @property
    def bring_up_limit_s(self):
        """A network that is not up by then leaves too little time for a load that means anything."""
        return max(120.0, self.minutes * 60 * 0.55)


QUICK = Plan(minutes=QUICK_MIN, directory=2000, interval_s=20, workers=8, diff_age_min=2, sessions_per_s=2.0,
             counts={"authority": 3, "middle": 2, "exit": 2})
DEFAULT = Plan(minutes=DEFAULT_MIN, directory=4000, interval_s=30, workers=8, diff_age_min=4, sessions_per_s=2.0,
             counts={"authority": 3, "middle": 3, "exit": 2})
DIRECTORY_LIMITS = (100, 12000)


def make_plan(minutes, directory, load=None):
    if not SHORTEST_MIN <= minutes <= LONGEST_MIN:
        raise BadInput(f"--minutes {minutes:g}: give {SHORTEST_MIN:g} to {LONGEST_MIN}")
    if load is not None and not SHORTEST_LOAD_MIN <= load <= minutes:
        raise BadInput(f"--load {load:g}: give {SHORTEST_LOAD_MIN:g} to the {minutes:g} of the whole lab")
    base = QUICK if (load or minutes) <= QUICK_UP_TO_MIN else DEFAULT
    if directory is None:
        directory = base.directory
    if not DIRECTORY_LIMITS[0] <= directory <= DIRECTORY_LIMITS[1]:
        raise BadInput(f"--directory {directory}: give {DIRECTORY_LIMITS[0]} to {DIRECTORY_LIMITS[1]} synthetic relays")
    return replace(base, minutes=minutes, directory=directory, load_s=None if load is None else load * 60)
