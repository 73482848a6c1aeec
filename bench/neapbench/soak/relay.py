"""A relay of the lab: `neap lab tor` brings up its network and loads it as guards are loaded. Beside that our clients look whether the relay's
answers are right, and how long they take."""
import base64
import hashlib
import http.client
import json
import os
import random
import re
import signal

from .clients import expect

DIRECTORY = 1000  # synthetic relays: few, as it runs beside other loads
MINUTES = 7 * 24 * 60  # the most that the lab takes; whoever soaks ends it before
DIR_PORT = 7000
PATIENCE_S = 600  # a machine may stand still; how long an answer took is judged by all of them
CONSENSUS = "/tor/status-vote/current/consensus-microdesc"
DOCUMENTS = "/tor/micro/d/"
AT_ONCE = 20
ENDED = 128 + signal.SIGTERM  # what the lab exits with when it is told to end


def start(load, place, allocator, neap):
    """(command, environment): the lab finds the relay's allocator itself, and its options stand before the relay alone."""
    preload = allocator.preload_for(load.program)
    wrap = ["--wrap", " ".join(["env", *(f"{name}={value}" for name, value in allocator.environment)])] if allocator.environment else []
    return [neap, "lab", "tor", "-q", "-a", preload or "libc", "--directory", str(DIRECTORY), "--minutes", str(MINUTES), "--output",
            place.folder / "lab", *wrap], {**os.environ, "TMPDIR": str(place.folder)}


def pid(place, _server):
    """The relay's pid, from the file that the relay writes; None where it does not run yet."""
    for file in place.folder.glob("neap-lab-*/tested1/pid"):
        text = file.read_text()
        return int(text) if text else None
    return None


def wrong(place):
    """What the lab's own load saw go wrong. Call it once the lab has ended."""
    file = place.folder / "lab/summary.json"
    served = json.loads(file.read_text())["served"] if file.exists() else {}
    return [f"{what} ({count} times)" for tally in served.values() for what, count in tally["errors"].items()]


def _address(place):
    for torrc in place.folder.glob("neap-lab-*/tested1/torrc"):
        if found := re.search(r"^Address (\S+)$", torrc.read_text(), re.M):
            return found[1]
    raise ConnectionError("no relay yet")


class Directory:
    """Asks for documents that the relay had once: each has to be the one that its digest names, and consensuses never become older. Raises
    ConnectionError where the relay has no consensus yet."""
    FRESH = 0.005  # of all steps: look for a newer consensus

    def __init__(self, place, seed):
        self.address, self.random, self.known, self.date = _address(place), random.Random(seed), [], b""
        self.learn()
        if not self.known:
            raise ConnectionError("no documents yet")

    def warm(self):
        for _ in range(10):
            self.step()

    def step(self):
        if self.random.random() < self.FRESH:
            self.learn()
        asked = self.random.sample(self.known, min(self.random.randrange(1, AT_ONCE), len(self.known)))
        expect(self.documents(asked) == set(asked), "a document is missing or another")

    def learn(self):
        """The newest consensus, and which of its documents the relay has by now. Where the machine stands still authorities miss a vote, and
        no relay has a consensus until the next: what was known before has to come back all the same."""
        text = self.get(CONSENSUS, also=404)
        if not text:
            return
        date = re.search(rb"^valid-after (.+)$", text, re.M)[1]
        expect(date >= self.date, f"an older consensus: {date.decode()}")
        listed = [found.decode() for found in re.findall(rb"^m ([A-Za-z0-9+/]+)", text, re.M)]
        at_once = range(0, len(listed), AT_ONCE)
        self.known, self.date = sorted(set().union(*(self.documents(listed[at:at + AT_ONCE]) for at in at_once))), date

    def documents(self, digests):
        """Digests of what comes back."""
        parts = re.split(rb"^(?=onion-key\n)", self.get(DOCUMENTS + "-".join(digests), also=404), flags=re.M)
        return {base64.b64encode(hashlib.sha256(part).digest()).rstrip(b"=").decode() for part in parts if part}

    def get(self, path, also=200):
        connection = http.client.HTTPConnection(self.address, DIR_PORT, timeout=PATIENCE_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status not in (200, also):
            raise ConnectionError(f"status {answer.status}: {answer.reason}")
        return body if answer.status == 200 else b""

    def close(self):
        pass
