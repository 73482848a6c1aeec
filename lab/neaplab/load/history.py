"""The consensuses published so far, as sessions need them: the digest that names each, the documents it lists."""

import base64
import hashlib
import http.client
import re
from dataclasses import dataclass

KEPT = 12
PATHS = {"microdesc": "/tor/status-vote/current/consensus-microdesc", "full": "/tor/status-vote/current/consensus"}
SIGNATURES = b"\ndirectory-signature "


@dataclass(frozen=True)
class Consensus:
    digest: str       # SHA3-256 of the signed part, upper-case hex: what X-Or-Diff-From-Consensus carries
    documents: tuple  # digests of its microdescriptors (base64) or server descriptors (hex)
    seen: float       # monotonic seconds; 0 for the first
    size: int


def parse(flavour, text, now):
    signed = text[:text.index(SIGNATURES) + len(SIGNATURES)]
    if flavour == "microdesc":
        documents = [m.decode() for m in re.findall(rb"^m ([A-Za-z0-9+/]+)", text, re.M)]
    else:
        found = re.findall(rb"^r \S+ \S+ (\S+)", text, re.M)
        documents = [base64.b64decode(m + b"=").hex() for m in found]
    return Consensus(hashlib.sha3_256(signed).hexdigest().upper(), tuple(documents), now, len(text))


def fetch(address, port, path, source, timeout_s=20):
    """(status, body) of a plain directory request."""
    link = http.client.HTTPConnection(address, port, timeout=timeout_s, source_address=(source, 0))
    try:
        link.request("GET", path)
        answer = link.getresponse()
        return answer.status, answer.read()
    finally:
        link.close()


class History:
    def __init__(self, settle_s, first):
        """`first`: flavour -> a consensus that every relay has. A later one is due `settle_s` after it was seen, and settled
        once every relay was seen to have it with all its documents."""
        self.settle_s = settle_s
        self.confirmed = {consensus.digest for consensus in first.values()}
        self.known = {flavour: [first[flavour]] for flavour in PATHS}

    def add(self, flavour, consensus):
        """Forgets the oldest one for it, but never the newest that is settled: where the relays stood still, none later may
        be settled for long."""
        known = self.known[flavour]
        if any(old.digest == consensus.digest for old in known):
            return
        known.append(consensus)
        if len(known) > KEPT:
            newest_settled = self.settled(flavour)[-1]
            known.remove(next(old for old in known if old is not newest_settled))

    def due(self, flavour, now):
        return [c for c in self.known[flavour] if c.digest not in self.confirmed and c.seen + self.settle_s <= now]

    def confirm(self, consensus):
        self.confirmed.add(consensus.digest)

    def settled(self, flavour):
        return [c for c in self.known[flavour] if c.digest in self.confirmed]
