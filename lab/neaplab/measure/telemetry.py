"""Reads libneap's live bytes out of a running relay, without its help: struct neap_telemetry of include/neap/neap.h.

Needs the right to read the other process: root, or a relay that did not make itself undumpable, as the lab's torrc
says (DisableDebuggerAttachment 0).
"""

import ctypes
import os
import struct

from .proc import mapped_file

LIBRARY = "libneap.so"
SYMBOL = b"neap_telemetry"
MAGIC = 0x314D4C5450414E45
HEAD = struct.Struct("<QIIIIQQQ")  # magic version size control threads served small_bytes large_bytes

SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL_ENTRY = struct.Struct("<IBBHQQ")
SHT_DYNSYM = 11

libc = ctypes.CDLL(None, use_errno=True)


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def symbol_value(path, wanted):
    """Value of a dynamic symbol of an ELF64 file, or None."""
    with open(path, "rb") as file:
        image = file.read()
    offset, = struct.unpack_from("<Q", image, 0x28)
    size, count = struct.unpack_from("<HH", image, 0x3A)
    sections = [SECTION.unpack_from(image, offset + i * size) for i in range(count)]
    for section in sections:
        if section[1] != SHT_DYNSYM:
            continue
        names = sections[section[6]][4]
        for at in range(section[4], section[4] + section[5], SYMBOL_ENTRY.size):
            name, _, _, _, value, _ = SYMBOL_ENTRY.unpack_from(image, at)
            if image[names + name:image.index(b"\0", names + name)] == wanted:
                return value
    return None


def read_memory(pid, address, size):
    buffer = ctypes.create_string_buffer(size)
    here, there = IoVec(ctypes.addressof(buffer), size), IoVec(address, size)
    got = libc.process_vm_readv(ctypes.c_int(pid), ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    if got != size:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return buffer.raw


class Telemetry:
    """Of one process. Finds the library at the first look; a process without it has no telemetry."""

    def __init__(self, pid):
        self.pid = pid
        found = mapped_file(pid, LIBRARY)
        value = symbol_value(found[0], SYMBOL) if found else None
        self.address = found[1] + value if value is not None else None

    def live_bytes(self):
        """(bytes of live small objects, of live large ones), or None. Large ones count whole, touched or not."""
        if self.address is None:
            return None
        try:
            fields = HEAD.unpack(read_memory(self.pid, self.address, HEAD.size))
        except OSError:
            return None
        return (fields[6], fields[7]) if fields[0] == MAGIC else None
