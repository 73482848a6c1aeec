"""What is said of a load: from what lies in its folder, a stretch in each folder below."""
import csv
import dataclasses
import io
import json
import subprocess

from ..failure import Failure
from . import load_log

WARM_FROM = 1 / 3  # of a stretch: what lies before is warming up
LEAST_WARM_S = 3600  # below, a slope an hour is told and not judged
MOST_SLOPE = 0.5  # % an hour
MOST_MAPPINGS = 5000  # of a process
MOST_LATENCY = 1.25  # of the last third to the middle one, at 99.9%
LEAST_SHARED = 0.9  # of a stretch: another allocator's that ran beside it for so long can be held against it


@dataclasses.dataclass(frozen=True)
class Seen:
    """One stretch. Slopes are of the part that was warm: median, low, high; None where too little was seen."""
    seconds: float  # in which the machine ran
    stood_still_s: float
    requests: int
    late: int  # of these: the machine stood still meanwhile
    errors: int
    error: str
    resident: int | None  # bytes of all processes, at the end
    rises: tuple | None  # of resident memory, % an hour
    live_rises: tuple | None  # of what the program holds of it, in % of resident memory
    over_rises: tuple | None  # of what the heap holds resident over what the program holds of it, % an hour
    warm_s: float  # how long that was
    mappings: int  # the most of a process
    p999_ms: tuple  # of the answers, of the middle third and of the last
    machine_ms: tuple  # the same of the machine's own lateness
    span: tuple = (0, 0)  # from when to when, in Unix time

    @property
    def grows_by_itself(self):
        """Resident memory surely rises, and what the allocator adds to the program's own surely does not."""
        return _surely_above(self.rises) and self.over_rises is not None and self.over_rises[2] <= MOST_SLOPE


def stretches(folder):
    return sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []


def seconds_done(folder):
    return sum(_ran(load_log.read(each / "load.jsonl")) for each in stretches(folder))


def _ran(lines):
    return lines[-1].get("ran", lines[-1]["at"]) if lines else 0


def look(folder, neap):
    lines = load_log.read(folder / "load.jsonl")
    recording = folder / "memory.neaprec"
    end = lines[-1]["at"] if lines else 0
    thirds = [[line for line in lines if low * end < line["at"] <= high * end] for low, high in ((WARM_FROM, 2 / 3), (2 / 3, 1))]
    is_recorded = bool(lines) and recording.exists()
    warm = _warm(recording, neap) if is_recorded else {}
    late = sum(line.get("late", 0) for line in lines)
    resident = warm.get("mean_rss")
    return Seen(seconds=_ran(lines), stood_still_s=end - _ran(lines), requests=sum(sum(line["latencies"].values()) for line in lines) + late,
                late=late, errors=sum(line["errors"] for line in lines), error=next((line["error"] for line in lines if "error" in line), ""),
                resident=warm.get("end_rss"), rises=_an_hour(warm, "rss_slope", resident), live_rises=_an_hour(warm, "live_slope", resident),
                over_rises=_an_hour(warm, "heap_to_live_slope", 1), warm_s=warm.get("wall", 0),
                mappings=_most_mappings(recording, neap) if is_recorded else 0,
                p999_ms=tuple(load_log.percentile_ms(third, 0.999) for third in thirds),
                machine_ms=tuple(load_log.percentile_ms(third, 0.999, of="ticks") for third in thirds),
                span=tuple(lines[at].get("unix", 0) for at in (0, -1)) if lines else (0, 0))


def _report(neap, *words):
    done = subprocess.run([neap, "report", "-q", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{words[-1]} cannot be read: {done.stderr.strip()}")
    return done.stdout


def _warm(recording, neap):
    """What the tool says of the stretch from when it is warm."""
    return json.loads(_report(neap, "--json", "--from", f"{WARM_FROM:.2%}", recording))["rows"][0]["runs"][0]


def _an_hour(warm, name, level):
    """In % of the level."""
    slope = warm.get(name)
    return tuple(slope[each] * 3600 / level * 100 for each in ("median", "low", "high")) if slope and level else None


def _most_mappings(recording, neap):
    rows = csv.DictReader(io.StringIO(_report(neap, "--csv", "-", recording)))
    return max((int(row["mappings"]) for row in rows if row["mappings"]), default=0)


def judge(seen, beside=()):
    """(what fails, what is not shown yet), each a list of words. The slope and the latency are those of the longest stretch. `beside`: what
    was seen of the same load on another allocator. Who else had a share in what fails stands behind it."""
    fails, open_ = [], []
    longest = max(seen, key=lambda each: each.seconds)
    if any(each.errors for each in seen):
        fails.append("answers")
    if any(each.mappings > MOST_MAPPINGS for each in seen):
        fails.append("mappings")
    shares = "the program itself grows" if longest.grows_by_itself else "", _who_else_was_later(longest, _at_the_same_time(longest, beside))
    for what, holds, share in zip(("slope", "latency"), (_slope_holds(longest), _latency_holds(longest)), shares):
        if holds is None:
            open_.append(what)
        elif not holds:
            fails.append(f"{what} ({share})" if share else what)
    return fails, open_


def _surely_above(rises):
    return rises is not None and rises[1] > MOST_SLOPE


def _slope_holds(seen):
    """None where it is not shown."""
    if seen.warm_s < LEAST_WARM_S or seen.rises is None:
        return None
    return False if _surely_above(seen.rises) else True if seen.rises[2] <= MOST_SLOPE else None


def _latency_holds(seen):
    """None where it is not shown."""
    return None if seen.warm_s < LEAST_WARM_S or None in seen.p999_ms else _is_steady(seen.p999_ms)


def _at_the_same_time(seen, beside):
    shared = {each: min(seen.span[1], each.span[1]) - max(seen.span[0], each.span[0]) for each in beside if None not in each.p999_ms}
    best = max(shared, key=shared.get, default=None)
    return best if best and shared[best] > LEAST_SHARED * (seen.span[1] - seen.span[0]) else None


def _who_else_was_later(seen, beside):
    if beside and None not in seen.p999_ms and _is_steady([ours / theirs for ours, theirs in zip(seen.p999_ms, beside.p999_ms)]):
        return "as much beside"
    return "" if _is_steady(seen.machine_ms) else "so is the machine"


def _is_steady(of):
    """Of a middle third and a last one; what nobody measured is not known to be otherwise."""
    return None in of or of[1] <= MOST_LATENCY * of[0]
