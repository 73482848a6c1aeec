#!/usr/bin/env python3
"""bench/soak: what is judged, what is kept, and two loads for a moment.   test_soak.py BUILD"""
import base64
import contextlib
import dataclasses
import hashlib
import http.client
import http.server
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest
import unittest.mock

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from neapbench import allocators  # noqa: E402
from neapbench.places import SEARCHED, Places  # noqa: E402
from neapbench.soak import clients, load_log, loads, machine, page, relay, stretch, verdict  # noqa: E402

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
HOUR = 3600


FLAT, RISES, UNSURE = (0.0, -0.1, 0.1), (14.0, 13.0, 15.0), (0.4, -1, 2)


def seen(rises=FLAT, seconds=3 * HOUR, mappings=100, errors=0, p999_ms=(5.0, 5.0), over=FLAT, machine_ms=(1.0, 1.0), began=0):
    return verdict.Seen(seconds=seconds, stood_still_s=0, requests=1000, late=0, errors=errors, error="", resident=10**8, rises=rises,
                        live_rises=None, over_rises=over, warm_s=seconds * 2 / 3, mappings=mappings, p999_ms=p999_ms, machine_ms=machine_ms,
                        span=(began, began + seconds))


class Verdict(unittest.TestCase):
    def words(self, *stretches):
        return page.row("x", stretches, verdict.judge(stretches))[-1]

    def test_each_bound(self):
        for what, fails, open_ in ((seen((0.4, 0.39, 0.41)), [], []), (seen((0.7, 0.6, 0.8), over=None), ["slope"], []), (seen((-3, -4, -2)), [], []),
                                   (seen(UNSURE), [], ["slope"]), (seen(None), [], ["slope"]),
                                   (seen(RISES, seconds=HOUR), [], ["slope", "latency"]), (seen(mappings=5000), [], []),
                                   (seen(mappings=5001), ["mappings"], []), (seen(errors=1), ["answers"], []),
                                   (seen(p999_ms=(5, 6)), [], []), (seen(p999_ms=(5, 6.5)), ["latency"], [])):
            self.assertEqual(verdict.judge([what]), (fails, open_), what)

    def test_a_program_that_grows_by_itself_is_told_from_an_allocator_that_does(self):
        for over, fails in ((FLAT, ["slope (the program itself grows)"]), ((-2, -3, -1), ["slope (the program itself grows)"]),
                            (RISES, ["slope"]), (UNSURE, ["slope"]), (None, ["slope"])):
            self.assertEqual(verdict.judge([seen(RISES, over=over)]), (fails, []), over)
        self.assertEqual(self.words(seen(RISES)), "FAILS: slope (the program itself grows)")
        self.assertEqual(verdict.judge([seen(over=RISES)]), ([], []))  # resident memory is what counts

    def test_a_machine_that_became_later_too_is_told(self):
        self.assertEqual(verdict.judge([seen(p999_ms=(5, 9), machine_ms=(2, 3))]), (["latency (so is the machine)"], []))
        self.assertEqual(verdict.judge([seen(p999_ms=(5, 9), machine_ms=(2, 2))]), (["latency"], []))
        self.assertEqual(verdict.judge([seen(p999_ms=(5, 9), machine_ms=(None, None))]), (["latency"], []))

    def test_whether_another_allocator_beside_it_became_as_late_is_told(self):
        slower = seen(p999_ms=(5, 9))
        for beside, fails in (((4, 7), ["latency (as much beside)"]), ((4, 4), ["latency"])):
            self.assertEqual(verdict.judge([slower], [seen(p999_ms=beside)]), (fails, []))
        self.assertEqual(verdict.judge([slower], [seen(p999_ms=(4, 7), began=HOUR)])[0], ["latency"])  # another time

    def test_a_wrong_answer_in_a_short_stretch_counts_too(self):
        self.assertEqual(verdict.judge([seen(), seen(seconds=60, errors=1)])[0], ["answers"])

    def test_what_fails_stands_in_the_table(self):
        self.assertTrue(self.words(seen((0.7, 0.6, 0.8), over=RISES, errors=2)).startswith("FAILS: answers, slope"))
        self.assertEqual(self.words(seen()), "holds")


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Stalls(unittest.TestCase):
    def setUp(self):
        self.clock, self.lates = Clock(), []
        self.machine = machine.Machine(self.lates.append, self.clock)

    def go(self, seconds, tick_s=machine.TICK_S):
        for _ in range(round(seconds / tick_s)):
            self.clock.now += tick_s
            self.machine.tick()

    def test_time_in_which_nobody_works_does_not_count(self):
        self.go(10)
        self.clock.now += 600  # seen before the next tick tells of it, and afterwards
        self.assertAlmostEqual(self.machine.stood_still_s(), 600, delta=0.2)
        self.machine.tick()
        self.go(10)
        self.assertAlmostEqual(self.machine.stood_still_s(), 600, delta=0.2)
        self.assertAlmostEqual(self.machine.ran_s(), 20, delta=0.2)

    def test_a_busy_machine_does_not_stand_still(self):
        self.go(9, tick_s=0.9)
        self.assertEqual(self.machine.stood_still_s(), 0)
        self.assertAlmostEqual(max(self.lates), 0.8)

    def test_a_server_that_hangs_is_told_once_and_one_on_a_machine_that_hangs_is_not(self):
        told = []
        patience = machine.Patience(self.machine, 60, told.append)
        patience.begins("quick")
        self.assertTrue(patience.ends("quick"))
        patience.begins("slow")
        self.go(50)
        self.clock.now += 3600
        self.go(5)
        self.assertEqual(told, [])
        self.go(10)
        self.assertEqual(len(told), 1)
        self.go(100)
        self.assertEqual(len(told), 1)
        self.assertFalse(patience.ends("slow"))


class KeptConnections(unittest.TestCase):
    """Against a server that answers a request on each connection, and closes it when the next one arrives."""

    def setUp(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.answers = iter(())
        threading.Thread(target=self.serve, daemon=True).start()
        self.clock = Clock()
        self.counts = load_log.Counts()
        self.place = types.SimpleNamespace(port=self.listener.getsockname()[1], machine=machine.Machine(now=self.clock), counts=self.counts)
        self.client = clients.Web(self.place, 1)
        self.addCleanup(self.client.close)

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                answer = b""
                for answer in next(self.answers):
                    connection.recv(4096)
                    connection.sendall(answer)
                if answer is not self.CUT_OFF:
                    connection.recv(4096)
                connection.close()

    def stand_still(self):
        self.clock.now += 60

    RIGHT, CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok"

    def test_a_kept_one_may_be_closed(self):
        self.answers = iter(((self.RIGHT,), (self.RIGHT,)))
        self.assertEqual([self.client.get("/"), self.client.get("/"), self.counts.again], [b"ok", b"ok", 1])

    def test_a_new_one_may_not(self):
        self.answers = iter(((),))
        with self.assertRaises(ConnectionError):
            self.client.get("/")

    def test_an_answer_may_not_be_cut_off(self):
        self.answers = iter(((self.RIGHT, self.CUT_OFF),))
        self.client.get("/")
        with self.assertRaises(http.client.IncompleteRead):
            self.client.get("/")

    def test_a_new_one_may_be_closed_while_the_machine_stands_still(self):
        def answers():
            self.stand_still()
            yield ()
            yield (self.RIGHT,)

        self.answers = answers()
        self.assertEqual((self.client.get("/"), self.counts.again), (b"ok", 1))


class Log(unittest.TestCase):
    def test_the_slowest_of_a_thousand(self):
        counts = load_log.Counts()
        for number in range(10000):
            counts.answer(0.5 if number % 500 == 0 else 0.001, is_late=False)
            counts.answer(600, is_late=True)  # the machine's, not the server's
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "load.jsonl")
            file.write_text(counts.line(5, 4) + '{"at": 10, "laten')
            lines = load_log.read(file)
        self.assertEqual([(line["at"], line["ran"], line["late"]) for line in lines], [(5, 4, 10000)])
        self.assertAlmostEqual(load_log.percentile_ms(lines, 0.999) / 500, 1, delta=0.05)
        self.assertAlmostEqual(load_log.percentile_ms(lines, 0.99), 1, delta=0.05)


class FakeRelay(http.server.BaseHTTPRequestHandler):
    """A directory of a few documents, as a relay serves it. Without a date it has no consensus."""
    date, documents = b"2026-01-05 02:00:00", [b"onion-key\nkey %d\n" % number for number in range(50)]

    @staticmethod
    def digest(document):
        return base64.b64encode(hashlib.sha256(document).digest()).rstrip(b"=")

    def do_GET(self):
        by_digest = {self.digest(document): document for document in FakeRelay.documents}
        if self.path == relay.CONSENSUS:
            body = FakeRelay.date and b"valid-after " + FakeRelay.date + b"\n" + b"".join(b"m %s\n" % digest for digest in by_digest)
        else:
            asked = self.path.removeprefix(relay.DOCUMENTS).encode().split(b"-")
            body = b"".join(by_digest[each] for each in asked if each in by_digest)
        self.send_response(200 if body else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class OfARelay(unittest.TestCase):
    def setUp(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeRelay)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.clock = Clock()
        self.place = types.SimpleNamespace(folder=pathlib.Path(folder.name), machine=machine.Machine(now=self.clock), counts=load_log.Counts())
        tested = self.place.folder / "neap-lab-x/tested1"
        tested.mkdir(parents=True)
        (tested / "torrc").write_text("Nickname tested1\nAddress 127.0.0.1\n")
        (tested / "pid").write_text("4242\n")
        for name, value in ((relay, ("DIR_PORT", server.server_port)), (FakeRelay, ("date", FakeRelay.date)),
                            (FakeRelay, ("documents", FakeRelay.documents))):
            patch = unittest.mock.patch.object(name, *value)
            patch.start()
            self.addCleanup(patch.stop)

    def test_what_it_had_has_to_come_back(self):
        client = relay.Directory(self.place, 1)
        client.warm()
        self.assertEqual((len(client.known), relay.pid(self.place, None)), (50, 4242))
        FakeRelay.documents = FakeRelay.documents[:-1]
        with self.assertRaisesRegex(clients.Wrong, "missing"):
            for _ in range(200):
                client.step()

    def test_no_consensus_may_be_older(self):
        client = relay.Directory(self.place, 1)
        FakeRelay.date = b"2026-01-05 03:00:00"
        client.learn()
        FakeRelay.date = b"2026-01-05 02:30:00"
        with self.assertRaisesRegex(clients.Wrong, "older"):
            client.learn()

    def test_a_time_without_consensus_is_no_wrong_answer(self):
        client = relay.Directory(self.place, 1)
        FakeRelay.date = b""
        client.learn()
        self.assertEqual(len(client.known), 50)
        client.step()

    def test_but_it_comes_to_an_end_on_a_machine_that_runs(self):
        client = relay.Directory(self.place, 1)
        FakeRelay.date = b""
        self.clock.now += 2 * relay.NO_CONSENSUS_S
        client.learn()  # as it stood still
        for _ in range(round(relay.NO_CONSENSUS_S / machine.TICK_S) + 10):
            self.place.machine.tick()
            self.clock.now += machine.TICK_S
        with self.assertRaisesRegex(clients.Wrong, "no consensus"):
            client.learn()

    def test_before_it_has_documents_it_is_not_up(self):
        FakeRelay.documents = []
        with self.assertRaises(OSError):
            relay.Directory(self.place, 1)

    def test_what_the_labs_own_load_saw_is_told(self):
        self.assertEqual(relay.seen(self.place), ([], 0))
        (self.place.folder / "lab").mkdir()
        (self.place.folder / "lab/summary.json").write_text('{"served": {"neap": {"errors": {"status 503": 2}, "stalled": {"a": 1, "b": 2}}}}')
        self.assertEqual(relay.seen(self.place), (["status 503 (2 times)"], 3))


class Lies(clients.Redis):
    """A client that writes one thing and then expects another."""

    def step(self):
        if self.known:
            self.known[0] = b"something else"
            self.check(0)


class Waits(clients.Redis):
    """A client that waits for an answer that the server has no reason to give."""

    def step(self):
        if self.known:
            self.socket.recv(1)


@unittest.skipIf(shutil.which("redis-server") is None, "redis-server is not installed")
class Command(unittest.TestCase):
    def soak(self, folder, hours, *words):
        return subprocess.run([HERE.parent / "soak", "--build", BUILD, "-q", "--hours", str(hours), *words, folder], capture_output=True, text=True)

    def rows(self, done):
        """Load -> column -> text."""
        table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()]
        return {row[0]: dict(zip(table[0][1:], row[1:])) for row in table[2:]}

    def test_two_loads_and_how_they_go_on(self):
        with tempfile.TemporaryDirectory() as folder:
            words = ("--load", "redis", "python", "--")
            done = self.soak(folder, 0.0007, *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = self.rows(done)
            self.assertEqual(set(rows), {"redis", "python"})
            for row in rows.values():
                self.assertGreater(int(row["requests"]), 0)
                self.assertEqual(row["wrong"], "0")
                self.assertGreater(int(row["most mappings"]), 10)
                self.assertEqual(row["verdict"], "not shown: slope, latency")
            self.assertEqual(self.soak(folder, 0.0007, *words).stdout, done.stdout)
            longer = self.rows(self.soak(folder, 0.0012, "--load", "redis", "--beside", "libc", "--"))
            self.assertGreater(int(longer["redis"]["requests"]), int(rows["redis"]["requests"]))
            self.assertEqual((set(longer), longer["redis.libc"]["wrong"], longer["redis.libc"]["live, %"]), ({"redis", "redis.libc"}, "0", "-"))
            self.assertTrue(pathlib.Path(folder, "redis/002/memory.neaprec").exists())
            self.assertIn("<svg", pathlib.Path(folder, "redis.svg").read_text())

    def verdict_with(self, client):
        places = Places(BUILD)
        (neap,), _ = allocators.resolve(["neap"], places.program("neap"), places.program("libneap.so"))
        load = dataclasses.replace(next(load for load in loads.LOADS if load.name == "redis"), client=client)
        with tempfile.TemporaryDirectory() as folder:
            stretch.Stretch(load, neap, places.program("neap"), pathlib.Path(folder, "1")).run(1)
            return verdict.look(pathlib.Path(folder, "1"), places.program("neap"))

    def test_a_wrong_answer_is_told(self):
        self.assertGreater(self.verdict_with(Lies).errors, 0)

    def test_a_server_that_hangs_is_told_and_the_soak_ends(self):
        with unittest.mock.patch.object(stretch, "PATIENCE_S", 0.5):
            found = self.verdict_with(Waits)
        self.assertEqual((found.errors, found.error), (stretch.CLIENTS, "no answer within 0.5 s in which the machine ran"))

    def test_a_machine_that_stands_still_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            soak = subprocess.Popen([HERE.parent / "soak", "--build", BUILD, "--hours", "0.0007", "--load", "redis", "--", folder],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            while not pathlib.Path(folder, "redis/001/load.jsonl").exists():
                time.sleep(0.02)
            (asker,) = map(int, pathlib.Path(f"/proc/{soak.pid}/task/{soak.pid}/children").read_text().split())
            os.kill(asker, signal.SIGSTOP)
            time.sleep(2 * machine.STALL_S)
            os.kill(asker, signal.SIGCONT)
            row = self.rows(types.SimpleNamespace(stdout=soak.communicate()[0]))["redis"]
            self.assertEqual((soak.returncode, row["wrong"]), (0, "0"))
            self.assertGreater(float(row["stood still, min"]), 0)

    @unittest.skipIf(shutil.which("mariadbd", path=SEARCHED) is None, "mariadbd is not installed")
    def test_tables_of_a_database(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.soak(folder, 0.0007, "--load", "mariadb", "--")
            self.assertEqual((done.returncode, self.rows(done)["mariadb"]["wrong"]), (0, "0"), done.stderr)

    def test_bad_words_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            for words in (("--hours", "0", folder), ("--load", "nothing", "--", folder), ("--hardened", "--allocator", "libc", folder)):
                done = subprocess.run([HERE.parent / "soak", "--build", BUILD, *words], capture_output=True, text=True)
                self.assertEqual(done.returncode, 2, done.stderr)


unittest.main()
