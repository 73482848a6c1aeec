"""Nothing of the user's is destroyed: inputs, files of other kinds, what a killed recorder or a full disk left."""
import json
import os
import resource
import signal
import sqlite3
import subprocess

import fixture
from neap_command import HANG_S, NEAP, NeapTest, neap, until

LATIN = os.fsencode("caf") + b"\xe9"  # no UTF-8


def content(path):
    with open(path, "rb") as file:
        return file.read()


class Kept(NeapTest):
    """Every refusal leaves the file as it was, says why in one line and ends with 2."""

    def refused(self, words, path, *arguments, **options):
        before = content(self.path(path))
        result = neap(*arguments, cwd=self.folder, **options)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertRegex(result.stderr, rf"^neap: [^\n]*{words}[^\n]*\n$")
        self.assertEqual(content(self.path(path)), before)
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith(".")], "something was left behind")

    def experiment(self):
        with open(self.path("a.csv"), "w") as file:
            file.write("timestamp,type,nickname,rss_kb\n2026-01-05T00:00,relay,one,1000\n2026-01-06T00:00,relay,one,1100\n")
        self.assertEqual(neap("experiment", "import", "./g.neapexp", "a.csv", cwd=self.folder).returncode, 0)

    def trace(self, name="t.trace"):
        result = neap("trace", "record", "-q", "-o", name, "--", "true", cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_an_input_is_never_an_output(self):
        fixture.write_all(self.folder)
        os.symlink("libc.neaprec", self.path("link"))
        self.refused("is what this command reads", "libc.neaprec", "report", "libc.neaprec", "-o", "libc.neaprec")
        for option in ("--svg", "--csv", "--json", "--md"):
            self.refused("is what this command reads", "libc.neaprec", "report", "libc.neaprec", f"{option}=link")
        self.experiment()
        self.refused("is what this command reads", "g.neapexp", "experiment", "report", "./g.neapexp", "-o", "./g.neapexp")
        self.trace()
        self.refused("is what this command reads", "t.trace", "trace", "cut", "--force", "t.trace", "t.trace")

    def test_a_file_of_another_kind_is_never_replaced(self):
        fixture.write_all(self.folder)
        self.experiment()
        self.trace()
        with open(self.path("text"), "w") as file:
            file.write("mine")
        for path, kind in (("neap-1.neaprec", "a recording"), ("g.neapexp", "an experiment"), ("t.trace", "a trace")):
            self.refused(f"is {kind} of neap", path, "report", "libc.neaprec", "-o", path)
            self.refused(f"is {kind} of neap", path, "compare", "-n1", "-a", "libc", "-o", path, "--", "true")
        self.refused("is a trace of neap", "t.trace", "record", "--force", "-o", "t.trace", "--", "true")
        self.refused("is a recording of neap", "libc.neaprec", "trace", "record", "--force", "-o", "libc.neaprec", "--", "true")
        self.refused("is no trace", "text", "trace", "record", "--force", "-o", "text", "--", "true")
        self.refused("is no trace", "text", "trace", "cut", "--force", "t.trace", "text")

    def test_recordings_are_not_kept_over_others(self):
        compare = ("compare", "-n1", "-a", "libc", "--keep", "kept", "--", "sleep", "0.1")
        self.assertEqual(neap(*compare, cwd=self.folder).returncode, 0)
        self.refused("exists; choose another folder", "kept/libc-1.neaprec", *compare)
        self.assertEqual(neap("compare", "--force", *compare[1:], cwd=self.folder).returncode, 0)

    def test_what_was_there_stays_until_the_program_runs(self):
        self.assertEqual(neap("record", "-q", "-o", "a.neaprec", "--", "sleep", "0.1", cwd=self.folder).returncode, 0)
        before = content(self.path("a.neaprec"))
        with open(self.path("broken"), "w") as file:
            file.write("#!/nonexistent\n")
        os.chmod(self.path("broken"), 0o755)
        self.assertEqual(neap("record", "-q", "--force", "-o", "a.neaprec", "--", "./broken", cwd=self.folder).returncode, 127)
        self.assertEqual(content(self.path("a.neaprec")), before)
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.neaprec", "broken"])

    def test_another_neap_is_writing(self):
        recorder = subprocess.Popen([NEAP, "record", "-q", "-i", "0.05", "-o", "a.neaprec", "--", "cat"], cwd=self.folder,
                                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.addCleanup(recorder.communicate)
        until(lambda: os.path.exists(self.path("a.neaprec-wal")))
        result = neap("record", "-q", "--force", "-o", "a.neaprec", "--", "true", cwd=self.folder)
        self.assertEqual((result.returncode, result.stderr),
                         (2, "neap: 'a.neaprec' is being written by another neap; choose another name\n"))
        recorder.communicate()
        self.assertEqual(recorder.returncode, 0)
        self.assertEqual(neap("record", "-q", "--force", "-o", "a.neaprec", "--", "true", cwd=self.folder).returncode, 0)

    def test_an_export_replaces_an_export_whole(self):
        recordings = fixture.write_all(self.folder)
        with open(self.path("r.html"), "w") as file:
            file.write("old")
        os.chmod(self.path("r.html"), 0o640)
        os.symlink("r.html", self.path("link.html"))
        self.expect(0, "", "report", "-q", *recordings, "-o", "link.html")
        self.assertTrue(os.path.islink(self.path("link.html")))
        self.assertIn(b"<!DOCTYPE html>", content(self.path("r.html")))
        self.assertEqual(os.stat(self.path("r.html")).st_mode & 0o777, 0o640)

    def test_one_file_for_two_outputs(self):
        fixture.write_all(self.folder)
        self.refused("is named for two outputs", "libc.neaprec", "report", "libc.neaprec", "-o", "x", "--svg", "x")


class Early(NeapTest):
    def test_outputs_are_checked_before_the_runs(self):
        for option in ("-o", "--svg", "--csv", "--md"):
            result = neap("compare", "-n1", "-a", "libc", option, "/nonexistent/x", "--", "touch", self.path("ran"))
            self.assertEqual((result.returncode, result.stderr),
                             (2, "neap: cannot write '/nonexistent/x': No such file or directory\n"))
        self.assertFalse(os.path.exists(self.path("ran")))
        self.expect(2, "neap: '/' is a folder; give the name of a file", "compare", "-n1", "-a", "libc", "-o", "/", "--", "true")

    def test_a_file_that_fails_costs_neither_the_table_nor_the_others(self):
        recordings = fixture.write_all(self.folder)
        result = neap("report", "-q", *recordings, "--svg", "/dev/full", "--csv", "t.csv", cwd=self.folder)
        self.assertEqual((result.returncode, result.stderr), (125, "neap: cannot write '/dev/full': No space left on device\n"))
        self.assertIn("libc", result.stdout)
        self.assertEqual(len(content(self.path("t.csv")).splitlines()), 1 + 60 + 60 + 58)


def with_little_room(room):
    """A process whose files end at `room` bytes: writes beyond fail as on a full disk."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    return {"preexec_fn": limit, "restore_signals": False}


class FullDisk(NeapTest):
    def test_recording(self):
        recorder = subprocess.Popen([NEAP, "record", "-i", "0.001", "--budget", "100", "-o", "a.neaprec", "--", "sh", "-c", "read line; exit 7"],
                                    cwd=self.folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **with_little_room(90_000))
        self.addCleanup(recorder.communicate)
        said = recorder.stderr.readline()
        self.assertRegex(said, r"^neap: cannot \w+ '.*a\.neaprec': .*; the program goes on, what was recorded until here is kept\n$")
        self.assertIsNone(recorder.poll())
        recorder.communicate("\n")
        self.assertEqual(recorder.returncode, 7)
        rows = json.loads(neap("report", "--json", "a.neaprec", cwd=self.folder).stdout)["rows"]
        self.assertGreater(rows[0]["quantities"]["mean_rss"]["median"], 0)

    def test_trace(self):
        loop = "import os\nfor at in range(200000): s = 'x' * (600 + at * 7 % 5000)\nos.write(2, b'done\\n')\nos._exit(7)"
        result = neap("trace", "record", "--level", "1", "-o", "/dev/full", "--", "python3", "-c", loop,
                      env=dict(os.environ, PYTHONMALLOC="malloc"))
        self.assertEqual(result.returncode, 7, result.stderr)
        self.assertRegex(result.stderr, r"(?m)^neap: cannot write the trace: No space left on device; the program goes on, .* is kept$")
        self.assertIn("done\n", result.stderr)


class KilledTrace(NeapTest):
    def test_readable_up_to_the_last_whole_chunk(self):
        loop = "import sys\nfor at in range(300000): s = 'x' * (600 + at * 7 % 5000)\nsys.stdin.read()"
        recorder = subprocess.Popen([NEAP, "trace", "record", "-q", "-o", "t.trace", "--", "python3", "-c", loop], cwd=self.folder,
                                    stdin=subprocess.PIPE, env=dict(os.environ, PYTHONMALLOC="malloc"))
        self.addCleanup(recorder.communicate)
        until(lambda: os.path.exists(self.path("t.trace")) and os.path.getsize(self.path("t.trace")) > 64 + 4096)
        recorder.kill()
        recorder.communicate()
        self.assertEqual([name for name in os.listdir(self.folder) if name != "t.trace"], [])
        for command in (("info",), ("replay", "-q", "-a", "libc")):
            result = neap("trace", *command, "t.trace", cwd=self.folder, timeout=HANG_S)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("t.trace has no end", result.stderr)
        self.assertEqual(neap("trace", "cut", "-q", "t.trace", "whole.trace", cwd=self.folder).returncode, 0)
        self.assertEqual(neap("trace", "info", "whole.trace", cwd=self.folder).stderr, "")


class AnyBytes(NeapTest):
    def test_command_lines_and_labels(self):
        words = ["sh", "-c", "read line", LATIN, "wörter " * 20, "\x1b[31mred\x1b[0m"]
        record = [NEAP, "record", "-q", "-i", "5", "--label", b"l" + LATIN + b"\x1b[5m", "-o", "a.neaprec", "--", *words]
        with subprocess.Popen(record, cwd=self.folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as recorder:
            self.seen("a.neaprec", "SELECT count(*) FROM sample")
            self.assertEqual(recorder.communicate(b"\n")[1], b"")
        self.assertEqual(recorder.returncode, 0)
        (command,), = sqlite3.connect(self.path("a.neaprec")).execute("SELECT value FROM fact WHERE name = 'command'")
        self.assertEqual(json.loads(command)[3:], ["caf\\xe9", "wörter " * 20, "\x1b[31mred\x1b[0m"])
        for form in ((), ("--json",), ("--md", "-"), ("--csv", "-"), ("-o", "r.html"), ("--svg", "s.svg"), ("--title", LATIN)):
            result = subprocess.run([NEAP, "report", "-q", "a.neaprec", *form], cwd=self.folder, capture_output=True)
            self.assertEqual((result.returncode, result.stderr), (0, b""), form)
            if form[:1] != ("--csv",):
                self.assertNotIn(b"\x1b", result.stdout)
            result.stdout.decode()
        for name in ("r.html", "s.svg"):
            self.assertNotIn(b"\x1b", content(self.path(name)))
            content(self.path(name)).decode()

    def test_a_cut_command_stays_whole_characters(self):
        for length in range(60, 76):
            fixture.write(self.path("a.neaprec"), "libc", [100, 101], 1, command=("é" * length, "ü" * 50))
            title = json.loads(self.expect(0, "", "report", "--json", "a.neaprec"))["title"]
            self.assertRegex(title, r"^é+( ü*)?\.\.\.$")
            self.assertLessEqual(len(title), 72)
            os.remove(self.path("a.neaprec"))

    def test_messages_do_not_steer_the_terminal(self):
        self.expect(2, r"neap: no recording at '\x1b]0;owned\x07'", "report", "\x1b]0;owned\x07")
        self.expect(2, r"neap: no recording at '\u{202e}gpj'", "report", "‮gpj")
        self.expect(127, r"neap: program '\x1b[2J' was not found in PATH", "run", "--", "\x1b[2J")
