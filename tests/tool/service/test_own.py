"""One's own switches, as status and disable --all see them: no root, no systemd."""
import json
import os
import unittest

from neap_command import NeapTest, neap


class Own(NeapTest):
    """A home of its own, a machine on which neap has switched nothing, and no systemd of anybody's."""

    def setUp(self):
        super().setUp()
        as_root = ["--map-root-user"] if os.geteuid() != 0 else []
        self.behind = ["unshare", *as_root, "--mount", "sh", "-c",
                       'for folder in /var/lib /run; do mount -t tmpfs none $folder; done; exec "$@"', "sh"]
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        self.environment["HOME"] = self.folder

    def neap(self, *arguments, code=0):
        result = neap(*arguments, behind=self.behind, env=self.environment, cwd=self.folder)
        self.assertEqual(result.returncode, code, result.stderr)
        return result.stdout

    def targets(self, *options):
        return [(row["scope"], row["target"], row["state"]) for row in json.loads(self.neap("status", "--json", *options))]

    def test_status_shows_them_beside_the_systems(self):
        self.assertEqual(self.targets(), [])
        self.neap("enable", "--user")
        self.neap("enable", "--user", "cat", "-a", "libc-arena1")
        both = [("user", "cat", "on"), ("user", "session", "on")]
        self.assertEqual(self.targets(), both)
        self.assertEqual(self.targets("--user"), both)
        self.assertRegex(self.neap("status"), r"(?m)^session \(--user\) +neap ")

    def test_disable_all_takes_them_back(self):
        before = sorted(os.listdir(self.folder))
        self.neap("enable", "--user")
        self.neap("enable", "--user", "cat")
        said = self.neap("disable", "--all")
        self.assertIn("session is as it was before neap\n", said)
        self.assertIn("cat is as it was before neap\n", said)
        self.assertEqual(self.targets(), [])
        self.assertEqual([name for name in sorted(os.listdir(self.folder)) if name not in (".local", *before)], [])
        self.assertFalse(os.path.exists(self.path(".local/bin/cat")))

    def test_without_any_there_is_nothing_to_do(self):
        self.assertEqual(self.neap("disable", "--all"), "neap has switched nothing here: nothing to do\n")


if __name__ == "__main__":
    unittest.main()
