#!/usr/bin/env python3
"""bench/soak: what is judged, what is kept, and two loads for a moment.   test_soak.py BUILD"""
import base64
import dataclasses
import hashlib
import http.server
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import types
import unittest
import unittest.mock

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from neapbench import allocators  # noqa: E402
from neapbench.places import SEARCHED, Places  # noqa: E402
from neapbench.soak import clients, load_log, loads, page, relay, stretch, verdict  # noqa: E402

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
HOUR = 3600


def seen(rises=(0.0, -0.1, 0.1), seconds=3 * HOUR, mappings=100, errors=0, p999_ms=(5.0, 5.0)):
    return verdict.Seen(seconds, 1000, errors, "", 10**8, rises, None, seconds * 2 / 3, mappings, p999_ms)


class Verdict(unittest.TestCase):
    def test_each_bound(self):
        for what, fails, open_ in ((seen((0.4, 0.39, 0.41)), [], []), (seen((0.7, 0.6, 0.8)), ["slope"], []), (seen((-3, -4, -2)), [], []),
                                   (seen((0.4, -1, 2)), [], ["slope"]), (seen(None), [], ["slope", "latency"]),
                                   (seen((5, 4, 6), seconds=HOUR), [], ["slope", "latency"]), (seen(mappings=5000), [], []),
                                   (seen(mappings=5001), ["mappings"], []), (seen(errors=1), ["answers"], []),
                                   (seen(p999_ms=(5, 6)), [], []), (seen(p999_ms=(5, 6.5)), ["latency"], [])):
            self.assertEqual(verdict.judge([what]), (fails, open_), what.p999_ms)

    def test_a_wrong_answer_in_a_short_stretch_counts_too(self):
        self.assertEqual(verdict.judge([seen(), seen(seconds=60, errors=1)])[0], ["answers"])

    def test_what_fails_stands_in_the_table(self):
        self.assertTrue(page.row("x", [seen((0.7, 0.6, 0.8), errors=2)])[-1].startswith("FAILS: answers, slope"))
        self.assertEqual(page.row("x", [seen()])[-1], "holds")


class Log(unittest.TestCase):
    def test_the_slowest_of_a_thousand(self):
        counts = load_log.Counts()
        for number in range(10000):
            counts.add(0.5 if number % 500 == 0 else 0.001)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "load.jsonl")
            file.write_text(counts.line(5) + '{"at": 10, "laten')
            lines = load_log.read(file)
        self.assertEqual([line["at"] for line in lines], [5])
        self.assertAlmostEqual(load_log.percentile_ms(lines, 0.999) / 500, 1, delta=0.05)
        self.assertAlmostEqual(load_log.percentile_ms(lines, 0.99), 1, delta=0.05)


class FakeRelay(http.server.BaseHTTPRequestHandler):
    """A directory of a few documents, as a relay serves it."""
    date, documents = b"2026-01-05 02:00:00", [b"onion-key\nkey %d\n" % number for number in range(50)]

    @staticmethod
    def digest(document):
        return base64.b64encode(hashlib.sha256(document).digest()).rstrip(b"=")

    def do_GET(self):
        by_digest = {self.digest(document): document for document in FakeRelay.documents}
        if self.path == relay.CONSENSUS:
            body = b"valid-after " + FakeRelay.date + b"\n" + b"".join(b"m %s\n" % digest for digest in by_digest)
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
        self.place = types.SimpleNamespace(folder=pathlib.Path(folder.name))
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
        with unittest.mock.patch.object(relay, "CONSENSUS", "/gone"):
            client.learn()
        self.assertEqual(len(client.known), 50)
        client.step()

    def test_before_it_has_documents_it_is_not_up(self):
        FakeRelay.documents = []
        with self.assertRaises(OSError):
            relay.Directory(self.place, 1)

    def test_what_the_labs_own_load_saw_is_told(self):
        self.assertEqual(relay.wrong(self.place), [])
        (self.place.folder / "lab").mkdir()
        (self.place.folder / "lab/summary.json").write_text('{"served": {"neap": {"errors": {"status 503": 2}}}}')
        self.assertEqual(relay.wrong(self.place), ["status 503 (2 times)"])


class Lies(clients.Redis):
    """A client that writes one thing and then expects another."""

    def step(self):
        if self.known:
            self.known[0] = b"something else"
            self.check(0)


@unittest.skipIf(shutil.which("redis-server") is None, "redis-server is not installed")
class Command(unittest.TestCase):
    def soak(self, folder, hours, *words):
        return subprocess.run([HERE.parent / "soak", "--build", BUILD, "-q", "--hours", str(hours), *words, folder], capture_output=True, text=True)

    def rows(self, done):
        return {row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:-1]] for row in done.stdout.splitlines()[2:]}

    def test_two_loads_and_how_they_go_on(self):
        with tempfile.TemporaryDirectory() as folder:
            words = ("--load", "redis", "python", "--")
            done = self.soak(folder, 0.0007, *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = self.rows(done)
            self.assertEqual(set(rows), {"redis", "python"})
            for row in rows.values():
                self.assertGreater(int(row[2]), 0)
                self.assertEqual(row[3], "0")
                self.assertGreater(int(row[8]), 10)
                self.assertEqual(row[-1], "not shown: slope, latency")
            self.assertEqual(self.soak(folder, 0.0007, *words).stdout, done.stdout)
            longer = self.soak(folder, 0.0012, "--load", "redis", "--")
            self.assertGreater(int(self.rows(longer)["redis"][2]), int(rows["redis"][2]))
            self.assertTrue(pathlib.Path(folder, "redis/002/memory.neaprec").exists())
            self.assertIn("<svg", pathlib.Path(folder, "redis.svg").read_text())

    def test_a_wrong_answer_is_told(self):
        places = Places(BUILD)
        (neap,), _ = allocators.resolve(["neap"], places.program("neap"), places.program("libneap.so"))
        load = dataclasses.replace(next(load for load in loads.LOADS if load.name == "redis"), client=Lies)
        with tempfile.TemporaryDirectory() as folder:
            stretch.Stretch(load, neap, places.program("neap"), pathlib.Path(folder, "1")).run(1)
            self.assertIn("answers", verdict.judge([verdict.look(pathlib.Path(folder, "1"), places.program("neap"))])[0])

    @unittest.skipIf(shutil.which("mariadbd", path=SEARCHED) is None, "mariadbd is not installed")
    def test_tables_of_a_database(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.soak(folder, 0.0007, "--load", "mariadb", "--")
            self.assertEqual((done.returncode, self.rows(done)["mariadb"][3]), (0, "0"), done.stderr)

    def test_bad_words_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            for words in (("--hours", "0", folder), ("--load", "nothing", "--", folder), ("--hardened", "--allocator", "libc", folder)):
                done = subprocess.run([HERE.parent / "soak", "--build", BUILD, *words], capture_output=True, text=True)
                self.assertEqual(done.returncode, 2, done.stderr)


unittest.main()
