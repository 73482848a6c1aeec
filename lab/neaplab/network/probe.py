"""Looks at a node from outside, through its directory port, as anybody could."""

import base64

from ..load.history import PATHS, fetch
from .nodes import DIR_PORT

SAMPLED_DOCUMENTS = 90
# flavour of the consensus -> where the documents that it lists are, what separates their names, how each begins
DOCUMENTS = {"microdesc": ("/tor/micro/d/", "-", b"\nonion-key"), "full": ("/tor/server/d/", "+", b"\nrouter ")}


class Probe:
    def __init__(self, source):
        self.source = source

    def answers(self, address):
        try:
            fetch(address, DIR_PORT, "/tor/keys/authority", self.source, 2)
            return True
        except (OSError, ValueError):
            return False

    def document(self, address, path):
        """The document's text, or None when the node does not have it or does not answer."""
        try:
            status, body = fetch(address, DIR_PORT, path, self.source, 10)
        except (OSError, ValueError):
            return None
        return body if status == 200 else None

    def serves(self, address, flavour, consensus):
        """True when the node serves a consensus of the flavour and, as far as a sample shows, all documents that the given one lists."""
        prefix, separator, beginning = DOCUMENTS[flavour]
        chosen = consensus.documents[::max(1, len(consensus.documents) // SAMPLED_DOCUMENTS)]
        found = self.document(address, prefix + separator.join(chosen))
        if found is None or (b"\n" + found).count(beginning) < len(chosen):
            return False
        return self.document(address, PATHS[flavour]) is not None


def is_guard(consensus, fingerprint):
    """True when the consensus lists the relay with the flags that make it an entry."""
    at = consensus.find(b" " + base64.b64encode(bytes.fromhex(fingerprint)).rstrip(b"=") + b" ")
    if at < 0:
        return False
    flags = consensus[consensus.index(b"\ns ", at):].split(b"\n", 2)[1].split()
    return b"Guard" in flags and b"Running" in flags
