"""A clock that goes while the machine does. Where every process stood still (a guest was paused, a whole group was frozen, others had the
processors), no server can answer, and a wall clock judges it wrongly: the soak's patience, hours and latencies go by this clock."""
import threading
import time

TICK_S = 0.1
STALL_S = 1  # a tick that comes so much too late: the machine stood still


class Machine:
    """Ticks in a thread of its own between start() and stop()."""

    def __init__(self, told=lambda _late_s: None, now=time.monotonic):
        """`told` is called for each tick with how late it was, but for those before which the machine stood still."""
        self.now, self.told, self.at_each_tick = now, told, []
        self.begin = now()
        self.seen = 0, self.begin  # for how long it stood still, and the last tick: replaced at once, as others look meanwhile
        self.ended, self.thread = threading.Event(), threading.Thread(target=self._go, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.ended.set()
        self.thread.join()

    def stood_still_s(self):
        """For how long it has until now. Two equal answers: it did not in between."""
        return self._look()[0]

    def ran_s(self):
        """How much time there was for work."""
        still, _, now = self._look()
        return now - self.begin - still

    def tick(self):
        still, late, now = self._look()
        self.seen = still, now
        if late <= STALL_S:
            self.told(max(0.0, late))
        for call in self.at_each_tick:
            call()

    def _look(self):
        """(how long it stood still, how late the next tick is, now)"""
        (still, last), now = self.seen, self.now()
        late = now - last - TICK_S
        return still + (late if late > STALL_S else 0), late, now

    def _go(self):
        while not self.ended.wait(TICK_S):
            self.tick()


class Patience:
    """With clients that wait for an answer. One that waits longer than `longest_s`, in which the machine ran, is told, once, and given up:
    the server hangs. At whatever the client comes to afterwards nobody looks."""

    def __init__(self, machine, longest_s, tell):
        self.machine, self.longest_s, self.tell = machine, longest_s, tell
        self.since, self.given_up = {}, set()
        machine.at_each_tick.append(self.look)

    def begins(self, client):
        self.since[client] = self.machine.ran_s()

    def ends(self, client):
        """Returns whether it was not given up."""
        self.since.pop(client, None)
        return client not in self.given_up

    def look(self):
        now = self.machine.ran_s()
        for client, since in list(self.since.items()):
            if now - since > self.longest_s and client not in self.given_up:
                self.given_up.add(client)
                self.tell(f"no answer within {self.longest_s} s in which the machine ran")
