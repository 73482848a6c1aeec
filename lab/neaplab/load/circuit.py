"""A directory client that speaks Tor's link protocol itself: TLS, a one-hop CREATE_FAST circuit, BEGIN_DIR streams.

It is far cheaper than a tor client, so that one process can be thousands of them, and asks exactly what it is told to
(tor-spec: "Negotiating versions", "CREATE_FAST", "Relay cells", "Flow control"). One task uses a circuit at a time.
"""

import asyncio
import hashlib
import os
import random
import ssl
import struct
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAYLOAD = 509
DATA = 498
CMD_RELAY, CMD_DESTROY, CMD_CREATE_FAST, CMD_CREATED_FAST, CMD_VERSIONS, CMD_NETINFO = 3, 4, 5, 6, 7, 8
RELAY_DATA, RELAY_END, RELAY_SENDME, RELAY_BEGIN_DIR = 2, 3, 5, 13
CIRCUIT_STEP, STREAM_STEP = 100, 50  # data cells that one SENDME acknowledges


HTTP = b"HTTP/1."


class ProtocolError(Exception):
    """The relay closed the circuit or the connection, or had no answer."""


class Garbled(ProtocolError):
    """The relay sent what it should never send."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: bytes
    body: bytes


def tls_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def key_stream(key):
    return Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()


class Circuit:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.pending = b""
        self.stream = 0
        self.data_cells = 0

    @classmethod
    async def open(cls, address, port, source, context):
        reader, writer = await asyncio.open_connection(address, port, ssl=context, local_addr=(source, 0),
                                                       ssl_handshake_timeout=60)
        circuit = cls(reader, writer)
        try:
            await circuit._greet(address)
            await circuit._create()
        except BaseException:
            circuit.close()
            raise
        return circuit

    def close(self):
        self.writer.transport.abort()

    async def _greet(self, address):
        self.writer.write(struct.pack(">HBHHH", 0, CMD_VERSIONS, 4, 4, 5))
        _, _, size = struct.unpack(">HBH", await self.reader.readexactly(5))
        await self.reader.readexactly(size)
        await self._expect(CMD_NETINFO)
        octets = bytes(int(part) for part in address.split("."))
        self._send(0, CMD_NETINFO, struct.pack(">IBB", int(time.time()), 4, 4) + octets + b"\0")

    async def _create(self):
        self.circuit = 0x80000000 | random.getrandbits(30) | 1
        ours = os.urandom(20)
        self._send(self.circuit, CMD_CREATE_FAST, ours)
        reply = await self._expect(CMD_CREATED_FAST)
        seed = ours + reply[:20]
        keys = b"".join(hashlib.sha1(seed + bytes([i])).digest() for i in range(5))
        if keys[:20] != reply[20:40]:
            raise Garbled("the relay derived other keys")
        self.digest_forward, self.digest_back = hashlib.sha1(keys[20:40]), hashlib.sha1(keys[40:60])
        self.forward, self.back = key_stream(keys[60:76]), key_stream(keys[76:92])

    async def _expect(self, command):
        while True:
            for _, got, payload in await self._cells():
                if got == command:
                    return payload
                if got == CMD_DESTROY:
                    raise ProtocolError(f"circuit destroyed, reason {payload[0]}")

    async def _cells(self):
        """The next whole cells (circuit, command, payload), at least one."""
        while True:
            data, at, cells = self.pending, 0, []
            while len(data) - at >= 7:
                circuit, command = struct.unpack_from(">IB", data, at)
                variable = command == CMD_VERSIONS or command >= 128
                start = at + 7 if variable else at + 5
                end = start + (struct.unpack_from(">H", data, at + 5)[0] if variable else PAYLOAD)
                if end > len(data):
                    break
                cells.append((circuit, command, data[start:end]))
                at = end
            self.pending = data[at:]
            if cells:
                return cells
            more = await self.reader.read(1 << 16)
            if not more:
                raise ProtocolError("the relay closed the connection")
            self.pending += more

    def _send(self, circuit, command, payload):
        self.writer.write(struct.pack(">IB", circuit, command) + payload.ljust(PAYLOAD, b"\0"))

    def _send_relay(self, command, stream, data=b""):
        cell = struct.pack(">BHHIH", command, 0, stream, 0, len(data)) + data.ljust(DATA, b"\0")
        self.digest_forward.update(cell)
        sealed = cell[:5] + self.digest_forward.digest()[:4] + cell[9:]
        self._send(self.circuit, CMD_RELAY, self.forward.update(sealed))

    async def get(self, path, headers=(), pace=0):
        """One directory request. `pace`: bytes a second at which a slow client reads, 0 for as fast as it comes."""
        self.stream += 1
        self._send_relay(RELAY_BEGIN_DIR, self.stream)
        request = "".join([f"GET {path} HTTP/1.0\r\n", *(f"{line}\r\n" for line in headers), "\r\n"]).encode()
        for at in range(0, len(request), DATA):
            self._send_relay(RELAY_DATA, self.stream, request[at:at + DATA])
        received, stream_cells, size, began = [], 0, 0, time.monotonic()
        while True:
            for command, data in await self._relay_cells():
                if command == RELAY_END:
                    return parse_answer(b"".join(received))
                if command != RELAY_DATA:
                    continue
                received.append(data)
                size += len(data)
                stream_cells += 1
                if stream_cells % STREAM_STEP == 0:
                    self._send_relay(RELAY_SENDME, self.stream)
                    if pace:
                        await asyncio.sleep(size / pace - (time.monotonic() - began))

    async def _relay_cells(self):
        """(relay command, data) of the next cells, decrypted in one go; acknowledges, checks the digest."""
        cells = await self._cells()
        for _, command, payload in cells:
            if command == CMD_DESTROY:
                raise ProtocolError(f"circuit destroyed, reason {payload[0]}")  # tor-spec, "Tearing down circuits"
        sealed = b"".join(payload for circuit, command, payload in cells
                          if command == CMD_RELAY and circuit == self.circuit)
        plain = self.back.update(sealed)
        out = []
        for at in range(0, len(plain), PAYLOAD):
            cell = plain[at:at + PAYLOAD]
            command, _, _, _, length = struct.unpack_from(">BHHIH", cell)
            self.digest_back.update(cell[:5] + b"\0\0\0\0" + cell[9:])
            if command == RELAY_DATA:
                self.data_cells += 1
                if self.data_cells % CIRCUIT_STEP == 0:
                    proof = self._check(cell)
                    self._send_relay(RELAY_SENDME, 0, b"\x01" + struct.pack(">H", len(proof)) + proof)
            elif command == RELAY_END:
                self._check(cell)
            out.append((command, cell[11:11 + length]))
        return out

    def _check(self, cell):
        """The running digest: equal only if every cell of the circuit so far arrived as it was sent."""
        proof = self.digest_back.digest()
        if proof[:4] != cell[5:9]:
            raise Garbled("digest of the circuit's cells does not match")
        return proof


def parse_answer(raw):
    head, separator, body = raw.partition(b"\r\n\r\n")
    if not head.startswith(HTTP[:len(head)]):
        raise Garbled(f"not an HTTP answer: {raw[:40]!r}")
    if not separator:
        raise ProtocolError(f"no whole HTTP answer: {raw[:40]!r}")
    return Answer(int(head.split(b" ", 2)[1]), head, body)
