#!/usr/bin/env python3
"""bench/limits' relay: what its folder is made of, what it has to answer, and that any other answer is noticed."""
import base64
import gzip
import hashlib
import lzma
import pathlib
import sys
import tempfile
import unittest
import zlib

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "lab")]
from neapbench.failure import Failure  # noqa: E402
from neapbench.limits import directory, relay  # noqa: E402
try:
    from neapbench.limits import crowd
    from neaplab.load.circuit import Answer
except ImportError:  # python3-cryptography, which only the lab needs
    crowd = None

MICRODESCRIPTORS = [b"onion-key\n-----BEGIN\n%d\n-----END\nid ed25519 %d\n" % (i, i) for i in range(200)]
DESCRIPTORS = [b"router fake%d 127.0.0.1 9001 0 0\nplatform Tor\nrouter-signature\n" % i for i in range(200)]
SIGNATURE = b"-----BEGIN SIGNATURE-----\nabc\n-----END SIGNATURE-----\n"
OLD, NEW = 150, 200  # so many relays are listed in a consensus


def consensus(flavour, count):
    if flavour == "microdesc":
        lines = [b"r fake%d AAAA\nm %s\n" % (i, directory.microdescriptor_digest(MICRODESCRIPTORS[i]).encode()) for i in range(count)]
    else:
        lines = [b"r fake%d AAAA %s\n" % (i, base64.b64encode(hashlib.sha1(DESCRIPTORS[i]).digest()).rstrip(b"=")) for i in range(count)]
    return b"network-status-version 3\nrelays %d\n" % count + b"".join(lines) + b"directory-signature a b\n"


def difference(flavour):
    """From the consensus of OLD to that of NEW, as tor writes them: from the end to the beginning."""
    old, new = consensus(flavour, OLD).splitlines(), consensus(flavour, NEW).splitlines()
    added = b"\n".join(new[len(old) - 1:-1])
    return b"network-status-diff-version 1\nhash A B\n%d,$c\n%s\n%s\n.\n2c\n%s\n.\n" % (len(old), added, new[-1], new[1])


def entry(kind, compression, flavour, body):
    return b"document-type %s\nconsensus-flavor %s\ncompression %s\n\0" % (kind, flavour, compression) + body


class Folder(unittest.TestCase):
    """What a relay leaves behind."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        cache = self.folder / "diff-cache"
        cache.mkdir()
        for i, (flavour, name) in enumerate(((b"microdesc", "microdesc"), (b"ns", "full"))):
            (self.folder / directory.FILES[name]).write_bytes(consensus(name, NEW))
            for j, count in enumerate((OLD, NEW)):
                (cache / f"1{i}{j}").write_bytes(entry(b"consensus", b"deflate", flavour, zlib.compress(consensus(name, count))))
            (cache / f"2{i}").write_bytes(entry(b"consensus", b"x-tor-lzma", flavour, b"not looked at"))
            (cache / f"3{i}").write_bytes(entry(b"consensus-diff", b"deflate", flavour, b"not looked at"))
        listed = b"@last-listed 2026-01-01 00:00:00\n"
        (self.folder / "cached-microdescs").write_bytes(b"".join(listed + text for text in MICRODESCRIPTORS[:120]))
        (self.folder / "cached-microdescs.new").write_bytes(b"".join(listed + text for text in MICRODESCRIPTORS[120:190]))
        (self.folder / "cached-descriptors").write_bytes(b"".join(b"@source \"x\"\n" + text + SIGNATURE for text in DESCRIPTORS))
        self.directory = directory.Directory(self.folder)

    def test_what_it_has_to_answer_with(self):
        self.assertEqual({flavour: len(of) for flavour, of in self.directory.documents.items()}, {"microdesc": 190, "full": 200})
        for flavour in directory.FILES:
            self.assertEqual([old.text for old in self.directory.older[flavour]], [consensus(flavour, OLD)])

    def test_differences_are_made_in_each_run(self):
        relay.forget_differences(self.folder / "diff-cache")
        self.assertEqual({file.name[0] for file in (self.folder / "diff-cache").iterdir()}, {"1", "2"})

    def right(self, request):
        """What a relay answers."""
        flavour = "microdesc" if "/tor/micro" in request.path or "microdesc" in request.path else "full"
        if "consensus" in request.path:
            return consensus(flavour, NEW) if len(request.headers) == 1 else difference(flavour)
        digests = request.path.split("/d/", 1)[1].split("-" if flavour == "microdesc" else "+")
        if flavour == "microdesc":
            return b"".join(text for text in MICRODESCRIPTORS if directory.microdescriptor_digest(text) in digests)
        return b"".join(text + SIGNATURE for text in DESCRIPTORS if directory.descriptor_digest(text) in digests)

    def test_the_right_answer_alone_is_right(self):
        kinds = set()
        for number in range(6):
            for request in directory.requests(self.directory, number):
                right = self.right(request)
                self.assertTrue(request.is_right(right), request)
                for wrong in (b"", right[:-40], right[:20] + bytes([right[20] ^ 1]) + right[21:]):
                    self.assertFalse(request.is_right(wrong), request)
                kinds.add(("micro" in request.path, "consensus" in request.path, len(request.headers)))
        self.assertEqual(len(kinds), 6)  # two consensuses, a difference to either, documents of either

    def test_a_difference(self):
        old = b"1\n2\n3\n4\n5\n"
        for script, new in ((b"4,$d\n", b"1\n2\n3\n"), (b"5c\nx\ny\n.\n2,3d\n", b"1\n4\nx\ny\n"), (b"3a\nx\n.\n0a\ny\n.\n", b"y\n1\n2\n3\nx\n4\n5\n")):
            self.assertEqual(directory.apply(old, b"network-status-diff-version 1\nhash A B\n" + script), new)
        for bad in (old, b"network-status-diff-version 1\nhash A B\n2c\nx\n", b"network-status-diff-version 1\nhash A B\n2x\n"):
            with self.assertRaises(ValueError):
                directory.apply(old, bad)


@unittest.skipIf(crowd is None, "python3-cryptography is not installed")
class Answers(unittest.TestCase):
    def test_each_encoding(self):
        for name, body in (("deflate", zlib.compress(b"hello")), ("gzip", gzip.compress(b"hello")), ("x-tor-lzma", lzma.compress(b"hello")),
                           ("x-zstd", bytes.fromhex("28b52ffd2005290000") + b"hello")):
            self.assertEqual(crowd.decoded(Answer(200, b"HTTP/1.0 200 OK\r\nContent-Encoding: %s\r\n" % name.encode(), body)), b"hello")
        self.assertEqual(crowd.decoded(Answer(200, b"HTTP/1.0 200 OK\r\nContent-Encoding: identity", b"hello")), b"hello")
        self.assertEqual(crowd.decoded(Answer(200, b"HTTP/1.0 200 OK", b"hello")), b"hello")
        with self.assertRaisesRegex(Failure, "no zstd"):
            crowd.decoded(Answer(200, b"\nContent-Encoding: x-zstd\r\n", b"hello"))
        self.assertEqual(set(directory.ENCODINGS), set(crowd.DECODERS))


class Torrc(unittest.TestCase):
    def test_the_relay_runs_alone_at_another_place(self):
        text = relay.torrc("DataDirectory /tmp/neap-lab-x/tested1\nPidFile /tmp/neap-lab-x/tested1/pid\nORPort 127.61.3.1:5000\nAddress 127.61.3.1\n"
                           "MaxMemInQueues 2 GB\nDirAuthority a 127.61.0.1:7000\n", "/scratch/relay", "127.90.1.2")
        self.assertEqual(text.splitlines()[:6], ["DataDirectory /scratch/relay", "PidFile /scratch/relay/pid", "ORPort 127.90.1.2:5000",
                                                 "Address 127.90.1.2", "MaxMemInQueues 2 GB", "DirAuthority a 127.61.0.1:7000"])
        self.assertEqual(text.splitlines()[6:], list(relay.LINES))
        self.assertEqual(relay.address_of(text), "127.90.1.2")


unittest.main()
