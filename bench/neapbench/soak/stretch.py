"""A stretch: one server of a load from its start to its end, recorded by `neap record`, asked by clients at a steady rate."""
import contextlib
import os
import subprocess
import threading
import time

from ..failure import Failure
from . import load_log
from .loads import Place

CLIENTS = 4
PAUSE_S = 0.04  # between a client's requests: what is watched is memory over time, not throughput
LINE_S = 5
START_S = 600  # no server takes so long, on however busy a machine


class Stretch:
    def __init__(self, load, allocator, neap, folder):
        self.load, self.allocator, self.neap = load, allocator, neap
        folder.mkdir(parents=True)
        self.place, self.counts, self.stop = Place(folder.resolve()), load_log.Counts(), threading.Event()
        self.log, self.seconds, self.interrupted = self.place.folder / "load.jsonl", 0, False

    def run(self, seconds):
        """Raises Failure where the server or its recorder did not do what they should."""
        self.load.prepare(self.place)
        with contextlib.ExitStack() as ending:
            server = self._serve()
            ending.callback(_end, server)
            clients = self._warm_clients(server)
            ending.callback(lambda: [client.close() for client in clients])
            recorder = self._record(self.load.pid(self.place, server))
            ending.callback(_end, recorder)
            threads = [threading.Thread(target=self._ask, args=(client,)) for client in clients]
            ending.callback(lambda: [thread.join() for thread in threads])
            ending.callback(self.stop.set)
            for thread in threads:
                thread.start()
            self._watch(seconds, server, recorder)
        self._tell_what_else_was_wrong()
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
        until = time.monotonic() + START_S
        while True:
            try:
                clients = [self.load.client(self.place, seed) for seed in range(CLIENTS)]
                clients[0].step()
                break
            except OSError as error:
                if server.poll() is not None or time.monotonic() > until:
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
            begin = time.monotonic()
            try:
                client.step()
            except Exception as error:  # whatever it is, the server did not answer as it should
                self.counts.wrong(f"{type(error).__name__}: {error}")
            self.counts.add(time.monotonic() - begin)

    def _watch(self, seconds, server, recorder):
        begin, parent = time.monotonic(), os.getppid()
        with open(self.log, "w") as file:
            while self.seconds < seconds and not self.interrupted:
                self.stop.wait(min(LINE_S, seconds - self.seconds))
                self.seconds = time.monotonic() - begin
                file.write(self.counts.line(self.seconds))
                file.flush()
                for child, log in ((server, "log"), (recorder, "record.log")):
                    if child.poll() is not None:
                        raise Failure(f"{self.load.name}: {log[:-4] or 'the server'} ended early with {child.returncode}: "
                                      f"{self.place.folder}/{log}")
                if os.getppid() != parent:  # whoever runs this is gone
                    return

    def _tell_what_else_was_wrong(self):
        wrong = list(self.load.wrong(self.place))
        for what in wrong:
            self.counts.wrong(what)
        if wrong:
            with open(self.log, "a") as file:
                file.write(self.counts.line(self.seconds))


def _end(process):
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
