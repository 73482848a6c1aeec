"""What each relay served. Equal tallies without errors are the condition under which the relays may be compared."""

from dataclasses import asdict, dataclass, field


@dataclass
class Tally:
    begun: int = 0
    served: int = 0
    requests: int = 0
    transfers: int = 0
    bytes: int = 0
    retries: dict = field(default_factory=dict)  # what failed at first and then was served -> how often
    stalled: dict = field(default_factory=dict)  # what failed for no fault of the relay -> how often
    errors: dict = field(default_factory=dict)  # what -> how often

    def fail(self, what, spoilt=False):
        """`spoilt`: for no fault of the relay (Stillness)."""
        self._count(self.stalled if spoilt else self.errors, what)

    def retry(self, what):
        self._count(self.retries, what)

    @staticmethod
    def _count(of, what):
        of[what] = of.get(what, 0) + 1

    @property
    def error_count(self):
        return sum(self.errors.values())

    @property
    def retry_count(self):
        return sum(self.retries.values())

    def as_dict(self):
        return asdict(self)


def disagreements(tallies):
    """Lines that say why the relays may not be compared; empty when all served the same without errors."""
    lines = []
    for label, tally in tallies.items():
        if tally.errors:
            what, times = max(tally.errors.items(), key=lambda item: item[1])
            lines.append(f"{label}: {tally.error_count} errors, mostly {what!r} ({times})")
        if tally.stalled:
            lines.append(f"{label}: {sum(tally.stalled.values())} failed because the machine stood still or the network had no consensus")
    for field_name in ("begun", "served", "requests", "transfers"):
        counts = {label: getattr(tally, field_name) for label, tally in tallies.items()}
        if len(set(counts.values())) > 1:
            lines.append(f"{field_name} differ: " + ", ".join(f"{label} {n}" for label, n in counts.items()))
    if tallies and not any(tally.served for tally in tallies.values()):
        lines.append("no session was served")
    return lines
