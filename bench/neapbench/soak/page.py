"""The verdict as a table, and the charts."""
import subprocess

from ..failure import Failure
from . import verdict

HEAD = ("load", "hours", "longest", "requests", "wrong", "resident MiB", "% an hour, warm", "live, % an hour", "minutes", "most mappings", "p99.9 ms", "verdict")


def row(name, seen):
    """`seen`: its stretches, one at least."""
    longest = max(seen, key=lambda each: each.seconds)
    fails, open_ = verdict.judge(seen)
    words = ([f"FAILS: {', '.join(fails)}"] if fails else []) + ([f"not shown: {', '.join(open_)}"] if open_ else [])
    return (name, f"{sum(each.seconds for each in seen) / 3600:.2f}", f"{longest.seconds / 3600:.2f}", sum(each.requests for each in seen),
            sum(each.errors for each in seen), "-" if longest.resident is None else f"{longest.resident / 2**20:.1f}", _rises(longest.rises),
            _rises(longest.live_rises), f"{longest.warm_s / 60:.0f}",
            max(each.mappings for each in seen), " to ".join("-" if each is None else f"{each:.1f}" for each in longest.p999_ms),
            "; ".join(words) or "holds")


def _rises(of):
    return f"{of[0]:+.2f} ({of[1]:+.2f} to {of[2]:+.2f})" if of else "-"


def draw(folder, name, neap):
    """NAME.html and NAME.svg, from all recordings of the load."""
    recordings = [str(each / "memory.neaprec") for each in verdict.stretches(folder / name) if (each / "memory.neaprec").exists()]
    done = subprocess.run([neap, "report", "-q", *recordings, "--output", str(folder / f"{name}.html"), "--svg", str(folder / f"{name}.svg"),
                           "--title", f"{name} under load"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{name} could not be drawn: {done.stderr.strip()}")
