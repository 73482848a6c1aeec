"""The logs in the network's folder, and what they say about why something went wrong."""

import re

# Warnings that a private test network gives by its nature.
EXPECTED = ("TestingTorNetwork is set", "You are running Tor as root", "Your log may contain sensitive information",
            "You have used DirAuthority", "ConfluxEnabled is set", "Could not read your DNS config",
            "DirCache is disabled", "VotingInterval is very low", "sr-state", "approved-routers",
            "giving Tor only an IP address", "Duplicate discarded")


def explain(node):
    """The log line that most likely tells the reason: the last error, else warning, else the last line."""
    lines = tail(node.log) + tail(node.folder / "output")
    for level in (r"\[err\]", r"\[warn\]"):
        found = [line for line in lines if re.search(level, line) and not any(part in line for part in EXPECTED)]
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


def log_name(helper):
    """The file, in the network's folder, that the messages of one of the lab's own processes go to."""
    return helper.replace(" ", "-") + ".log"
