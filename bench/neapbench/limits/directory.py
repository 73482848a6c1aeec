"""What a relay of the lab has on disk, and so has to answer with, whichever allocator it runs on. The lab's sources have to be in sys.path."""
import base64
import dataclasses
import hashlib
import pathlib
import random
import re
import zlib

from neaplab.load.history import PATHS, parse

from .relay import labelled

FILES = {"microdesc": "cached-microdesc-consensus", "full": "cached-consensus"}
FLAVOURS = {"microdesc": "microdesc", "ns": "full"}  # as tor calls them in its files, and we
ENCODINGS = ("x-zstd", "identity", "deflate", "x-tor-lzma", "gzip")
AT_ONCE = 92  # documents in a request, as tor's clients ask
FEW = 300  # documents of a client that had the others


@dataclasses.dataclass(frozen=True)
class Consensus:
    digest: str  # by which a client names what it has
    text: bytes


@dataclasses.dataclass(frozen=True)
class Request:
    path: str
    headers: tuple
    is_right: object  # of the answer's body, decoded


class Directory:
    """Of a relay's folder, read while the relay does not run."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.newest = {flavour: (folder / name).read_bytes() for flavour, name in FILES.items()}
        self.older = _older(folder / "diff-cache", self.newest)
        listed = {flavour: set(parse(flavour, text, 0).documents) for flavour, text in self.newest.items()}
        kept = {"microdesc": map(microdescriptor_digest, microdescriptors(_both(folder, "cached-microdescs"))),
                "full": map(descriptor_digest, descriptors(_both(folder, "cached-descriptors")))}
        self.documents = {flavour: sorted(listed[flavour] & set(digests)) for flavour, digests in kept.items()}


def _older(folder, newest):
    """Flavour -> the consensuses to which the relay makes differences: old ones it keeps deflated alone."""
    found = {flavour: [] for flavour in newest}
    for file in sorted(folder.iterdir()):
        labels, body = labelled(file.read_bytes())
        if labels["document-type"] == "consensus" and labels.get("compression") == "deflate":
            flavour, text = FLAVOURS[labels["consensus-flavor"]], zlib.decompress(body)
            if text != newest[flavour]:
                found[flavour].append(Consensus(parse(flavour, text, 0).digest, text))
    return found


def _both(folder, name):
    """A cache of tor's and what was added since it was last written anew."""
    return b"".join(file.read_bytes() for file in (folder / name, folder / f"{name}.new") if file.exists())


def microdescriptors(text):
    return re.findall(rb"^onion-key\n(?:(?!@|onion-key\n).*\n)*", text, re.M)


def descriptors(text):
    """Those that are whole, each without its signature, which its digest is not of."""
    return re.findall(rb"^(router [^\n]*\n.*?^router-signature\n)-----BEGIN SIGNATURE-----\n[^-]*-----END SIGNATURE-----\n", text, re.M | re.S)


def microdescriptor_digest(text):
    return base64.b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()


def descriptor_digest(text):
    return hashlib.sha1(text).hexdigest()


def apply(old, difference):
    """What the difference makes of the old consensus (dir-spec: an ed script from the end to the beginning, below two lines of heading). Raises
    ValueError where it is none."""
    commands, lines = difference.split(b"\n"), old.split(b"\n")[:-1]
    if commands[0] != b"network-status-diff-version 1":
        raise ValueError("no difference")
    at = 2
    while at < len(commands) - 1:
        command = re.fullmatch(rb"(\d+)(?:,(\d+|\$))?([acd])", commands[at])
        if command is None:
            raise ValueError(f"no command: {commands[at][:40]}")
        first, kind = int(command[1]), command[3]
        last = len(lines) if command[2] == b"$" else int(command[2] or first)
        at, new = at + 1, []
        if kind != b"d":
            end = commands.index(b".", at)
            at, new = end + 1, commands[at:end]
        lines[first - (kind != b"a"):last] = new
    return b"\n".join(lines) + b"\n"


def _makes(old, difference, newest):
    try:
        return apply(old, difference) == newest
    except ValueError:
        return False


def requests(directory, number):
    """What client `number` asks for, one after the other: a full consensus, then what a new client, a returning one or a mirror wants."""
    draw, encoding = random.Random(number), f"Accept-Encoding: {ENCODINGS[number // 3 % len(ENCODINGS)]}"

    def documents(flavour, digests):
        beginning, separator, found, digest = (("/tor/micro/d/", "-", microdescriptors, microdescriptor_digest) if flavour == "microdesc" else
                                               ("/tor/server/d/", "+", descriptors, descriptor_digest))
        for at in range(0, len(digests), AT_ONCE):
            some = digests[at:at + AT_ONCE]
            yield Request(beginning + separator.join(some), (encoding,), lambda body, some=some: set(map(digest, found(body))) == set(some))

    def some_of(flavour):
        return draw.sample(directory.documents[flavour], min(FEW, len(directory.documents[flavour])))

    yield Request(PATHS["full"], (encoding,), lambda body: body == directory.newest["full"])
    if number % 3 == 0:
        yield Request(PATHS["microdesc"], (encoding,), lambda body: body == directory.newest["microdesc"])
        yield from documents("microdesc", directory.documents["microdesc"])
        return
    flavour = "microdesc" if number % 3 == 1 else "full"
    for old in directory.older[flavour]:
        yield Request(PATHS[flavour], (encoding, f"X-Or-Diff-From-Consensus: {old.digest}"),
                      lambda body, old=old: _makes(old.text, body, directory.newest[flavour]))
    yield from documents(flavour, some_of(flavour))
