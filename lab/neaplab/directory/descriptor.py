"""Synthetic relays: server descriptors that a directory authority checks and accepts as it does real ones (dir-spec).

A relay's name, address, contact and family follow from its index, its onion key and bandwidth from index and
generation: each generation gives a new descriptor and microdescriptor, as a relay that rotates its keys does. After
GENERATIONS of them come the first keys, and so the first microdescriptor, again: relays keep microdescriptors for a
week after nobody lists them any more, and would grow for as long as a lab lasts.
"""

import hashlib
import os
import random
import struct
import time
from dataclasses import dataclass

from . import certificates as certs
from .rsa import RsaKey, make_keys

ONION_KEYS = 16
GENERATIONS = 4
FAMILY_BLOCK = 40
CERTIFICATE_HOURS = 20 * 24
PLATFORMS = ("0.4.8.21", "0.4.9.11", "0.4.8.19", "0.4.9.10")
PROTOCOLS = ("Conflux=1 Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=1-5 LinkAuth=1,3 "
             "Microdesc=1-2 Padding=2 Relay=1-4")
LETTERS = "abcdefghijklmnop"


@dataclass(frozen=True)
class Identity:
    rsa: RsaKey
    master_seed: bytes
    signing_seed: bytes

    @property
    def fingerprint(self):
        return hashlib.sha1(self.rsa.public_der).digest()


class SyntheticRelays:
    def __init__(self, count):
        keys = make_keys(count + ONION_KEYS)
        self.onion_keys = keys[count:]
        self.identities = [Identity(key, os.urandom(32), os.urandom(32)) for key in keys[:count]]
        self.fingerprints = [identity.fingerprint.hex().upper() for identity in self.identities]

    def descriptor(self, index, published, generation):
        """The signed text, published at the given time (seconds since 1970)."""
        identity = self.identities[index]
        signing = certs.ed25519_key(identity.signing_seed)
        text = self._body(index, published, generation, signing) + "router-sig-ed25519 "
        digest = hashlib.sha256(b"Tor router descriptor signature v1" + text.encode()).digest()
        text += certs.base64_bare(signing.sign(digest)) + "\nrouter-signature\n"
        return text + certs.armour("SIGNATURE", identity.rsa.sign(hashlib.sha1(text.encode()).digest()))

    def _body(self, index, published, generation, signing):
        identity = self.identities[index]
        steady, fresh = random.Random(index), random.Random(index * 1000003 + generation)
        expires = int(published // 3600) + CERTIFICATE_HOURS
        master = certs.ed25519_key(identity.master_seed)
        signing_public = certs.public_bytes(signing)
        by_master = certs.certificate(certs.TYPE_SIGNING_BY_IDENTITY, expires, signing_public, master, True)
        bandwidth = int(steady.lognormvariate(14.5, 1.2))
        observed = max(20000, int(bandwidth * fresh.uniform(0.5, 1.0)))
        name = f"fake{index:05d}" + "".join(steady.choices(LETTERS, k=steady.randrange(9)))
        port = steady.choice([9001, 443, 8443, steady.randrange(1024, 65000)])
        extra = identity.fingerprint + struct.pack(">I", generation)
        return "".join([
            f"router {name} {address_of(index)} {port} 0 0\n",
            "identity-ed25519\n", certs.armour("ED25519 CERT", by_master),
            f"master-key-ed25519 {certs.base64_bare(certs.public_bytes(master))}\n",
            f"platform Tor {steady.choice(PLATFORMS)} on Linux\nproto {PROTOCOLS}\n",
            f"published {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(published))}\n",
            f"fingerprint {in_fours(self.fingerprints[index])}\n",
            f"uptime {fresh.randrange(30)}\nbandwidth {bandwidth} {bandwidth * 2} {observed}\n",
            f"extra-info-digest {hashlib.sha1(extra).hexdigest().upper()} "
            f"{certs.base64_bare(hashlib.sha256(extra).digest())}\n",
            self._onion_part(index, generation, expires, certs.public_bytes(master)),
            self._family(index, steady.choice([0, 0, 0, 1, 2, 5, 10, 30])),
            "hidden-service-dir\n",
            f"contact email:{''.join(steady.choices(LETTERS, k=steady.randrange(5, 60)))}@lab.invalid\n",
            f"ntor-onion-key {certs.base64_bare(certs.curve25519_of(self._ntor_public(index, generation))[0])}=\n",
            "reject *:*\ntunnelled-dir-server\n",
        ])

    def _ntor(self, index, generation):
        seed = self.identities[index].master_seed + struct.pack(">I", generation % GENERATIONS)
        return certs.ed25519_key(hashlib.sha256(seed).digest())

    def _ntor_public(self, index, generation):
        return certs.public_bytes(self._ntor(index, generation))

    def _onion_part(self, index, generation, expires, master_public):
        identity, onion = self.identities[index], self.onion_keys[index % ONION_KEYS]
        ntor = self._ntor(index, generation)
        sign = certs.public_bytes(ntor)[31] >> 7
        by_ntor = certs.certificate(certs.TYPE_IDENTITY_BY_NTOR, expires, master_public, ntor, False)
        return "".join([
            "onion-key\n", certs.armour("RSA PUBLIC KEY", onion.public_der),
            "signing-key\n", certs.armour("RSA PUBLIC KEY", identity.rsa.public_der),
            "onion-key-crosscert\n", certs.armour("CROSSCERT", onion.sign(identity.fingerprint + master_public)),
            f"ntor-onion-key-crosscert {sign}\n", certs.armour("ED25519 CERT", by_ntor),
        ])

    def _family(self, index, size):
        if size == 0:
            return ""
        first = index // FAMILY_BLOCK * FAMILY_BLOCK
        return "family " + " ".join("$" + name for name in self.fingerprints[first:first + size]) + "\n"


def address_of(index):
    """A loopback address of its own for each relay; nothing listens there and nobody connects."""
    return f"127.{100 + (index >> 14)}.{(index >> 7) & 127}.{1 + (index & 127)}"


def in_fours(fingerprint):
    return " ".join(fingerprint[i:i + 4] for i in range(0, 40, 4))
