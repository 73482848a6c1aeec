"""A core file of a live process, as the kernel writes one: segments, their contents, the names of mapped files."""
import re
import struct

NT_FILE, NT_PRPSINFO = 0x46494C45, 3
PAGE = 4096


def mappings(pid):
    with open(f"/proc/{pid}/maps") as file:
        for line in file:
            start, end, rights, offset, path = re.match(r"(\w+)-(\w+) (\S+) (\w+) \S+ \d+ *(.*)", line).groups()
            if path not in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                yield int(start, 16), int(end, 16), rights, int(offset, 16), path


def note(kind, body):
    return struct.pack("<III8s", 5, len(body), kind, b"CORE\0") + body + b"\0" * (-len(body) % 4)


def notes(pid, rows):
    with open(f"/proc/{pid}/comm") as file:
        name = file.read().strip().encode()
    files = [row for row in rows if row[4].startswith("/")]
    table = struct.pack("<QQ", len(files), PAGE) + b"".join(struct.pack("<QQQ", s, e, o // PAGE) for s, e, _, o, _ in files)
    table += b"".join(path.encode() + b"\0" for *_, path in files)
    return note(NT_PRPSINFO, b"\0" * 40 + name.ljust(16, b"\0") + b"\0" * 80) + note(NT_FILE, table)


def write_core(pid, path):
    rows = list(mappings(pid))
    told = notes(pid, rows)
    flags = {"r": 4, "w": 2, "x": 1}
    at = 64 + 56 * (len(rows) + 1)
    headers = [struct.pack("<IIQQQQQQ", 4, 0, at, 0, 0, len(told), len(told), 4)]
    at = (at + len(told) + PAGE - 1) // PAGE * PAGE
    with open(path, "wb") as core, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end, rights, _, _ in rows:
            kept = end - start if "r" in rights else 0
            headers.append(struct.pack("<IIQQQQQQ", 1, sum(flags.get(r, 0) for r in rights), at, start, 0, kept, end - start, PAGE))
            if kept:
                core.seek(at)
                memory.seek(start)
                core.write(memory.read(kept))
            at += kept
        core.seek(0)
        core.write(b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(headers), 0, 0, 0))
        core.write(b"".join(headers) + told)
