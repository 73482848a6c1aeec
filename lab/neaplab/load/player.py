"""The worker that plays the load: the same session against every relay under test at the same moment.

Runs as a process of its own. Settings: one JSON object on stdin (Load's fields); a later line "clients" says that the
tor clients are up. Progress: JSON lines on stdout, a line of tallies each second.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass

from ..network.probe import Probe
from .circuit import Circuit, Garbled, ProtocolError, tls_context
from .history import PATHS, Consensus, History, fetch, parse
from .sessions import draw_session
from .stillness import Stillness
from .tally import Tally
from .transfers import serve_web, transfers

MOST_OPEN = 250         # sessions at once on one relay
LATE_S = 50             # before the end, only sessions that end in time
LAST_TRANSFER_S = 20    # before the end
REQUEST_TIMEOUT_S = 60
PAUSES_S = (0, 4, 10)   # before each attempt at a session
TRACK_S = 2.0
CLOCK = time.monotonic


@dataclass(frozen=True)
class Load:
    relays: dict        # label -> address of the relay under test
    clients: dict       # label -> [address, port] of the SOCKS port of its client
    web: list           # [address, port]
    authority: list     # [address, directory port]
    source: str
    or_port: int
    settle_s: float
    duration_s: float
    drain_s: float
    sessions_per_s: float
    first: dict         # flavour -> Consensus that every relay has by now


class Player:
    def __init__(self, load):
        self.load = load
        self.context = tls_context()
        self.probe = Probe(load.source)
        self.stillness = Stillness(CLOCK)
        self.history = History(load.settle_s, {flavour: Consensus(**first) for flavour, first in load.first.items()})
        self.tallies = {label: Tally() for label in load.relays}
        self.open = {label: 0 for label in load.relays}
        self.tasks = set()
        self.skipped = 0
        self.began = None
        self.until = None
        self.clients_up = asyncio.Event()

    async def track(self):
        """Keeps up with the consensuses; a moment without an answer only means that one is seen a little later."""
        loop = asyncio.get_running_loop()
        while True:
            for flavour, path in PATHS.items():
                try:
                    status, text = await loop.run_in_executor(None, fetch, *self.load.authority, path, self.load.source)
                    if status == 200:
                        self.history.add(flavour, parse(flavour, text, CLOCK()))
                    else:
                        self.stillness.spoil()
                except (OSError, ValueError):
                    continue
                for consensus in self.history.due(flavour, CLOCK()):
                    if await loop.run_in_executor(None, self.every_relay_serves, flavour, consensus):
                        self.history.confirm(consensus)
            await asyncio.sleep(TRACK_S)

    def every_relay_serves(self, flavour, consensus):
        return all(self.probe.serves(address, flavour, consensus) for address in self.load.relays.values())

    async def play(self):
        draw, number, due = random.Random(4242), 0, CLOCK()
        self.began = due
        self.until = due + self.load.duration_s
        labels = list(self.load.relays)
        while True:
            due += draw.expovariate(self.load.sessions_per_s)
            await asyncio.sleep(max(0.0, min(due, self.until) - CLOCK()))
            if CLOCK() >= self.until:
                return
            late = self.until - CLOCK() < LATE_S
            known = [self.history.settled(flavour) for flavour in ("microdesc", "full")]
            session = draw_session(draw, *known, late)
            if max(self.open.values()) >= MOST_OPEN:
                self.skipped += 1
                continue
            for k in range(len(labels)):  # whose turn it is to be first goes round
                label = labels[(number + k) % len(labels)]
                task = asyncio.create_task(self.serve(label, session))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
            number += 1

    async def serve(self, label, session):
        """Plays the session, as a tor client would: again on a fresh connection when one fails. (Now and then tor takes a
        circuit for an idle one before it sent the first cell, and closes it with reason 9, FINISHED.) What came back
        garbled is an error at once."""
        tally, began = self.tallies[label], CLOCK()
        tally.begun += 1
        self.open[label] += 1
        for attempt, pause_s in enumerate(PAUSES_S, 1):
            await asyncio.sleep(pause_s)
            try:
                received = await self.connect_and_ask(label, session)
                tally.served += 1
                tally.requests += len(session.requests)
                tally.bytes += received
                break
            except Garbled as problem:
                tally.fail(f"{session.kind} session: {problem}")
                break
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, ProtocolError) as problem:
                what = f"{session.kind} session: {type(problem).__name__} {problem}"
                if attempt < len(PAUSES_S):
                    tally.retry(what)
                else:
                    tally.fail(what, self.stillness.spoils(began))
        self.open[label] -= 1

    async def connect_and_ask(self, label, session):
        """Returns the bytes of the bodies received."""
        place = self.load.relays[label], self.load.or_port
        circuit = await asyncio.wait_for(Circuit.open(*place, session.source, self.context), REQUEST_TIMEOUT_S)
        received = 0
        try:
            for request in session.requests:
                answer = await asyncio.wait_for(circuit.get(request.path, request.headers, request.pace),
                                                REQUEST_TIMEOUT_S)
                if answer.status != 200 and answer.status not in request.also_fine:
                    raise ProtocolError(f"status {answer.status} for {request.path[:24]}")
                received += len(answer.body)
            await asyncio.sleep(max(0.0, min(session.hold_s, self.until - CLOCK())))
        finally:
            circuit.close()
        return received

    async def drain(self):
        """Sessions that are still open get `drain_s` to end; what does not is an error of its relay."""
        tasks = list(self.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=self.load.drain_s)
        for label, count in self.open.items():
            for _ in range(count):
                self.tallies[label].fail("unfinished session", self.stillness.spoils(self.until))

    async def bulk(self):
        await self.clients_up.wait()
        socks = {label: tuple(place) for label, place in self.load.clients.items()}
        await transfers(socks, tuple(self.load.web), self.tallies, self.until - LAST_TRANSFER_S,
                        LAST_TRANSFER_S + self.load.drain_s, self.stillness)

    async def listen(self, orders):
        while line := await orders.readline():
            if line.strip() == b"clients":
                self.clients_up.set()

    def report(self, phase):
        flavours = {flavour: len(known) for flavour, known in self.history.known.items()}
        newest = {flavour: known[-1].size for flavour, known in self.history.known.items() if known}
        print(json.dumps({"phase": phase, "open": sum(self.open.values()), "skipped": self.skipped,
                          "consensuses": flavours, "consensus_bytes": newest,
                          "tallies": {label: tally.as_dict() for label, tally in self.tallies.items()}}), flush=True)

    async def report_each_second(self):
        while True:
            self.report("waiting" if self.began is None else "load")
            await asyncio.sleep(1)


async def open_stdin():
    reader = asyncio.StreamReader(limit=1 << 23)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def run():
    orders = await open_stdin()
    load = Load(**json.loads(await orders.readline()))
    player = Player(load)
    web = await serve_web(*load.web)
    jobs = (player.track(), player.stillness.watch(), player.listen(orders), player.report_each_second())
    helpers = [asyncio.create_task(job) for job in jobs]
    bulk = asyncio.create_task(player.bulk())
    await player.play()
    helpers.pop().cancel()
    player.report("drain")
    await player.drain()
    if player.clients_up.is_set():
        await bulk
    player.report("done")
    web.close()


def main():
    asyncio.run(run())
