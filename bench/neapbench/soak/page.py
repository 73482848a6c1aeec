"""The verdict as a table, and the charts."""
import subprocess

from ..failure import Failure
from . import verdict



def _sum(of, name):
    return sum(getattr(each, name) for each in of)


def _then(pair):
    return " to ".join("-" if each is None else f"{each:.1f}" for each in pair)


def _rises(of):
    return f"{of[0]:+.2f} ({of[1]:+.2f} to {of[2]:+.2f})" if of else "-"


COLUMNS = (  # name, text of (all stretches, the longest); % are those an hour, once warm
    ("hours", lambda seen, _: f"{_sum(seen, 'seconds') / 3600:.2f}"),
    ("longest", lambda _, longest: f"{longest.seconds / 3600:.2f}"),
    ("stood still, min", lambda seen, _: f"{_sum(seen, 'stood_still_s') / 60:.2f}"),
    ("requests", lambda seen, _: _sum(seen, "requests")),
    ("late", lambda seen, _: _sum(seen, "late")),
    ("wrong", lambda seen, _: _sum(seen, "errors")),
    ("resident MiB", lambda _, longest: "-" if longest.resident is None else f"{longest.resident / 2**20:.1f}"),
    ("resident, %", lambda _, longest: _rises(longest.rises)),
    ("live, %", lambda _, longest: _rises(longest.live_rises)),
    ("heap to live, %", lambda _, longest: _rises(longest.over_rises)),
    ("warm, min", lambda _, longest: f"{longest.warm_s / 60:.0f}"),
    ("most mappings", lambda seen, _: max(each.mappings for each in seen)),
    ("p99.9 ms", lambda _, longest: _then(longest.p999_ms)),
    ("the machine's", lambda _, longest: _then(longest.machine_ms)),
)
HEAD = ("load", *(name for name, _ in COLUMNS), "verdict")


def row(name, seen, judged):
    """`seen`: its stretches, one at least; `judged`: what verdict.judge said of them."""
    longest = max(seen, key=lambda each: each.seconds)
    fails, open_ = judged
    words = ([f"FAILS: {', '.join(fails)}"] if fails else []) + ([f"not shown: {', '.join(open_)}"] if open_ else [])
    return (name, *(text(seen, longest) for _, text in COLUMNS), "; ".join(words) or "holds")


def draw(folder, name, neap):
    """NAME.html and NAME.svg, from all recordings of the load."""
    recordings = [str(each / "memory.neaprec") for each in verdict.stretches(folder / name) if (each / "memory.neaprec").exists()]
    done = subprocess.run([neap, "report", "-q", *recordings, "--output", str(folder / f"{name}.html"), "--svg", str(folder / f"{name}.svg"),
                           "--title", f"{name} under load"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{name} could not be drawn: {done.stderr.strip()}")
