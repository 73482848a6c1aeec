"""From samples to the result. Pure: takes what was measured, returns plain figures with units in their names."""

from dataclasses import asdict, dataclass
from statistics import fmean, median

BASELINE = "libc"


@dataclass(frozen=True)
class RelayResult:
    label: str
    allocator: str
    mean_rss: float       # bytes, mean over the second half of the load
    end_rss: int          # bytes, at the load's end
    peak_rss: int         # bytes, VmHWM
    start_rss: int        # bytes, just after the start
    user_s: float         # CPU time and faults are those of the load, without the bring-up
    system_s: float
    minor_faults: int
    live_mean: float | None    # bytes, over the second half, by telemetry
    live_median: float | None
    samples: int          # in the second half


@dataclass(frozen=True)
class AllocatorResult:
    """Means over the allocator's relays."""
    allocator: str
    relays: int
    mean_rss: float
    end_rss: float
    peak_rss: float
    user_s: float
    system_s: float
    minor_faults: float
    rss_to_libc: float | None
    cpu_to_libc: float | None

    @property
    def cpu_s(self):
        return self.user_s + self.system_s


def relay_result(label, allocator, samples, load_began_s, load_ended_s):
    """`samples` of one relay, oldest first; the load's window in the same clock."""
    middle = (load_began_s + load_ended_s) / 2
    second_half = [s for s in samples if middle <= s.at_s <= load_ended_s]
    if not second_half:
        return None
    first, last = next(s for s in samples if s.at_s >= load_began_s), second_half[-1]
    live = [s.live for s in second_half if s.live is not None]
    return RelayResult(label, allocator, fmean(s.rss for s in second_half), last.rss, last.peak, samples[0].rss,
                       last.user_s - first.user_s, last.system_s - first.system_s,
                       last.minor_faults - first.minor_faults, fmean(live) if live else None,
                       median(live) if live else None, len(second_half))


def allocator_results(relays):
    """One row per allocator, in the order given; ratios where the baseline took part."""
    order = list(dict.fromkeys(relay.allocator for relay in relays))
    rows = [_average(name, [relay for relay in relays if relay.allocator == name], None) for name in order]
    baseline = next((row for row in rows if row.allocator == BASELINE), None)
    return [_average(row.allocator, [r for r in relays if r.allocator == row.allocator], baseline) for row in rows]


def _average(name, relays, baseline):
    def mean(field):
        return fmean(getattr(relay, field) for relay in relays)

    rss, user, system = mean("mean_rss"), mean("user_s"), mean("system_s")
    return AllocatorResult(name, len(relays), rss, mean("end_rss"), mean("peak_rss"), user, system,
                           mean("minor_faults"), rss / baseline.mean_rss if baseline else None,
                           (user + system) / baseline.cpu_s if baseline else None)


@dataclass(frozen=True)
class Floor:
    """The yardstick beside the table: the relay before it has a directory, and the bytes that it then holds.
    Large objects count whole, and compressors touch only part of theirs: the median, between their jobs, is the floor;
    the mean says how much more is asked for during them."""
    start_rss: float
    live_median: float
    live_mean: float

    @property
    def total(self):
        return self.start_rss + self.live_median


def floor_of(relays):
    told = [relay for relay in relays if relay.live_mean is not None]
    if not told:
        return None
    return Floor(*(fmean(getattr(relay, name) for relay in told) for name in ("start_rss", "live_median", "live_mean")))


def as_json(plan, relays, tallies, problems, window_s):
    floor = floor_of(relays)
    return {
        "plan": asdict(plan),
        "load_s": round(window_s, 1),
        "valid": not problems,
        "problems": problems,
        "allocators": [asdict(row) for row in allocator_results(relays)],
        "relays": [asdict(relay) for relay in relays],
        "served": {label: tally.as_dict() for label, tally in tallies.items()},
        "floor": asdict(floor) | {"total": floor.total} if floor else None,
    }
