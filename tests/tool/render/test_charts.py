"""Charts at a glance: names at the lines' ends, colours and dashes that anybody tells apart, clocks, many lines; and tables
in terminals of 80 and 40 columns."""
import fcntl
import itertools
import json
import math
import os
import pty
import re
import struct
import subprocess
import termios
import xml.etree.ElementTree as xml

import fixture
from neap_command import NEAP, NeapTest, neap

NAMED = ("neap", "libc", "jemalloc", "mimalloc", "tcmalloc", "scudo")
LEAST_DISTANCE = 10  # CIE76; two colours at 2 or 3 are one to most people
# Machado, Oliveira, Fernandes 2009, severity 1: linear RGB as people without one kind of cone see it.
SIGHT = {"all three": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
         "deuteranopia": ((.367322, .860646, -.227968), (.280085, .672501, .047413), (-.011820, .042940, .968881)),
         "protanopia": ((.152286, 1.052583, -.204868), (.114503, .786281, .099216), (-.003882, -.048116, 1.051998)),
         "tritanopia": ((1.255528, -.076749, -.178779), (-.078411, .930809, .147602), (.004733, .691367, .303900))}


def lab(colour, matrix):
    channels = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= .04045 else ((value + .055) / 1.055) ** 2.4 for value in channels]
    seen = [min(1, max(0, sum(a * b for a, b in zip(row, linear)))) for row in matrix]
    xyz = [sum(a * b for a, b in zip(row, seen)) / white for row, white in
           zip(((.4124, .3576, .1805), (.2126, .7152, .0722), (.0193, .1192, .9505)), (.9505, 1, 1.089))]
    x, y, z = (value ** (1 / 3) if value > .008856 else 7.787 * value + 16 / 116 for value in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


class Charts(NeapTest):
    def written(self, labels, *options, seconds=60, **facts):
        names = []
        for at, label in enumerate(labels):
            if os.path.exists(self.path(f"{at}.neaprec")):
                os.remove(self.path(f"{at}.neaprec"))
            names.append(fixture.write(self.path(f"{at}.neaprec"), label, [50 + 10 * at + second % 3 for second in range(seconds)], 1, **facts))
        self.expect(0, "", "report", "-q", *names, "-o", "r.html", "--svg", "s.svg", *options)
        with open(self.path("r.html")) as html, open(self.path("s.svg")) as svg:
            return json.loads(html.read().split('id="data">')[1].split("</script>")[0]), xml.fromstring(svg.read())

    def test_colours_for_all_eyes(self):
        data, _ = self.written(NAMED)
        for theme in ("light", "dark"):
            colours = {line["label"]: line[theme] for line in data["lines"]}
            for (one, a), (other, b) in itertools.combinations(colours.items(), 2):
                for sight, matrix in SIGHT.items():
                    self.assertGreater(math.dist(lab(a, matrix), lab(b, matrix)), LEAST_DISTANCE, f"{one} and {other}, {theme}, {sight}")

    def test_the_old_palette_would_be_noticed(self):
        self.assertLess(math.dist(lab("#7c3aed", SIGHT["deuteranopia"]), lab("#2563eb", SIGHT["deuteranopia"])), LEAST_DISTANCE)

    def test_each_line_by_its_look(self):
        data, _ = self.written([*NAMED, *(f"mine{at}" for at in range(14))])
        self.assertEqual(len({(line["light"], tuple(line["dash"])) for line in data["lines"]}), 20)
        self.assertEqual(len({tuple(line["dash"]) for line in data["lines"][:6]}), 6)  # by dash alone, in print

    def test_many_lines_keep_their_names_within_the_picture(self):
        labels = [f"a name of some length, number {at}" for at in range(15)] + ["/usr/lib/x86_64-linux-gnu/libsomething_malloc.so.2"]
        _, svg = self.written(labels)
        names = [text for text in svg.iter("{http://www.w3.org/2000/svg}text") if "name" in text.get("class").split() and float(text.get("x")) > 820]
        self.assertEqual(len(names), 16)
        ys = sorted(float(name.get("y")) for name in names)
        self.assertGreater(min(b - a for a, b in zip(ys, ys[1:])), 11)
        for name in names:
            self.assertLess(float(name.get("x")) + 8.4 * len(name.text), 1000 + 1, name.text)
        for text in svg.iter("{http://www.w3.org/2000/svg}text"):
            self.assertLess(float(text.get("y")), float(svg.get("height")), text.text)

    def test_hours_have_a_clock(self):
        """From 03:04:05 on, for five hours."""
        data, svg = self.written(["libc"], seconds=18000)
        self.assertEqual(data["clock"], 1767323045)
        ticks = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text") if text.get("class", "").startswith("tick") and ":" in (text.text or "")]
        self.assertEqual(ticks[:5], ["04:00", "05:00", "06:00", "07:00", "08:00"])
        data, _ = self.written(["libc"], seconds=60)
        self.assertNotIn("clock", data)


class Tables(NeapTest):
    def columns_of(self, text):
        return max(len(line) for line in text.splitlines())

    def test_no_line_is_longer_than_the_terminal(self):
        recordings = fixture.write_all(self.folder)
        recordings.append(fixture.write(self.path("long.neaprec"), "/usr/lib/x86_64-linux-gnu/libsomething_malloc.so.2", [90] * 60, 2))
        whole = neap("report", *recordings, env={**os.environ, "COLUMNS": "300"}).stdout
        for width in (80, 60, 40):
            for command in (("report", *recordings), ("allocators",)):
                text = neap(*command, env={**os.environ, "COLUMNS": str(width)}).stdout
                if command[0] == "report":
                    self.assertLessEqual(self.columns_of(text), width, text)
                    numbers = re.findall(r"\d+\.\d+", whole)
                    self.assertEqual(sorted(re.findall(r"\d+\.\d+", text)), sorted(numbers))  # nothing is left out
            self.assertIn(".../libsomething_ma" if width >= 80 else "libsom", text if command[0] == "report" else neap("report", *recordings, env={**os.environ, "COLUMNS": str(width)}).stdout)

    def test_a_terminal_tells_its_width(self):
        recordings = fixture.write_all(self.folder)
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 44, 0, 0))
        done = subprocess.Popen([NEAP, "report", *recordings], stdout=theirs, stdin=subprocess.DEVNULL)
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(ours, 65536):
                text += chunk
        except OSError:  # the other end is closed
            pass
        done.wait()
        os.close(ours)
        self.assertLessEqual(self.columns_of(text.decode()), 44)

    def test_wide_letters(self):
        recordings = [fixture.write(self.path("a.neaprec"), "漢字", [100] * 9, 1), fixture.write(self.path("b.neaprec"), "libc", [50] * 9, 1)]
        lines = self.expect(0, "", "report", *recordings).splitlines()
        head, wide, plain = (line for line in lines if line.startswith(("ALLOCATOR", "漢字", "libc   ")))
        self.assertEqual(len(wide) + 2, len(plain))  # two letters of two columns each


class Verdicts(NeapTest):
    def verdict(self, **rows):
        """`rows`: label -> the memory of each run, in MiB."""
        for name in os.listdir(self.folder):
            os.remove(self.path(name))
        names = [fixture.write(self.path(f"{label}{at}.neaprec"), label, [mib] * 10, 2) for label, runs in rows.items() for at, mib in enumerate(runs)]
        text = self.expect(0, "", "report", *names)
        spoken = json.loads(self.expect(0, "", "report", "--json", *names))["verdict"]
        self.assertEqual(text.split("\n")[0], spoken + "." if spoken else "")
        return spoken

    def test_shown(self):
        self.assertEqual(self.verdict(libc=(300, 303, 306), mimalloc=(60, 61, 62), neap=(36, 37, 38)),
                         "neap holds 37.0 MiB, 0.61 of mimalloc and 0.12 of libc, no difference in CPU to libc shown (3 runs, spread 3%)")

    def test_not_shown(self):
        self.assertEqual(self.verdict(libc=(100, 120), neap=(95, 118)),
                         "No difference in memory that these 2 runs can show: neap holds 106.5 MiB, libc as much, no difference in CPU to libc shown (spread 11%)")
        self.assertEqual(self.verdict(libc=(300, 303, 306), mimalloc=(36, 40, 44), neap=(36, 37, 45)),
                         "neap holds 37.0 MiB, 0.12 of libc, no difference in CPU to libc shown (3 runs, spread 12%); between neap and mimalloc these runs show no difference")

    def test_one_run(self):
        self.assertEqual(self.verdict(libc=(100,), neap=(50,)),
                         "neap holds 50.0 MiB, 0.50 of libc, at 1.00 of libc's CPU (1 run: nobody knows what is chance)")
        self.assertEqual(self.verdict(libc=(100,)), "libc holds 100.0 MiB (1 run: nobody knows what is chance)")

    def test_outliers_say_what_to_do(self):
        self.verdict(libc=(150, 100, 101, 102, 100), neap=(50, 51, 50, 90, 51))
        text = neap("report", *[self.path(name) for name in sorted(os.listdir(self.folder))]).stdout
        self.assertIn("(!) run 1 of libc stands out, 1.49 times the median MEAN: what it reads was not cached yet? --warmup 1 leaves such a run out.", text)
        self.assertIn("(!) run 4 of neap stands out, 1.76 times the median MEAN: something else ran on the machine? quiet it, or take more --runs.", text)
