"""Recordings with known content: two allocators, two runs of one of them, one sample a second. Where libneap tells its live
bytes, all but 5 MiB of the memory is its heap's: the floor is then live + 5 MiB."""
import json
import sqlite3

MIB = 1 << 20


def write(path, label, memory, user_seconds, live=None, command=("tor", "-f", "a<b&c")):
    """`memory`: RSS in MiB, one value a second."""
    with sqlite3.connect(path) as database:
        database.executescript(f"PRAGMA application_id={0x4e454150}; PRAGMA user_version=1;"
                               "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
                               "CREATE TABLE process (id INTEGER PRIMARY KEY, pid INTEGER, parent_pid INTEGER, name TEXT, first_seen_us INTEGER);"
                               "CREATE TABLE sample (process INTEGER, at_us INTEGER, rss INTEGER, peak_rss INTEGER, swap INTEGER, threads INTEGER,"
                               " minor_faults INTEGER, major_faults INTEGER, user_us INTEGER, system_us INTEGER, pss INTEGER, private_dirty INTEGER,"
                               " anonymous INTEGER, lazy_free INTEGER, huge_pages INTEGER, mappings INTEGER, live INTEGER, heap_resident INTEGER)")
        facts = {"label": label, "allocator": label, "command": json.dumps(command), "kernel": "Linux 6.1.0 x86_64",
                 "started_at": "2026-01-02T03:04:05Z", "interval_s": "1", "wall_s": len(memory), "own_cpu_percent": "0.02",
                 "detail_interval_s": "1", "exit_code": "0", "user_s": user_seconds, "system_s": "0.5",
                 "peak_rss": (max(memory) + 1) * MIB, "minor_faults": 12345, "major_faults": 0}
        database.executemany("INSERT INTO fact VALUES (?,?)", [(name, str(value)) for name, value in facts.items()])
        database.execute("INSERT INTO process VALUES (1, 100, 1, 'tor', 0)")
        for second, value in enumerate(memory):
            database.execute("INSERT INTO sample VALUES (1,?,?,?,0,5,?,0,?,0,?,NULL,NULL,NULL,NULL,NULL,?,?)",
                             (second * 1_000_000, value * MIB, value * MIB, 100 * second, 10_000 * second, value * MIB // 2,
                              live and live * MIB, live and (value - 5) * MIB))
    return path


def write_all(folder):
    return [write(f"{folder}/libc.neaprec", "libc", [100 + 4 * at for at in range(60)], 2),
            write(f"{folder}/neap-1.neaprec", "neap", [60 + at % 7 for at in range(60)], 2.1, live=50),
            write(f"{folder}/neap-2.neaprec", "neap", [64 + at % 5 for at in range(58)], 2.3, live=50)]
