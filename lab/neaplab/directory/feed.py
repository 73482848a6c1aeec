"""The worker that fills the directory: uploads the synthetic relays, then renews a share of them in each interval.

Runs as a process of its own. Settings: one JSON object on stdin (Feed's fields). Progress: JSON lines on stdout.
"""

import http.client
import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .bandwidth import bandwidth_lines, write_bandwidth_file
from .descriptor import SyntheticRelays

BATCH = 100
ATTEMPTS = 3


@dataclass(frozen=True)
class Feed:
    authorities: list
    dir_port: int
    source: str
    relays: int
    interval_s: int
    renewed_share: float
    bandwidth_file: str
    measured: dict


def say(**event):
    print(json.dumps(event), flush=True)


class Uploader:
    def __init__(self, feed):
        self.feed = feed
        self.relays = SyntheticRelays(feed.relays)
        self.generation = [1] * feed.relays
        self.threads = ThreadPoolExecutor(len(feed.authorities))

    def write_bandwidths(self, cycle):
        lines = bandwidth_lines(time.time(), self.feed.measured, self.relays.fingerprints, cycle)
        write_bandwidth_file(self.feed.bandwidth_file, lines)

    def upload(self, indices, note):
        published = time.time() - 5
        for start in range(0, len(indices), BATCH):
            batch = indices[start:start + BATCH]
            body = "".join(self.relays.descriptor(i, published, self.generation[i]) for i in batch).encode()
            for refusal in self.threads.map(lambda authority: self._post(authority, body), self.feed.authorities):
                if refusal:
                    say(refused=refusal)
            say(**{note: start + len(batch), "of": len(indices)})

    def _post(self, authority, body):
        """Returns None, or why the authority did not take the descriptors."""
        reason = "no answer"
        for attempt in range(ATTEMPTS):
            time.sleep(attempt)
            link = http.client.HTTPConnection(authority, self.feed.dir_port, timeout=60,
                                              source_address=(self.feed.source, 0))
            try:
                link.request("POST", "/tor/", body)
                answer = link.getresponse()
                if answer.status == 200:
                    return None
                return f"{authority}: {answer.status} {answer.reason}"
            except OSError as problem:
                reason = f"{authority}: {problem}"
            finally:
                link.close()
        return reason

    def renew(self, cycle, draw):
        chosen = draw.sample(range(self.feed.relays), int(self.feed.relays * self.feed.renewed_share))
        for index in chosen:
            self.generation[index] += 1
        self.write_bandwidths(cycle)
        self.upload(chosen, "renewed")


def main():
    feed = Feed(**json.loads(sys.stdin.readline()))
    uploader = Uploader(feed)
    uploader.write_bandwidths(0)
    say(keys=feed.relays)
    sys.stdin.readline()  # the authorities listen now
    uploader.upload(list(range(feed.relays)), "uploaded")
    draw = random.Random(feed.relays)
    cycle = 0
    while True:
        # A consensus is published at each multiple of the interval; what is renewed right after is in the next one.
        time.sleep(feed.interval_s - time.time() % feed.interval_s + 1)
        cycle += 1
        uploader.renew(cycle, draw)
