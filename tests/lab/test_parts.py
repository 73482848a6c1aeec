"""Unit tests of the lab's pure parts. Run: /usr/bin/python3 tests/lab/test_parts.py"""

import base64
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))

from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from neaplab.directory.bandwidth import bandwidth_lines
from neaplab.directory.certificates import curve25519_of, ed25519_key, public_bytes
from neaplab.directory.descriptor import GENERATIONS, SyntheticRelays, address_of
from neaplab.directory.rsa import EXPONENT, KEY_BYTES, make_keys
from neaplab.failure import BadInput
from neaplab.load.circuit import Garbled, ProtocolError, parse_answer
from neaplab.load.history import Consensus, History, parse
from neaplab.load.sessions import draw_session
from neaplab.load.stillness import RECOVERY_S, TICK_S, Stillness
from neaplab.load.tally import Tally, disagreements
from neaplab.network.keys import Identities
from neaplab.network.nodes import Network
from neaplab.network.torrc import write_torrcs
from neaplab.options import output_folder, wrap_words
from neaplab.plan import DEFAULT, QUICK, make_plan
from neaplab.processes.household import Household
from neaplab.recordings import Recordings
from neaplab.result import as_json, verdict
from neaplab.workers import Worker

NEAP = os.environ.get("NEAP", "neap")


class Keys(unittest.TestCase):
    def test_each_key_differs_and_verifies(self):
        keys = make_keys(10)
        self.assertEqual(len({key.public_der for key in keys}), 10)
        digest = hashlib.sha1(b"text").digest()
        for key in keys:
            opened = pow(int.from_bytes(key.sign(digest), "big"), EXPONENT, key.p * key.q).to_bytes(KEY_BYTES, "big")
            self.assertEqual(opened[:2], b"\x00\x01")
            self.assertTrue(opened.endswith(b"\xff\x00" + digest))

    def test_ntor_key_is_the_same_point_as_its_ed25519_twin(self):
        seed = bytes(range(32))
        montgomery, sign = curve25519_of(public_bytes(ed25519_key(seed)))
        scalar = hashlib.sha512(seed).digest()[:32]  # RFC 8032: X25519 clamps it as Ed25519 does
        self.assertEqual(montgomery, raw_public(scalar))
        self.assertIn(sign, (0, 1))


def raw_public(scalar):
    key = X25519PrivateKey.from_private_bytes(scalar).public_key()
    return key.public_bytes(forms.Encoding.Raw, forms.PublicFormat.Raw)


class Descriptors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.relays = SyntheticRelays(50)

    def test_both_signatures_hold(self):
        text = self.relays.descriptor(7, 1_700_000_000, 1)
        signed_by_rsa = text[:text.index("router-signature\n") + len("router-signature\n")]
        armoured = text[len(signed_by_rsa):].split("-----")[2]
        key = self.relays.identities[7].rsa
        opened = pow(int.from_bytes(base64.b64decode(armoured), "big"), EXPONENT, key.p * key.q)
        self.assertTrue(opened.to_bytes(KEY_BYTES, "big").endswith(hashlib.sha1(signed_by_rsa.encode()).digest()))

        signed = text[:text.index("router-sig-ed25519 ") + len("router-sig-ed25519 ")]
        signature = text[len(signed):].split("\n", 1)[0]
        public = public_bytes(ed25519_key(self.relays.identities[7].signing_seed))
        digest = hashlib.sha256(b"Tor router descriptor signature v1" + signed.encode()).digest()
        Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(signature + "=="), digest)

    def test_a_generation_changes_keys_and_keeps_the_relay(self):
        first, second = (self.relays.descriptor(3, 1_700_000_000, generation) for generation in (1, 2))
        self.assertEqual(first.split("\n")[0], second.split("\n")[0])
        self.assertNotEqual(line_of(first, "ntor-onion-key "), line_of(second, "ntor-onion-key "))
        self.assertEqual(line_of(first, "fingerprint "), line_of(second, "fingerprint "))

    def test_after_some_generations_the_first_keys_come_again(self):
        keys = [line_of(self.relays.descriptor(3, 1_700_000_000, generation), "ntor-onion-key ") for generation in range(1, 10)]
        self.assertEqual(len(set(keys)), GENERATIONS)
        self.assertEqual(keys[GENERATIONS:2 * GENERATIONS], keys[:GENERATIONS])

    def test_addresses_are_loopback_and_differ(self):
        addresses = [address_of(i) for i in range(12000)]
        self.assertEqual(len(set(addresses)), 12000)
        self.assertTrue(all(a.startswith("127.") and max(map(int, a.split("."))) < 256 for a in addresses))


def line_of(text, start):
    return next(line for line in text.split("\n") if line.startswith(start))


class Bandwidth(unittest.TestCase):
    def test_about_a_third_of_the_weights_moves(self):
        names = [hashlib.sha1(bytes([i, j])).hexdigest().upper() for i in range(4) for j in range(250)]
        first, second = (bandwidth_lines(0, {}, names, cycle)[1:] for cycle in (1, 2))
        moved = sum(a != b for a, b in zip(first, second))
        self.assertTrue(300 < moved < 700, moved)


class Sessions(unittest.TestCase):
    @staticmethod
    def consensuses():
        old = Consensus("AA", tuple(f"m{i}" for i in range(500)), 0, 1)
        new = Consensus("BB", tuple(f"m{i}" for i in range(40, 540)), 1, 1)
        return [old, new]

    def test_the_same_seed_gives_the_same_session(self):
        known = self.consensuses()
        for seed in range(50):
            one, two = (draw_session(random.Random(seed), known, known, False) for _ in range(2))
            self.assertEqual(one, two)

    def test_late_sessions_end_soon(self):
        known = self.consensuses()
        for seed in range(100):
            session = draw_session(random.Random(seed), known, known, True)
            self.assertLessEqual(session.hold_s, 3)
            self.assertTrue(all(request.pace == 0 for request in session.requests))

    def test_a_new_client_asks_for_each_document_once(self):
        known = self.consensuses()
        session = next(s for s in (draw_session(random.Random(i), known, known, False) for i in range(100))
                       if s.kind == "new")
        asked = [name for r in session.requests[1:] for name in r.path.removeprefix("/tor/micro/d/").split("-")]
        self.assertEqual(sorted(asked), sorted(known[-1].documents))

    def test_a_consensus_settles_once_every_relay_has_it(self):
        old, new = self.consensuses()
        history = History(10, {"microdesc": old, "full": old})
        history.add("microdesc", Consensus("CC", (), 100, 1))
        history.add("microdesc", Consensus("CC", (), 105, 1))
        self.assertEqual(history.due("microdesc", 109), [])
        due, = history.due("microdesc", 110)
        self.assertEqual([c.digest for c in history.settled("microdesc")], ["AA"])
        history.confirm(due)
        self.assertEqual([c.digest for c in history.settled("microdesc")], ["AA", "CC"])
        self.assertEqual(history.due("microdesc", 110), [])

    def test_the_newest_settled_consensus_is_kept_while_none_settles(self):
        old, new = self.consensuses()
        history = History(10, {"microdesc": old, "full": old})
        history.add("microdesc", new)
        history.confirm(new)
        for i in range(100):
            history.add("microdesc", Consensus(f"{i:02}", (), 100 + i, 1))
        self.assertEqual(history.settled("microdesc"), [new])
        self.assertEqual(len(history.due("microdesc", 1000)), 11)
        history.confirm(history.due("microdesc", 1000)[-1])
        history.add("microdesc", Consensus("DD", (), 300, 1))
        self.assertEqual([c.digest for c in history.settled("microdesc")][-1], "99")

    def test_a_consensus_is_named_by_its_signed_part(self):
        text = b"network-status-version 3 microdesc\nr a b\nm abc\nm d/+\ndirectory-signature sha256 X\nSIG\n"
        consensus = parse("microdesc", text, 5)
        self.assertEqual(consensus.documents, ("abc", "d/+"))
        signed = text[:text.index(b"sha256 X")]
        self.assertEqual(consensus.digest, hashlib.sha3_256(signed).hexdigest().upper())

    def test_what_is_no_http_answer_is_an_error(self):
        self.assertEqual(parse_answer(b"HTTP/1.0 304 Not modified\r\n\r\n").status, 304)
        for raw in (b"", b"HTTP/1.0 200 OK\r\n"):
            with self.assertRaises(ProtocolError) as raised:
                parse_answer(raw)
            self.assertNotIsInstance(raised.exception, Garbled)
        with self.assertRaises(Garbled):
            parse_answer(b"\0\0\0\0\r\n\r\n")


class Tallies(unittest.TestCase):
    def test_equal_tallies_without_errors_agree(self):
        one = {"a": Tally(3, 3, 9, 2), "b": Tally(3, 3, 9, 2)}
        self.assertEqual(disagreements(one), [])

    def test_an_error_or_a_missing_session_is_told(self):
        tallies = {"a": Tally(3, 3, 9, 2), "b": Tally(3, 2, 8, 2, errors={"timeout": 1})}
        lines = "\n".join(disagreements(tallies))
        self.assertIn("b: 1 errors", lines)
        self.assertIn("served differ: a 3, b 2", lines)

    def test_what_failed_while_the_machine_stood_still_is_told_apart(self):
        tally = Tally(3, 3, 9, 2)
        tally.fail("timeout", spoilt=True)
        self.assertEqual((tally.errors, tally.stalled), ({}, {"timeout": 1}))
        self.assertIn("b: 1 failed because the machine stood still", "\n".join(disagreements({"a": Tally(3, 3, 9, 2), "b": tally})))

    def test_a_load_that_never_was_is_told(self):
        self.assertEqual(disagreements({"a": Tally()}), ["no session was served"])


class WhatSpoils(unittest.TestCase):
    def setUp(self):
        self.now = 1000.0
        self.stillness = Stillness(lambda: self.now)

    def go(self, seconds):
        for _ in range(round(seconds / TICK_S)):
            self.now += TICK_S
            self.stillness.tick()

    def test_a_machine_that_stands_still_for_a_while_after(self):
        self.go(10)
        began = self.now
        self.assertFalse(self.stillness.spoils(began))
        self.now += 60
        self.assertTrue(self.stillness.spoils(began))
        self.go(RECOVERY_S / 2)
        self.assertTrue(self.stillness.spoils(self.now))
        self.go(RECOVERY_S)
        self.assertFalse(self.stillness.spoils(self.now))

    def test_a_network_without_consensus(self):
        self.stillness.spoil()
        self.assertTrue(self.stillness.spoils(self.now))


class Workers(unittest.TestCase):
    def test_a_dead_worker_may_be_told(self):
        class Household:
            def spawn(self, name, argv, output, errors, **pipes):
                return subprocess.Popen(["true"], stdout=output, **pipes)

        worker = Worker(Household(), "feed", {}, None)
        worker.child.wait()
        worker.tell("go")
        worker.listen()
        self.assertFalse(worker.done)
        for pipe in (worker.child.stdin, worker.child.stdout):
            pipe.close()


class Results(unittest.TestCase):
    def test_what_was_not_served_alike_is_not_comparable(self):
        one = {"libc": Tally(3, 3, 9, 2), "neap": Tally(3, 3, 9, 2, retries={"timeout": 1})}
        self.assertEqual(verdict(one, []), "all 2 relays served the same 3 sessions (9 requests) and 2 transfers without an error; "
                                           "1 at the second try")
        self.assertEqual(verdict(one, ["served differ"]), "NOT COMPARABLE:\n  served differ")

    def test_the_summary_holds_the_comparison_as_the_tool_told_it(self):
        comparison = {"schema": "neap.comparison/1", "rows": []}
        told = as_json(QUICK, 61.25, {"libc": Tally(1, 1, 1, 1)}, ["libc: 1 errors"], comparison)
        self.assertEqual((told["schema"], told["valid"], told["load_s"]), ("neap.lab/1", False, 61.2))
        self.assertIs(told["comparison"], comparison)
        self.assertEqual(told["served"]["libc"]["served"], 1)

    def test_a_recorder_that_refuses_is_told_with_its_words(self):
        with tempfile.TemporaryDirectory(prefix="neap-test-") as folder:
            household = Household()
            recordings = Recordings(household, NEAP, Path(folder))
            stranger = subprocess.Popen(["sleep", "1000"])
            self.addCleanup(stranger.wait)
            self.addCleanup(stranger.kill)
            recordings.start("neap 1", "neap", stranger.pid, Path(folder))
            ended = household.children["recorder of neap 1"]
            self.assertEqual(ended.wait(), 125)
            household.stop(list(recordings.files))
            self.assertFalse(recordings.begun())
            self.assertRegex((Path(folder) / "recorder-of-neap-1.log").read_text(), "^neap: neap did not take effect in process .*\n$")


class Asking(unittest.TestCase):
    def test_the_minutes_choose_the_sizes(self):
        self.assertEqual(make_plan(5, None).directory, QUICK.directory)
        self.assertEqual(make_plan(15, None).directory, DEFAULT.directory)
        self.assertEqual(make_plan(15, 6000).directory, 6000)
        self.assertEqual(make_plan(15, None, load=2).directory, QUICK.directory)

    def test_what_makes_no_sense_is_refused(self):
        for minutes, directory in ((1, None), (0, None), (-5, None), (float("nan"), None), (5, 1), (5, 10**6)):
            with self.assertRaises(BadInput):
                make_plan(minutes, directory)
        for load in (0.5, 6, float("nan")):
            with self.assertRaises(BadInput):
                make_plan(5, None, load)

    def test_a_full_output_folder_is_refused(self):
        with self.assertRaises(BadInput):
            output_folder(str(Path(__file__).parent))

    def test_a_wrapper_is_split_as_a_shell_does(self):
        self.assertEqual(wrap_words("a 'b c' --"), ["a", "b c", "--"])
        with self.assertRaises(BadInput):
            wrap_words("a 'b")

    def test_every_node_has_an_address_of_its_own(self):
        network = Network(60, "/nowhere", ["libc", "neap"], 3, QUICK.counts)
        addresses = [node.address for node in network.nodes]
        self.assertEqual(len(set(addresses)), len(addresses))
        self.assertEqual([node.label for node in network.tested[:2]], ["libc 1", "libc 2"])
        self.assertEqual(len(network.clients), 6)

    def test_lines_for_the_torrc_are_the_last_of_the_tested_relays_alone(self):
        with tempfile.TemporaryDirectory(prefix="neap-test-") as folder:
            network = Network(60, folder, ["libc", "neap"], 1, QUICK.counts)
            for node in network.nodes:
                node.folder.mkdir()
            identities = Identities({node.name: "A" * 40 for node in network.relays}, ["DirAuthority one"])
            write_torrcs(network, identities, QUICK, "bandwidth", False, ["NumCPUs 16", "BandwidthRate 1 MB"])
            written = {node: node.torrc.read_text().splitlines() for node in network.nodes}
            for node, lines in written.items():
                ending = ["DirAuthority one"] + ["NumCPUs 16", "BandwidthRate 1 MB"] * (node.role == "tested")
                self.assertEqual(lines[-len(ending):], ending, node.name)
            self.assertIn("NumCPUs 8", written[network.tested[0]])


if __name__ == "__main__":
    unittest.main()
