"""Tor's ed25519 certificates (cert-spec) and the ntor key's cross-certificate (proposal 228)."""

import base64
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FIELD = 2**255 - 19
TYPE_SIGNING_BY_IDENTITY = 4
TYPE_IDENTITY_BY_NTOR = 10


def ed25519_key(seed):
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_bytes(key):
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def certificate(kind, expires_hour, subject, signer, name_signer):
    """`signer` vouches for the 32 bytes of `subject` until `expires_hour` (hours since 1970)."""
    body = struct.pack(">BBIB", 1, kind, expires_hour, 1) + subject
    if name_signer:
        body += b"\x01" + struct.pack(">HBB", 32, 4, 0) + public_bytes(signer)
    else:
        body += b"\x00"
    return body + signer.sign(body)


def curve25519_of(ed25519_public):
    """(curve25519 public key, sign bit) of the same point: u = (1 + y) / (1 - y)."""
    y = int.from_bytes(ed25519_public, "little") & ((1 << 255) - 1)
    u = (1 + y) * pow(1 - y, -1, FIELD) % FIELD
    return u.to_bytes(32, "little"), ed25519_public[31] >> 7


def base64_bare(data):
    return base64.b64encode(data).decode().rstrip("=")


def armour(label, data):
    text = base64.b64encode(data).decode()
    lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
