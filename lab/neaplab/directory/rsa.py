"""RSA as Tor's directory uses it: 1024-bit identity keys and signatures over a bare digest (no ASN.1 prefix).

Thousands of keys are wanted and drawing primes is slow, so k first and k second primes give k * k keys. Such keys share
factors and protect nothing; all a directory asks of them is that they differ and that signatures verify.
"""

import math
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

EXPONENT = 65537
KEY_BITS = 1024
KEY_BYTES = KEY_BITS // 8


@dataclass(frozen=True)
class RsaKey:
    p: int
    q: int
    d_p: int
    d_q: int
    q_inverse: int
    public_der: bytes

    @classmethod
    def from_primes(cls, p, q):
        d = pow(EXPONENT, -1, (p - 1) * (q - 1))
        public = rsa.RSAPublicNumbers(EXPONENT, p * q).public_key()
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
        return cls(p, q, d % (p - 1), d % (q - 1), pow(q, -1, p), der)

    def sign(self, digest):
        """PKCS#1 v1.5 block type 1 over `digest` as it is (tor-spec, "signing")."""
        padding = b"\x00\x01" + b"\xff" * (KEY_BYTES - 3 - len(digest)) + b"\x00"
        message = int.from_bytes(padding + digest, "big")
        by_p = pow(message % self.p, self.d_p, self.p)
        by_q = pow(message % self.q, self.d_q, self.q)
        return (by_q + self.q * (self.q_inverse * (by_p - by_q) % self.p)).to_bytes(KEY_BYTES, "big")


def make_keys(count):
    """`count` different keys. Takes about 17 ms times the root of the count."""
    side = math.isqrt(max(count - 1, 0)) + 1
    firsts, seconds = [], []
    for _ in range(side):
        numbers = rsa.generate_private_key(EXPONENT, KEY_BITS).private_numbers()
        firsts.append(numbers.p)
        seconds.append(numbers.q)
    return [RsaKey.from_primes(firsts[i // side], seconds[i % side]) for i in range(count)]
