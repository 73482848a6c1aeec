"""Clients of a relay of the lab: a fixed set of requests, and every answer has to be the right one. All ask before any reads, so that what they
asked for waits in the relay's queues. The lab's sources have to be in sys.path."""
import asyncio
import ctypes
import functools
import hashlib
import lzma
import random
import re
import time
import zlib

from neaplab.load.circuit import Circuit, Garbled, ProtocolError, tls_context
from neaplab.load.history import PATHS, fetch
from neaplab.load.sessions import client_address
from neaplab.network.nodes import DIR_PORT, OR_PORT

from ..failure import Failure
from .directory import requests

CLIENTS = 120
UNREAD_S = 2  # from the last client's first request until they read
ATTEMPTS = 3  # as tor's clients: now and then tor closes a circuit before its first request
PATIENCE_S = 120  # with an answer
START_S = 300  # until the relay has its differences
LARGEST = 16 << 20  # of what was compressed
SOURCE = "127.0.0.1"


def await_differences(directory, address):
    """Until the relay has made the difference from each older consensus to the newest: from then on its answers are the same in every run."""
    until, answered = time.monotonic() + START_S, False
    for flavour, older in directory.older.items():
        newest = hashlib.sha3_256(directory.newest[flavour]).hexdigest().upper().encode()
        for old in older:
            while True:
                try:
                    status, body = fetch(address, DIR_PORT, f"{PATHS[flavour]}/diff/{old.digest}", SOURCE)
                    answered = True
                    if status == 200 and body.split(b"\n", 2)[1].endswith(newest):
                        break
                except ConnectionRefusedError:
                    if answered:
                        raise
                if time.monotonic() > until:
                    raise Failure(f"no difference from {old.digest[:8]} within {START_S} s")
                time.sleep(0.05)


class Crowd:
    def __init__(self, directory, address):
        self.directory, self.address, self.context = directory, address, tls_context()
        self.unread, self.may_read = {}, False

    async def ask(self):
        await asyncio.gather(*(self._client(number) for number in range(CLIENTS)))

    async def _client(self, number):
        for left in reversed(range(ATTEMPTS)):
            try:
                return await self._ask_all(number)
            except (Garbled, ConnectionRefusedError):
                raise
            except (ProtocolError, OSError, asyncio.IncompleteReadError):
                if not left:
                    raise

    async def _ask_all(self, number):
        circuit = await asyncio.wait_for(Circuit.open(self.address, OR_PORT, client_address(random.Random(number)), self.context), PATIENCE_S)
        try:
            self._leave_unread(number, circuit.writer.transport)
            for request in requests(self.directory, number):
                answer = await asyncio.wait_for(circuit.get(request.path, request.headers), PATIENCE_S)
                if answer.status != 200 or not request.is_right(decoded(answer)):
                    raise Failure(f"client {number}: status {answer.status}, not the right answer to {request.path[:48]} {request.headers}")
        finally:
            circuit.close()

    def _leave_unread(self, number, transport):
        if self.may_read:
            return
        transport.set_read_buffer_limits(high=1)
        transport.pause_reading()
        self.unread[number] = transport
        if len(self.unread) == CLIENTS:
            asyncio.get_running_loop().call_later(UNREAD_S, self._read)

    def _read(self):
        self.may_read = True
        for transport in self.unread.values():
            transport.set_read_buffer_limits()
            transport.resume_reading()


def decoded(answer):
    """The body as it was before the relay compressed it."""
    named = re.search(rb"^Content-Encoding: (\S+)\r?$", answer.headers, re.M | re.I)
    return DECODERS[named[1].decode() if named else "identity"](answer.body)


@functools.cache
def _zstd():
    """The library that tor has, as Python 3.11 has none, and room for what it decompresses."""
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    library.ZSTD_decompress.restype, library.ZSTD_isError.argtypes = ctypes.c_size_t, [ctypes.c_size_t]
    return library, ctypes.create_string_buffer(LARGEST)


def _unzstd(data):
    library, room = _zstd()
    size = library.ZSTD_decompress(room, LARGEST, data, len(data))
    if library.ZSTD_isError(size):
        raise Failure("what came back is no zstd")
    return ctypes.string_at(room, size)


DECODERS = {"identity": bytes, "deflate": zlib.decompress, "gzip": lambda data: zlib.decompress(data, wbits=31), "x-tor-lzma": lzma.decompress,
            "x-zstd": _unzstd}
