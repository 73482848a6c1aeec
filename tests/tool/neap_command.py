"""Runs the neap command for the tests beside this file. NEAP names the program."""
import contextlib
import os
import sqlite3
import subprocess
import tempfile
import time
import unittest

NEAP = os.environ["NEAP"]
HANG_S = 600  # nothing here takes so long, on however busy a machine
HERE = os.path.dirname(os.path.abspath(__file__))


def neap(*arguments, timeout=HANG_S, behind=(), **options):
    """`behind`: a command that starts it."""
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([*behind, NEAP, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, **options)


def until(condition):
    """Waits for what has to come; returns it."""
    deadline = time.monotonic() + HANG_S
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("what the test waits for never came")
        time.sleep(0.02)
    return found


def rows(recording, query):
    with contextlib.closing(sqlite3.connect(f"file:{recording}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


class FakeSystemd:
    """Its units are processes of the test. `behind` starts a command that sees it where systemd has its socket."""

    def __init__(self, test):
        self.units, run = test.path("units"), test.path("run")
        os.makedirs(f"{run}/systemd/system")
        self.tell({})
        server = subprocess.Popen([os.environ["FAKE_SYSTEMD"], f"{run}/systemd/private", self.units], stdout=subprocess.PIPE)
        test.addCleanup(server.communicate)
        test.addCleanup(server.kill)
        server.stdout.readline()
        as_root = ["--map-root-user"] if os.geteuid() != 0 else []
        self.behind = ["unshare", *as_root, "--mount", "sh", "-c", f'mount --bind {run} /run && exec "$@"', "sh"]

    def tell(self, units):
        with open(self.units + ".new", "w") as file:
            file.writelines(f"{unit} {pid}\n" for unit, pid in units.items())
        os.rename(self.units + ".new", self.units)


class NeapTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="neap-tool-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def seen(self, recording, query):
        """Waits until the recording, readable while it is written, answers the query with something."""
        def answer():
            try:
                return os.path.exists(self.path(recording + "-wal")) and any(row[0] for row in rows(self.path(recording), query))
            except sqlite3.OperationalError:  # there is no table in it yet
                return False
        until(answer)

    def expect(self, code, stderr, *arguments, **options):
        """The command ends with `code` and says exactly `stderr` (one line, or nothing)."""
        result = neap(*arguments, cwd=self.folder, **options)
        self.assertEqual(result.stderr, stderr + "\n" if stderr else "")
        self.assertEqual(result.returncode, code)
        return result.stdout
