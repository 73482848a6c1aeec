"""What the clients of a stretch saw: a file of one JSON line for each few seconds, which a kill leaves whole up to its last line."""
import collections
import json
import math
import threading

FINENESS = 16  # buckets of latency in each doubling: 4% wide


class Counts:
    """Of all clients of a load, since the last line."""

    def __init__(self):
        self.lock, self.buckets, self.errors, self.last_error = threading.Lock(), collections.Counter(), 0, ""

    def add(self, seconds):
        with self.lock:
            self.buckets[round(FINENESS * math.log2(max(seconds, 1e-6) * 1e6))] += 1

    def wrong(self, what):
        with self.lock:
            self.errors, self.last_error = self.errors + 1, what

    def line(self, at):
        with self.lock:
            line = {"at": round(at, 1), "latencies": self.buckets, "errors": self.errors}
            if self.last_error:
                line["error"] = self.last_error
            self.buckets, self.errors, self.last_error = collections.Counter(), 0, ""
        return json.dumps(line) + "\n"


def read(file):
    """The lines as they are; one that a kill cut off is left out."""
    lines = []
    for text in file.read_text().splitlines() if file.exists() else ():
        try:
            lines.append(json.loads(text))
        except ValueError:
            break
    return lines


def percentile_ms(lines, share):
    """Of all requests of these lines; None where there were none."""
    buckets = collections.Counter()
    for line in lines:
        buckets.update({int(bucket): count for bucket, count in line["latencies"].items()})
    left = sum(buckets.values()) * (1 - share)
    for bucket in sorted(buckets, reverse=True):
        left -= buckets[bucket]
        if left <= 0:
            return 2 ** (bucket / FINENESS) / 1000
    return None
