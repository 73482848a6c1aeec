"""What a client does in one connection. Pure: a session follows from the random source and the known consensuses.

The mix is that of a directory guard: new clients fetch everything, returning ones a difference and the new documents,
mirrors server descriptors, and a quarter only holds the connection. `late` sessions are quick ones for the load's end.
"""

from dataclasses import dataclass

from .history import PATHS

ENCODINGS = (
    ("x-zstd, x-tor-lzma, gzip, deflate", 60),
    ("deflate, gzip", 12),
    ("gzip, deflate, x-zstd", 10),
    ("x-tor-lzma, x-zstd, deflate, gzip, identity", 15),
    ("identity", 3),
)
KINDS = (("new", 18), ("returning", 44), ("mirror", 12), ("all descriptors", 2), ("idle", 24))
PACES = (0, 0, 60_000, 120_000, 300_000)  # bytes a second, 0: unlimited
HOLDS_S = (0, 1, 5, 20, 60)
MICRODESCRIPTORS_A_REQUEST, DESCRIPTORS_A_REQUEST = 92, 96
MOST_MICRODESCRIPTORS, MOST_DESCRIPTORS = 2000, 1500


@dataclass(frozen=True)
class Request:
    path: str
    headers: tuple
    pace: int
    also_fine: tuple = ()  # statuses beside 200


@dataclass(frozen=True)
class Session:
    kind: str
    source: str
    requests: tuple
    hold_s: float


def pick(draw, weighted):
    return draw.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def client_address(draw):
    return f"127.{draw.randrange(20, 60)}.{draw.randrange(1, 255)}.{draw.randrange(1, 255)}"


def draw_session(draw, microdesc, full, late):
    """`microdesc`, `full`: the settled consensuses of each flavour, oldest first, at least one each."""
    source, kind = client_address(draw), pick(draw, KINDS)
    headers = (f"Accept-Encoding: {pick(draw, ENCODINGS)}",)
    pace = 0 if late else draw.choice(PACES)
    hold = min(draw.choice(HOLDS_S), 3 if late else 60)

    def request(path):
        return Request(path, headers, pace)

    def difference(flavour, old):
        """Status 304 is fine: the relay has nothing newer than the client."""
        return Request(PATHS[flavour], headers + (f"X-Or-Diff-From-Consensus: {old.digest}",), pace, (304,))

    def documents(prefix, digests, separator, at_once):
        return [request(prefix + separator.join(digests[i:i + at_once])) for i in range(0, len(digests), at_once)]

    def renewed(consensuses, old, most):
        newest = consensuses[-1].documents
        fresh = sorted(set(newest) - set(old.documents)) or draw.sample(newest, min(8, len(newest)))
        return draw.sample(fresh, min(most, len(fresh)))

    if kind == "idle":
        return Session(kind, source, (), 3 if late else draw.uniform(20, 120))
    if kind == "all descriptors":
        return Session(kind, source, (Request("/tor/server/all", headers, pace and max(PACES)),), hold)
    if kind == "new":
        everything = draw.sample(microdesc[-1].documents, min(MOST_MICRODESCRIPTORS, len(microdesc[-1].documents)))
        requests = [request(PATHS["microdesc"])]
        requests += documents("/tor/micro/d/", everything, "-", MICRODESCRIPTORS_A_REQUEST)
    elif kind == "returning":
        old = draw.choice(microdesc)
        requests = [difference("microdesc", old)]
        fresh = renewed(microdesc, old, MOST_MICRODESCRIPTORS)
        requests += documents("/tor/micro/d/", fresh, "-", MICRODESCRIPTORS_A_REQUEST)
    else:
        old = draw.choice(full)
        requests = [difference("full", old)]
        fresh = renewed(full, old, MOST_DESCRIPTORS)
        requests += documents("/tor/server/d/", fresh, "+", DESCRIPTORS_A_REQUEST)
    return Session(kind, source, tuple(requests), hold)
