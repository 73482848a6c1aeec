"""What a node's own log says about why something went wrong."""

import re


def explain(node):
    """The log line that most likely tells the reason: the last error, else warning, else the last line."""
    lines = tail(node.log) + tail(node.folder / "output")
    for level in (r"\[err\]", r"\[warn\]"):
        found = [line for line in lines if re.search(level, line)]
        if found:
            return found[-1]
    return lines[-1] if lines else "it logged nothing"


def tail(path, count=200):
    try:
        return [line for line in path.read_text(errors="replace").splitlines() if line.strip()][-count:]
    except FileNotFoundError:
        return []


def bootstrapped_percent(node):
    found = re.findall(r"Bootstrapped (\d+)%", "\n".join(tail(node.log)))
    return int(found[-1]) if found else 0
