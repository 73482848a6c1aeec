"""One page for each verb, every option on it, and nothing that a formatter complains about."""
import os
import re
import subprocess
import tempfile
import unittest

from manual import NEAP, SHARE, SOURCE, all_verbs, help_of, needs, options_of, parts_of

PAGES = sorted((SHARE / "man").glob("man*/*"))


def rendered(page):
    result = subprocess.run(["man", "--warnings=w", "--local-file", page], capture_output=True, text=True, timeout=600,
                            env={"MANWIDTH": "200", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "MAN_KEEP_FORMATTING": ""})
    return re.sub(r"\x1b\[[0-9;]*m|.\x08", "", result.stdout), result.stderr


class Pages(unittest.TestCase):
    def test_one_for_each_verb_and_none_else(self):
        found = {page.name for page in PAGES if page.suffix == ".1"}
        self.assertEqual(found, {"neap.1"} | {f"neap-{verb}.1" for verb in parts_of(help_of())})

    @needs("man")
    def test_every_option_is_told(self):
        for verb in all_verbs():
            text, _ = rendered(SHARE / f"man/man1/neap-{verb[0]}.1")
            for option in options_of(help_of(*verb)):
                with self.subTest(verb=verb, option=option):
                    self.assertRegex(text, rf"(?m)^ +(.*, )?{re.escape(option)}\b")

    def headings(self):
        """(verb, the headings of what it prints), from its tables themselves."""
        with tempfile.TemporaryDirectory() as folder:
            def said(*words):
                done = subprocess.run([NEAP, *words], capture_output=True, text=True, timeout=600, cwd=folder, check=True, stdin=subprocess.DEVNULL)
                return done.stdout
            def table_in(text):  # behind the verdict
                return text[text.index("ALLOCATOR"):]
            yield "allocators", said("allocators")
            yield "compare", table_in(said("compare", "-q", "-n", "1", "-a", "libc,libc-arena1", "--keep", "kept", "--", "sleep", "0.05"))
            yield "report", table_in(said("report", "-q", f"kept/{os.listdir(f'{folder}/kept')[0]}"))
            said("trace", "record", "-q", "-o", "a.trace", "--", "ls", "/")
            yield "trace", said("trace", "info", "a.trace").split("\n\n")[1]
            yield "trace", said("trace", "replay", "-q", "-a", "libc,libc-arena1", "a.trace").split("\n\n")[1]
            with open(f"{folder}/a.csv", "w") as file:
                file.write("timestamp,type,nickname,rss_kb\n" + "".join(f"2026-01-{day:02}T00:00,relay,r{day % 4},{1000 + day}\n" for day in range(1, 28)))
            said("experiment", "import", "./a.neapexp", "a.csv")
            report = said("experiment", "report", "./a.neapexp")
            yield "experiment", table_in(report)
            yield "experiment", report[report.index("DAY FROM"):]

    @needs("man")
    def test_every_column_is_told(self):
        for verb, table in self.headings():
            text, _ = rendered(SHARE / f"man/man1/neap-{verb}.1")
            columns = text.partition("\nCOLUMNS\n")[2].partition("\nFILES\n")[0]
            for heading in re.split(r"  +", table.splitlines()[0].strip()):
                if heading != "all":  # a group's own name over its days
                    with self.subTest(verb=verb, heading=heading):
                        self.assertRegex(columns, rf"(?m)^ +{re.escape(heading)}( |$)")

    @needs("man")
    def test_every_file_is_told(self):
        sources = "".join(path.read_text() for path in (SOURCE / "tool").rglob("*") if path.suffix in (".cc", ".h"))
        told = "".join(rendered(page)[0] for page in PAGES)
        for file in ("/etc/ld.so.preload", "/etc/neap/except", "/var/lib/neap", "/var/lib/neap/experiments", "/environment.d/50-neap.conf",
                     "/.local/bin/", "/.local/state"):
            with self.subTest(file=file):
                self.assertIn(f'"{file}"', sources)
                self.assertIn(file, told)
        for ending in (".neaprec", ".neapexp", ".trace"):
            self.assertIn(ending, told)

    @needs("man")
    def test_every_library_option_is_told_with_its_default(self):
        text, _ = rendered(SHARE / "man/man7/libneap.7")
        table = (SOURCE / "src/base/options.h").read_text()
        keys = re.findall(r'\{"(\w+)", &Options::', table)
        self.assertGreater(len(keys), 3)
        for key in keys:
            self.assertRegex(text, rf"(?ms)^ +{key}\b.*?default \d+K?\.")

    @needs("man")
    def test_groff_warns_of_nothing(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                self.assertEqual(rendered(page)[1], "")

    @needs("mandoc")
    def test_mandoc_warns_of_nothing(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, timeout=600)
                self.assertEqual(lint.stdout + lint.stderr, "")
