"""300 recordings, traces and experiments with bytes changed, cut off and put in: each ends with 0, 2 or 125 and a line, and
neither crashes nor hangs nor eats the machine. NEAP_DAMAGED_SEED sets another start, NEAP_DAMAGED_COUNT another number."""
import contextlib
import os
import random
import resource
import sqlite3
import subprocess

import fixture
from neap_command import NEAP, NeapTest, neap

SEED = int(os.environ.get("NEAP_DAMAGED_SEED", "11"))
COUNT = int(os.environ.get("NEAP_DAMAGED_COUNT", "300"))
CODES = (0, 2, 125)
MOST_MEMORY = 3 << 30
MOST_CPU_S = 20


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))


def damaged(whole, chance):
    """One of the ways in which files go wrong."""
    content = bytearray(whole)
    kind = chance.randrange(6)
    if kind == 0:
        return bytes(content[:chance.randrange(len(content))])
    if kind == 1:
        start = chance.randrange(len(content))
        content[start:start + chance.randrange(1, 4096)] = b""
    elif kind == 2:
        start = chance.randrange(len(content))
        content[start:start + 512] = bytes(512)
    elif kind == 3:
        start = chance.randrange(len(content))
        content[start:start] = chance.randbytes(chance.randrange(1, 600))
    else:  # a few bytes, most often among the first, where the format is told
        for _ in range(chance.choice((1, 4, 40))):
            content[chance.randrange(min(len(content), chance.choice((128, 4096, len(content)))))] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
    return bytes(content)


class Damaged(NeapTest):
    def sources(self):
        """(file, the commands that read it): whole ones of each kind."""
        fixture.write(self.path("a.neaprec"), "neap", [100 + at % 9 for at in range(40)], 2, live=50)
        with open(self.path("a.csv"), "w") as file:
            file.write("timestamp,type,nickname,rss_kb\n" + "".join(f"2026-01-{day:02}T00:00,relay,r{day % 4},{1000 + day}\n" for day in range(1, 28)))
        self.assertEqual(neap("experiment", "import", "./a.neapexp", "a.csv", cwd=self.folder).returncode, 0)
        self.assertEqual(neap("trace", "record", "-q", "-o", "a.trace", "--", "ls", "/", cwd=self.folder).returncode, 0)
        outputs = ("-o", "out.html", "--svg", "out.svg", "--csv", "out.csv", "--md", "out.md", "--json=out.json")
        return [("a.neaprec", [("report", "x", *outputs)]),
                ("a.neapexp", [("experiment", "report", "./x", *outputs)]),
                ("a.trace", [("trace", "info", "x"), ("trace", "replay", "-q", "-a", "libc", "--samples", "5", "x"),
                             ("trace", "cut", "-q", "--force", "x", "out.trace")])]

    def test_damaged_files(self):
        chance = random.Random(SEED)
        sources = self.sources()
        wholes = {name: open(self.path(name), "rb").read() for name, _ in sources}
        seen = {code: 0 for code in CODES}
        for number in range(COUNT):
            name, commands = sources[number % len(sources)]
            with open(self.path("x"), "wb") as file:
                file.write(damaged(wholes[name], chance))
            command = commands[chance.randrange(len(commands))]
            result = subprocess.run([NEAP, *command], cwd=self.folder, capture_output=True, stdin=subprocess.DEVNULL, preexec_fn=limits)
            about = f"{name} {number} of seed {SEED}, {' '.join(command)}: {result.stderr!r}"
            self.assertIn(result.returncode, CODES, about)
            if result.returncode != 0:
                self.assertRegex(result.stderr.decode(), r"^(neap: [^\n]+\n)+$", about)
            self.assertNotIn(b"std::", result.stderr, about)
            self.assertNotIn(b"json.exception", result.stderr, about)
            seen[result.returncode] += 1
        self.assertGreater(seen[2], COUNT // 10)
        self.assertGreater(seen[0], 0)

    def test_figures_that_are_none(self):
        """Whole files with values that no recorder writes."""
        changes = ["UPDATE sample SET at_us = 4611686018427387904 WHERE rowid = 20", "UPDATE sample SET at_us = -5", "UPDATE sample SET rss = -1",
                   "UPDATE sample SET rss = 9223372036854775807", "DROP TABLE fact", "DROP TABLE process", "DROP TABLE sample"]
        changes += [f"INSERT OR REPLACE INTO fact VALUES ('{name}', '{value}')" for value in ("nan", "inf", "-1", "1e300", "x")
                    for name in ("interval_s", "wall_s", "user_s", "peak_rss", "exit_code", "asked_to_stop_s", "most_processes")]
        for change in changes:
            fixture.write(self.path("x"), "neap", [100 + at % 9 for at in range(40)], 2, live=50)
            with contextlib.closing(sqlite3.connect(self.path("x"))) as database, database:
                database.execute(change)
            result = subprocess.run([NEAP, "report", "x", "-o", "out.html", "--svg", "out.svg"], cwd=self.folder, capture_output=True, text=True, preexec_fn=limits)
            self.assertEqual(result.returncode, 2, f"{change}: {result.stdout} {result.stderr}")
            self.assertRegex(result.stderr, r"^neap: .* is damaged: [^\n]+\n$", change)
            os.remove(self.path("x"))
