"""What is no fault of a relay: the machine stood still (nobody got anything done, and the wall clock went on), or the authorities missed a vote
and have no consensus. It spoils what is under way, and what begins before the network has recovered."""

import asyncio
import time

TICK_S = 0.1
STALL_S = 1         # a tick that comes so much too late
RECOVERY_S = 300    # authorities agree again on a consensus, tor builds new circuits


class Stillness:
    def __init__(self, clock=time.monotonic):
        self.clock, self.last, self.spoilt = clock, clock(), None

    def tick(self):
        now = self.clock()
        if now - self.last > TICK_S + STALL_S:
            self.spoil()
        self.last = now

    def spoil(self):
        self.spoilt = self.clock()

    def spoils(self, began):
        """What began then, and ends now."""
        self.tick()
        return self.spoilt is not None and self.spoilt > began - RECOVERY_S

    async def watch(self):
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()
