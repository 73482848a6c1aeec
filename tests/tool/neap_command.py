"""Runs the neap command for the tests beside this file. NEAP names the program."""
import os
import subprocess
import tempfile
import unittest

NEAP = os.environ["NEAP"]
HERE = os.path.dirname(os.path.abspath(__file__))


def neap(*arguments, timeout=60, **options):
    return subprocess.run([NEAP, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, **options)


class NeapTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="neap-tool-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def expect(self, code, stderr, *arguments, **options):
        """The command ends with `code` and says exactly `stderr` (one line, or nothing)."""
        result = neap(*arguments, cwd=self.folder, **options)
        self.assertEqual(result.stderr, stderr + "\n" if stderr else "")
        self.assertEqual(result.returncode, code)
        return result.stdout
