"""neap report on recordings with known content, against golden files. UPDATE_GOLDEN=1 writes them anew: read the diff."""
import json
import os
import resource
import shutil
import unittest
import xml.etree.ElementTree as xml

import fixture
from neap_command import HERE, NeapTest, neap


class Report(NeapTest):
    def setUp(self):
        super().setUp()
        self.recordings = fixture.write_all(self.folder)

    def golden(self, name, text):
        path = os.path.join(HERE, "golden", name)
        if os.environ.get("UPDATE_GOLDEN"):
            with open(path, "w") as file:
                file.write(text)
        with open(path) as file:
            self.assertEqual(text, file.read())

    def written(self, option, name):
        result = neap("report", *self.recordings, option, self.path(name))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        with open(self.path(name)) as file:
            return file.read()

    def test_table(self):
        self.golden("table.txt", self.expect(0, "", "report", *self.recordings))

    def test_json(self):
        text = self.expect(0, "", "report", "--json", *self.recordings)
        self.assertEqual(text, self.expect(0, "", "--json", "report", *self.recordings))
        self.golden("table.json", text)
        libc, lean = json.loads(text)["rows"]
        self.assertAlmostEqual(libc["quantities"]["mean_rss"]["median"] / fixture.MIB, 218, places=3)
        self.assertAlmostEqual(libc["quantities"]["second_half_mean_rss"]["median"] / fixture.MIB, 278, places=3)
        self.assertEqual(libc["quantities"]["peak_rss"]["median"] / fixture.MIB, 337)
        self.assertEqual(len(lean["runs"]), 2)
        self.assertAlmostEqual(lean["quantities"]["cpu"]["median"], 2.7)

    def test_markdown(self):
        self.golden("table.md", self.written("--md", "t.md"))

    def test_csv(self):
        lines = self.written("--csv", "t.csv").splitlines()
        self.assertEqual(len(lines), 1 + 60 + 60 + 58)
        self.assertEqual(lines[1], "1,libc,100,tor,0,104857600,104857600,0,5,0,0,0,0,52428800,,,,,,,,0,0,0,0")

    def test_svg(self):
        text = self.written("--svg", "t.svg")
        self.golden("chart.svg", text)
        root = xml.fromstring(text)
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        shown = "".join(root.itertext())
        for words in ("libc", "neap", "tor -f a<b&c", "mean 218.0 MiB"):
            self.assertIn(words, shown)

    @unittest.skipUnless(shutil.which("rsvg-convert"), "rsvg-convert is not installed")
    def test_png(self):
        neap("report", *self.recordings, "--png", self.path("t.png"))
        with open(self.path("t.png"), "rb") as file:
            head = file.read(24)
        self.assertEqual((head[:8], int.from_bytes(head[16:20], "big")), (b"\x89PNG\r\n\x1a\n", 2000))

    def test_png_without_rsvg(self):
        result = neap("report", *self.recordings, "--png", self.path("t.png"), env=dict(os.environ, PATH="/nonexistent"))
        self.assertEqual((result.returncode, result.stderr),
                         (125, "neap: PNG needs rsvg-convert; to get it: apt install librsvg2-bin (or use --svg)\n"))

    def test_commands_are_shown_without_their_folders(self):
        for number in (1, 2):
            fixture.write(self.path(f"{number}.neaprec"), "tor", [100, 101], 1,
                          command=("/usr/sbin/tor", "--defaults-torrc", "/dev/null", "-f", f"/srv/relays/{number}/torrc", "--log=/var/log/tor/x"))
        self.expect(0, "", "report", "1.neaprec", "2.neaprec", "--svg", "t.svg")
        with open(self.path("t.svg")) as file:
            text = file.read()
        self.assertEqual(text.count("Command: tor --defaults-torrc /dev/null -f .../torrc --log=.../x<"), 1)  # two relays, one line
        self.assertNotIn("/srv", text)

    def test_two_days_on_one_scale(self):
        """The size of a report does not grow with the recordings, and making it takes seconds."""
        for label, level in (("libc", 300), ("neap", 90)):
            fixture.write(self.path(f"day-{label}.neaprec"), label, [level + at % 5 for at in range(86400)], 2)
        self.assertLess(os.path.getsize(self.path("day-libc.neaprec")), 6 << 20)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        table = self.expect(0, "", "report", "-q", "day-libc.neaprec", "day-neap.neaprec", "-o", "r.html")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(after.ru_utime - before.ru_utime, 5)
        self.assertIn("302.0", table)
        with open(self.path("r.html")) as file:
            html = file.read()
        self.assertLess(len(html), 1 << 20)
        lines = json.loads(html.split('id="data">')[1].split("</script>")[0])["lines"]
        for line, level in zip(lines, (300, 90)):
            self.assertLessEqual(len(line["points"]), 1602)
            self.assertEqual({(point[0], point[2]) for point in line["points"] if point},
                             {(level * fixture.MIB, (level + 4) * fixture.MIB)})  # no extreme is lost
