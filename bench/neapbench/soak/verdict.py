"""What is said of a load: from what lies in its folder, a stretch in each folder below."""
import collections
import csv
import dataclasses
import io
import subprocess
from statistics import median

from ..failure import Failure
from ..statistics import slope
from . import load_log

WARM_FROM = 1 / 3  # of a stretch: what lies before is warming up
LEAST_WARM_S = 3600  # below, a slope an hour is told and not judged
MOST_SLOPE = 0.5  # % an hour
MOST_MAPPINGS = 5000  # of a process
MOST_LATENCY = 1.25  # of the last third to the middle one, at 99.9%
POINTS = 240  # what a stretch is thinned out to for its slope, by medians


@dataclasses.dataclass(frozen=True)
class Seen:
    """One stretch."""
    seconds: float
    requests: int
    errors: int
    error: str
    resident: tuple  # (s, bytes of all processes)
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
    rows = _samples(recording, neap) if lines and recording.exists() else []
    end = _seconds(lines)
    thirds = [[line for line in lines if low * end < line["at"] <= high * end] for low, high in ((WARM_FROM, 2 / 3), (2 / 3, 1))]
    return Seen(seconds=end, requests=sum(sum(line["latencies"].values()) for line in lines), errors=sum(line["errors"] for line in lines),
                error=next((line["error"] for line in lines if "error" in line), ""), resident=tuple(_resident(rows)),
                mappings=max((int(row["mappings"]) for row in rows if row["mappings"]), default=0),
                p999_ms=tuple(load_log.percentile_ms(third, 0.999) for third in thirds))


def _samples(recording, neap):
    done = subprocess.run([neap, "report", "-q", "--csv", "-", str(recording)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{recording} cannot be read: {done.stderr.strip()}")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def _resident(rows):
    """Of all processes at each whole second at which every one that is seen most of the time was looked at."""
    moments = collections.defaultdict(dict)
    for row in rows:
        moments[int(row["at_us"]) // 1000000][row["pid"]] = int(row["rss"])
    most = median(map(len, moments.values())) if moments else 0
    return [(at, sum(of.values())) for at, of in sorted(moments.items()) if len(of) >= most]


def growth(seen):
    """(% an hour: median, low, high) once warm, and how long that was, in seconds; (None, 0) for too few samples."""
    warm = [point for point in seen.resident if point[0] >= WARM_FROM * seen.seconds]
    if not warm:
        return None, 0
    width = max((warm[-1][0] - warm[0][0]) / POINTS, 1)
    bins = collections.defaultdict(list)
    for at, resident in warm:
        bins[int((at - warm[0][0]) / width)].append((at, resident))
    found = slope([tuple(map(median, zip(*points))) for points in bins.values()])
    level = median(resident for _, resident in warm)
    return found and tuple(each * 3600 / level * 100 for each in found), warm[-1][0] - warm[0][0]


def judge(seen):
    """(what fails, what is not shown yet), each a list of words. The slope and the latency are those of the longest stretch."""
    fails, open_ = [], []
    longest = max(seen, key=lambda each: each.seconds)
    rises, warm_s = growth(longest)
    if any(each.errors for each in seen):
        fails.append("answers")
    if any(each.mappings > MOST_MAPPINGS for each in seen):
        fails.append("mappings")
    if warm_s < LEAST_WARM_S or rises is None:
        open_ += ["slope", "latency"]
        return fails, open_
    if rises[1] > MOST_SLOPE:
        fails.append("slope")
    elif rises[2] > MOST_SLOPE:
        open_.append("slope")
    before, after = longest.p999_ms
    if after > MOST_LATENCY * before:
        fails.append("latency")
    return fails, open_
