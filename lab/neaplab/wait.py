"""The lab's one way to wait. Main thread only.

Whatever waits does so in until() or tick(), which also hear the workers, notice a process that died and obey a signal.
"""

import signal
import time

from .failure import LabError
from .network.logs import explain, log_name, tail

NAP_S = 0.25


class Wait:
    def __init__(self, network, household, interrupts, progress, began):
        """`began`: monotonic seconds, the zero of every time the lab tells."""
        self.network, self.household = network, household
        self.interrupts, self.progress, self.began = interrupts, progress, began
        self.workers = []

    def now_s(self):
        return time.monotonic() - self.began

    def unix_s(self, at_s):
        """The Unix time of a moment on the lab's own clock."""
        return time.time() - self.now_s() + at_s

    def until(self, condition, limit_s, step, detail=lambda: "", blamed=()):
        """Ticks until the condition holds. After the limit it raises an error that tells what the blamed nodes' logs say."""
        ends = self.now_s() + limit_s
        while not condition():
            self.progress.show(step, detail())
            self.tick()
            if self.now_s() > ends:
                reasons = "".join(f"\n  {node.name}: {explain(node)}" for node in blamed)
                told = f" ({detail()})" if detail() else ""
                raise LabError(f"{step}: not done after {limit_s:.0f} s{told}{reasons}")

    def tick(self):
        self.interrupts.wait(NAP_S, self.workers)
        for worker in self.workers:
            worker.listen()
        self.notice_the_dead()

    def notice_the_dead(self):
        for name, code in self.household.ended():
            worker = next((worker for worker in self.workers if worker.name == name), None)
            if not (worker and worker.done and code == 0):
                raise LabError(self.last_words(name, describe_exit(code)))

    def last_words(self, name, how):
        node = next((node for node in self.network.nodes if node.name == name), None)
        if node is None:
            lines = tail(self.network.folder / log_name(name))
            return f"the lab's {name} died ({how}): {lines[-1] if lines else 'no message'}"
        who = f"the relay on {node.label}" if node.label else name
        said = "".join(f"\n  {line}" for line in tail(node.folder / "output", 6))
        return f"{who} died ({how}): {explain(node)}{said}"


def describe_exit(code):
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
