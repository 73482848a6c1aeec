"""What the clients of a stretch saw: a file of one JSON line for each few seconds, which a kill leaves whole up to its last line."""
import collections
import json
import math
import threading
import time

FINENESS = 16  # buckets of latency in each doubling: 4% wide


def _bucket(seconds):
    return round(FINENESS * math.log2(max(seconds, 1e-6) * 1e6))


class Counts:
    """Of all clients of a load, since the last line."""

    def __init__(self):
        self.lock = threading.Lock()
        self._clear()

    def _clear(self):
        self.latencies, self.ticks = collections.Counter(), collections.Counter()
        self.late = self.again = self.errors = 0
        self.last_error = ""

    def answer(self, seconds, is_late):
        """Late: the machine stood still meanwhile, so that the answer's time is the machine's."""
        with self.lock:
            if is_late:
                self.late += 1
            else:
                self.latencies[_bucket(seconds)] += 1

    def asked_again(self):
        with self.lock:
            self.again += 1

    def tick(self, late_s):
        """How late the machine let a thread go on that wanted no more than a moment."""
        with self.lock:
            self.ticks[_bucket(late_s)] += 1

    def wrong(self, what):
        with self.lock:
            self.errors, self.last_error = self.errors + 1, what

    def late_by_another(self, count):
        """Answers to whom others saw the same happen."""
        with self.lock:
            self.late += count

    def line(self, at, ran):
        """`at`: seconds since it began; `ran`: those in which the machine did."""
        with self.lock:
            line = {"at": round(at, 1), "ran": round(ran, 1), "unix": round(time.time(), 1), "latencies": self.latencies, "ticks": self.ticks,
                    "late": self.late, "again": self.again, "errors": self.errors}
            if self.last_error:
                line["error"] = self.last_error
            self._clear()
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


def percentile_ms(lines, share, of="latencies"):
    """Of all requests (or ticks) of these lines; None where there were none."""
    buckets = collections.Counter()
    for line in lines:
        buckets.update({int(bucket): count for bucket, count in line.get(of, {}).items()})
    left = sum(buckets.values()) * (1 - share)
    for bucket in sorted(buckets, reverse=True):
        left -= buckets[bucket]
        if left <= 0:
            return 2 ** (bucket / FINENESS) / 1000
    return None
