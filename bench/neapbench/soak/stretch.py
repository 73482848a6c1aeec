"""A stretch: one server of a load from its start to its end, recorded by `neap record`, asked by clients at a steady rate."""
import contextlib
import os
import subprocess
import threading
import time

from ..failure import Failure
from . import load_log
from .loads import Place
from .machine import Machine, Patience

CLIENTS = 4
PAUSE_S = 0.04  # between a client's requests: what is watched is memory over time, not throughput
LINE_S = 5
START_S = 600  # in which the machine ran: no server takes so long, however busy that is
END_S = 120  # the same, after SIGTERM
PATIENCE_S = 120  # the same, with an answer: a server that takes longer hangs


class Stretch:
    def __init__(self, load, allocator, neap, folder):
        self.load, self.allocator, self.neap = load, allocator, neap
        folder.mkdir(parents=True)
        self.counts, self.stop = load_log.Counts(), threading.Event()
        self.machine = Machine(self.counts.tick)
        self.patience = Patience(self.machine, PATIENCE_S, self.counts.wrong)
        self.place = Place(folder.resolve(), self.machine, self.counts)
        self.log, self.at, self.ran, self.interrupted = self.place.folder / "load.jsonl", 0, 0, False

    def run(self, seconds):
        """Raises Failure where the server or its recorder did not do what they should."""
        self.load.prepare(self.place)
        clients, threads = [], []
        with contextlib.ExitStack() as ending:
            ending.callback(self.machine.start().stop)
            ending.callback(lambda: [client.close() for client in clients])
            ending.callback(lambda: [thread.join() for thread in threads])  # where the server hangs they end after it
            server = self._serve()
            ending.callback(_end, server, self.machine)
            clients += self._warm_clients(server)
            recorder = self._record(self.load.pid(self.place, server))
            ending.callback(_end, recorder, self.machine)
            threads += [threading.Thread(target=self._ask, args=(client,)) for client in clients]
            ending.callback(self._finish_asking, clients, threads)
            for thread in threads:
                thread.start()
            self._watch(seconds, server, recorder)
        self._tell_what_others_saw()
        if server.returncode not in self.load.ends:
            raise Failure(f"{self.load.name} ended with {server.returncode} when it was told to: {self.place.folder}/log")

    def interrupt(self):
        """Called by a signal: ends the stretch, and what was seen so far counts."""
        self.interrupted = True
        self.stop.set()

    def _serve(self):
        words, environment = self.load.command(self.place, self.allocator, self.neap)
        with open(self.place.folder / "log", "w") as log:
            # The server ends with this process, however that ends. Ctrl-C reaches it through this process alone.
            return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *words], env=environment, cwd=self.place.folder,
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def _warm_clients(self, server):
        until = self.machine.ran_s() + START_S
        while True:
            try:
                clients = [self.load.client(self.place, seed) for seed in range(CLIENTS)]
                clients[0].step()
                break
            except OSError as error:
                if server.poll() is not None or self.machine.ran_s() > until:
                    raise Failure(f"{self.load.name} did not start ({error}): {self.place.folder}/log") from None
                time.sleep(0.05)
        for client in clients:
            client.warm()
        return clients

    def _record(self, pid):
        words = ["--allocator", self.allocator.library] if self.allocator.preload_for(self.load.program) else []
        recording = self.place.folder / "memory.neaprec"
        with open(self.place.folder / "record.log", "w") as log:
            recorder = subprocess.Popen([self.neap, "record", "-q", "--pid", str(pid), *words, "--label", self.load.name, "--output", recording],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        while not recording.exists() and recorder.poll() is None:
            time.sleep(0.02)
        return recorder

    def _ask(self, client):
        while not self.stop.wait(PAUSE_S):
            wrong, still, begin = None, self.machine.stood_still_s(), time.monotonic()
            self.patience.begins(client)
            try:
                client.step()
            except Exception as error:  # whatever it is, the server did not answer as it should
                wrong = f"{type(error).__name__}: {error}"
            if not self.patience.ends(client):
                return
            self.counts.answer(time.monotonic() - begin, self.machine.stood_still_s() > still)
            if wrong:
                self.counts.wrong(wrong)

    def _finish_asking(self, clients, threads):
        """Until every client has its last answer, or was given up."""
        self.stop.set()
        for client, thread in zip(clients, threads):
            while thread.is_alive() and client not in self.patience.given_up:
                thread.join(1)

    def _watch(self, seconds, server, recorder):
        begin, ran, parent = time.monotonic(), self.machine.ran_s(), os.getppid()
        is_over = False
        with open(self.log, "w") as file:
            while not is_over:
                self.stop.wait(min(LINE_S, seconds - self.ran))
                self.at, self.ran = time.monotonic() - begin, self.machine.ran_s() - ran
                is_over = self.ran >= seconds or self.interrupted or os.getppid() != parent  # or whoever runs this is gone
                if not is_over:
                    self._write_line(file)
                for child, log in ((server, "log"), (recorder, "record.log")):
                    if child.poll() is not None:
                        raise Failure(f"{self.load.name}: {log[:-4] or 'the server'} ended early with {child.returncode}: "
                                      f"{self.place.folder}/{log}")

    def _write_line(self, file):
        file.write(self.counts.line(self.at, self.ran))
        file.flush()

    def _tell_what_others_saw(self):
        """With the last line: that of what was left when it ended."""
        wrong, late = self.load.seen(self.place)
        for what in wrong:
            self.counts.wrong(what)
        self.counts.late_by_another(late)
        with open(self.log, "a") as file:
            self._write_line(file)


def _end(process, machine):
    process.terminate()
    until = machine.ran_s() + END_S
    while process.poll() is None:
        if machine.ran_s() > until:
            process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
