"""neap record: what is in a recording, who ends it, and what is left of it after a kill -9."""
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys

from neap_command import HANG_S, NEAP, NeapTest, neap, rows

# 40 MB in one object, 10 MB or so in small ones, held until its input ends.
HOLD = """import sys
kept = bytearray(b'x') * 40_000_000; more = [str(at) * 10 for at in range(100_000)]
print('held', flush=True); sys.stdin.read()"""


class Record(NeapTest):
    def start(self, output, *words, **options):
        """A recorder in the background. Its program waits for its input, which is the test's to end."""
        recorder = subprocess.Popen([NEAP, "record", "-q", "-i", "0.05", "-o", self.path(output), *words],
                                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **options)
        self.addCleanup(recorder.communicate)
        self.addCleanup(recorder.kill)
        return recorder

    def holder(self, *options, output="a.neaprec"):
        return self.start(output, *options, "--", sys.executable, "-c", HOLD, env=dict(os.environ, PYTHONMALLOC="malloc"))

    def record(self, *options, query):
        """Records until the query finds something, then lets the program end."""
        recorder = self.holder(*options)
        self.seen("a.neaprec", query)
        recorder.communicate()
        self.assertEqual(recorder.returncode, 0)

    def record_at_once(self, *options, output="a.neaprec"):
        return neap("record", "-q", "-o", self.path(output), *options, "--", "true")

    def facts(self, name="a.neaprec"):
        return dict(rows(self.path(name), "SELECT name, value FROM fact"))

    def test_samples_and_facts(self):
        self.record("-a", "libc", "--label", "mine", query="SELECT max(pss) > 40000000 AND max(rss) > 40000000 FROM sample")
        facts = self.facts()
        self.assertEqual((facts["label"], facts["allocator"], facts["exit_code"]), ("mine", "libc", "0"))
        peak, pss, dirty = rows(self.path("a.neaprec"), "SELECT max(rss), max(pss), max(private_dirty) FROM sample")[0]
        for value in (peak, pss, dirty):
            self.assertGreater(value, 40_000_000)
            self.assertLess(value, 80_000_000)
        self.assertGreaterEqual(int(facts["peak_rss"]), peak)
        self.assertEqual(os.listdir(self.folder), ["a.neaprec"])

    def test_telemetry_of_libneap(self):
        self.record("-a", "neap", query="SELECT max(live) > 40000000 FROM sample")
        (live,), = rows(self.path("a.neaprec"), "SELECT max(live) FROM sample")
        self.assertGreater(live, 40_000_000)
        self.assertLess(live, 80_000_000)

    def test_children_are_recorded(self):
        recorder = self.start("c.neaprec", "--", "sh", "-c", "sleep 1000 & one=$!; sleep 1000 & read line; kill $one $!; wait; exit 5")
        self.seen("c.neaprec", "SELECT count(*) = 2 FROM process WHERE name = 'sleep'")
        recorder.communicate()
        self.assertEqual(recorder.returncode, 5)

    def test_a_signal_while_the_file_is_made_leaves_no_half_of_it(self):
        for number in (1, 4, 8):  # of the calls that write its first tables
            file = f"{number}.neaprec"
            traced = ["strace", "-qq", "-o", "/dev/null", "-e", f"inject=fdatasync:signal=INT:when={number}"]
            subprocess.run([*traced, NEAP, "record", "-q", "-o", self.path(file), "--", "true"], check=False)
            self.assertEqual([name for name in os.listdir(self.folder) if file in name], [file])
            self.assertEqual(self.facts(file)["exit_code"], "0")

    def test_kill_9_loses_at_most_what_was_not_written_yet(self):
        recorder = self.start("k.neaprec", "--", "sleep", "1000")
        self.seen("k.neaprec", "SELECT max(at_us) > 1000000 FROM sample")
        (pid, last), = rows(self.path("k.neaprec"), "SELECT pid, (SELECT max(at_us) FROM sample) FROM process")
        recorder.kill()
        recorder.wait()
        os.kill(pid, signal.SIGKILL)
        self.assertGreaterEqual(rows(self.path("k.neaprec"), "SELECT max(at_us) FROM sample"), [(last,)])
        self.assertIn("no end", neap("report", self.path("k.neaprec"), "-o", "-").stdout)

    def test_a_reader_at_the_end_does_no_harm(self):
        recorder = self.start("r.neaprec", "--", "sh", "-c", "read line; exit 5")
        self.seen("r.neaprec", "SELECT count(*) FROM sample")
        with contextlib.closing(sqlite3.connect(self.path("r.neaprec"))) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sample").fetchall()
            recorder.communicate()
            self.assertEqual(recorder.returncode, 5)
        self.assertEqual(self.facts("r.neaprec")["exit_code"], "5")

    def test_interrupt_ends_program_and_keeps_the_recording(self):
        recorder = self.start("i.neaprec", "--", "sleep", "1000")
        self.seen("i.neaprec", "SELECT count(*) FROM sample")
        recorder.send_signal(signal.SIGINT)
        self.assertEqual(recorder.wait(timeout=HANG_S), 130)
        self.assertEqual(self.facts("i.neaprec")["interrupted"], "1")

    def test_duration(self):
        self.assertEqual(self.holder("--duration", "0.5").wait(timeout=HANG_S), 0)
        self.assertEqual(self.facts()["timed_out"], "1")

    def test_running_process(self):
        program = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(program.communicate)
        self.addCleanup(program.kill)
        self.assertEqual(program.stdout.readline(), b"held\n")
        result = neap("record", "-q", "--pid", program.pid, "-i", "0.1", "--duration", "0.5", "-o", self.path("p.neaprec"))
        self.assertEqual(result.returncode, 0)
        self.assertIsNone(program.poll())
        self.assertEqual(self.facts("p.neaprec")["joined"], "1")
        self.assertEqual(json.loads(self.facts("p.neaprec")["command"])[1:], program.args[1:])

    def test_a_running_process_has_to_run_on_what_is_named(self):
        program = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(program.communicate)
        self.addCleanup(program.kill)
        program.stdout.readline()
        self.expect(125, f"neap: neap did not take effect in process {program.pid}: libneap is not mapped in it",
                    "record", "-q", "--pid", program.pid, "-a", "neap", "-o", "n.neaprec")
        self.assertFalse(os.path.exists(self.path("n.neaprec")))
        self.expect(0, "", "record", "-q", "--pid", program.pid, "-a", "libc", "-i", "0.1", "-d", "0.3", "-o", "l.neaprec")
        self.assertEqual(self.facts("l.neaprec")["label"], "libc")

    def test_no_file_is_overwritten_by_accident(self):
        self.assertEqual(self.record_at_once().returncode, 0)
        again = self.record_at_once()
        self.assertEqual((again.returncode, again.stderr),
                         (2, f"neap: '{self.path('a.neaprec')}' exists; choose another -o, or --force to replace it\n"))
        self.assertEqual(self.record_at_once("--force").returncode, 0)
        with open(self.path("precious"), "w") as file:
            file.write("text")
        self.assertEqual(self.record_at_once("--force", output="precious").returncode, 2)
        with open(self.path("precious")) as file:
            self.assertEqual(file.read(), "text")

    def test_missing_process(self):
        self.expect(2, "neap: no process 999999999", "record", "--pid", "999999999")

    def test_compare(self):
        result = neap("compare", "-a", "libc,neap", "-n", "2", "--keep", self.path("kept"), "--", sys.executable, "-c", HOLD, stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()[2:6]], ["ALLOCATOR", "libc", "neap", "Memory"])
        self.assertEqual(sorted(os.listdir(self.path("kept"))),
                         ["libc-1.neaprec", "libc-2.neaprec", "neap-1.neaprec", "neap-2.neaprec"])

    def test_compare_of_a_failing_program(self):
        self.expect(4, "neap: sh ended with exit code 4 under libc; see why with --show-output, or go on with --ignore-failure",
                    "compare", "-a", "libc", "--", "sh", "-c", "exit 4")
