"""The verdict as a table, and the charts."""
import subprocess

from ..failure import Failure
from . import verdict

HEAD = ("load", "hours", "longest", "requests", "wrong", "resident MiB", "% an hour, warm", "most mappings", "p99.9 ms", "verdict")


def row(name, seen):
    """`seen`: its stretches, one at least."""
    longest = max(seen, key=lambda each: each.seconds)
    rises, warm_s = verdict.growth(longest)
    fails, open_ = verdict.judge(seen)
    words = ([f"FAILS: {', '.join(fails)}"] if fails else []) + ([f"not shown: {', '.join(open_)}"] if open_ else [])
    resident = longest.resident[-1][1] / 2**20 if longest.resident else 0
    return (name, f"{sum(each.seconds for each in seen) / 3600:.2f}", f"{longest.seconds / 3600:.2f}", sum(each.requests for each in seen),
            sum(each.errors for each in seen), f"{resident:.1f}",
            f"{rises[0]:+.2f} ({rises[1]:+.2f} to {rises[2]:+.2f}) in {warm_s / 60:.0f} min" if rises else "-",
            max(each.mappings for each in seen), " to ".join("-" if each is None else f"{each:.1f}" for each in longest.p999_ms),
            "; ".join(words) or "holds")


def draw(folder, name, neap):
    """NAME.html and NAME.svg, from all recordings of the load."""
    recordings = [str(each / "memory.neaprec") for each in verdict.stretches(folder / name) if (each / "memory.neaprec").exists()]
    done = subprocess.run([neap, "report", "-q", *recordings, "--output", str(folder / f"{name}.html"), "--svg", str(folder / f"{name}.svg"),
                           "--title", f"{name} under load"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{name} could not be drawn: {done.stderr.strip()}")
