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

from .clients import expect, persistently

DIRECTORY = 1000  # synthetic relays: few, as it runs beside other loads
MINUTES = 7 * 24 * 60  # the most that the lab takes; whoever soaks ends it before
# Else tor keeps each request, and the address that each client had, until it has counted a day of them.
WITHOUT_STATISTICS = "DirReqStatistics 0"
DIR_PORT = 7000
NO_CONSENSUS_S = 600  # in which the machine ran: so long authorities may take to agree again after they missed a vote
CONSENSUS = "/tor/status-vote/current/consensus-microdesc"
DOCUMENTS = "/tor/micro/d/"
AT_ONCE = 20
ENDED = 128 + signal.SIGTERM  # what the lab exits with when it is told to end


def start(load, place, allocator, neap):
    """(command, environment): the lab finds the relay's allocator itself, and its options stand before the relay alone."""
    preload = allocator.preload_for(load.program)
    wrap = ["--wrap", " ".join(["env", *(f"{name}={value}" for name, value in allocator.environment)])] if allocator.environment else []
    return [neap, "lab", "tor", "-q", "-a", preload or "libc", "--directory", str(DIRECTORY), "--minutes", str(MINUTES), "--output",
            place.folder / "lab", "--torrc", WITHOUT_STATISTICS, *wrap], {**os.environ, "TMPDIR": str(place.folder)}


def pid(place, _server):
    """The relay's pid, from the file that the relay writes; None where it does not run yet."""
    for file in place.folder.glob("neap-lab-*/tested1/pid"):
        text = file.read_text()
        return int(text) if text else None
    return None


def seen(place):
    """(what the lab's own load saw go wrong, how often something failed for it because the machine stood still). Call it once the lab has
    ended."""
    file = place.folder / "lab/summary.json"
    served = json.loads(file.read_text())["served"].values() if file.exists() else ()
    return ([f"{what} ({count} times)" for tally in served for what, count in tally["errors"].items()],
            sum(sum(tally["stalled"].values()) for tally in served))


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
        self.place, self.address, self.random = place, _address(place), random.Random(seed)
        self.known, self.date, self.learned_at = [], b"", place.machine.ran_s()
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
        """The newest consensus, and which of its documents the relay has by now. Where authorities miss a vote no relay has a consensus until
        they agree again: what was known before has to come back all the same, and a consensus in the end."""
        text = self.get(CONSENSUS, also=404)
        if not text:
            expect(self.place.machine.ran_s() - self.learned_at < NO_CONSENSUS_S, f"no consensus for {NO_CONSENSUS_S} s")
            return
        self.learned_at = self.place.machine.ran_s()
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
        status, body = persistently(self.place, lambda: self.ask(path))
        if status not in (200, also):
            raise ConnectionError(f"status {status} for {path[:40]}")
        return body if status == 200 else b""

    def ask(self, path):
        connection = http.client.HTTPConnection(self.address, DIR_PORT)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def close(self):
        pass
