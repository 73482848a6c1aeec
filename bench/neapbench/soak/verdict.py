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


@dataclasses.dataclass(frozen=True)
class Seen:
    """One stretch."""
    seconds: float
    requests: int
    errors: int
    error: str
    resident: int | None  # bytes of all processes, at the end
    rises: tuple | None  # of resident memory once warm, % an hour: median, low, high
    live_rises: tuple | None  # of what the program holds of it, in % of resident memory
    warm_s: float  # how long that was
    mappings: int  # the most of a process
    p999_ms: tuple  # of the middle third and of the last


def stretches(folder):
    return sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []


def seconds_done(folder):
    return sum(_seconds(load_log.read(each / "load.jsonl")) for each in stretches(folder))


def _seconds(lines):
    return lines[-1]["at"] if lines else 0


def look(folder, neap):
    lines = load_log.read(folder / "load.jsonl")
    recording = folder / "memory.neaprec"
    end = _seconds(lines)
    thirds = [[line for line in lines if low * end < line["at"] <= high * end] for low, high in ((WARM_FROM, 2 / 3), (2 / 3, 1))]
    is_recorded = bool(lines) and recording.exists()
    warm = _warm(recording, neap) if is_recorded else {}
    return Seen(seconds=end, requests=sum(sum(line["latencies"].values()) for line in lines), errors=sum(line["errors"] for line in lines),
                error=next((line["error"] for line in lines if "error" in line), ""), resident=warm.get("end_rss"),
                rises=_an_hour(warm, "rss_slope"), live_rises=_an_hour(warm, "live_slope"), warm_s=warm.get("wall", 0),
                mappings=_most_mappings(recording, neap) if is_recorded else 0,
                p999_ms=tuple(load_log.percentile_ms(third, 0.999) for third in thirds))


def _report(neap, *words):
    done = subprocess.run([neap, "report", "-q", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{words[-1]} cannot be read: {done.stderr.strip()}")
    return done.stdout


def _warm(recording, neap):
    """What the tool says of the stretch from when it is warm."""
    return json.loads(_report(neap, "--json", "--from", f"{WARM_FROM:.2%}", recording))["rows"][0]["runs"][0]


def _an_hour(warm, name):
    """(median, low, high), in % of the mean resident memory an hour; None where too little was seen."""
    slope, level = warm.get(name), warm.get("mean_rss")
    return tuple(slope[each] * 3600 / level * 100 for each in ("median", "low", "high")) if slope and level else None


def _most_mappings(recording, neap):
    rows = csv.DictReader(io.StringIO(_report(neap, "--csv", "-", recording)))
    return max((int(row["mappings"]) for row in rows if row["mappings"]), default=0)


def judge(seen):
    """(what fails, what is not shown yet), each a list of words. The slope and the latency are those of the longest stretch."""
    fails, open_ = [], []
    longest = max(seen, key=lambda each: each.seconds)
    if any(each.errors for each in seen):
        fails.append("answers")
    if any(each.mappings > MOST_MAPPINGS for each in seen):
        fails.append("mappings")
    if longest.warm_s < LEAST_WARM_S or longest.rises is None:
        open_ += ["slope", "latency"]
        return fails, open_
    if longest.rises[1] > MOST_SLOPE:
        fails.append("slope")
    elif longest.rises[2] > MOST_SLOPE:
        open_.append("slope")
    before, after = longest.p999_ms
    if after > MOST_LATENCY * before:
        fails.append("latency")
    return fails, open_
