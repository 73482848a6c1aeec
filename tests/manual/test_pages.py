"""One page for each verb, every option on it, and nothing that a formatter complains about."""
import re
import subprocess
import unittest

from manual import SHARE, SOURCE, all_verbs, help_of, needs, options_of, parts_of

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
