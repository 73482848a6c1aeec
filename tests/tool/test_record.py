"""neap record: what is in a recording, who ends it, and what is left of it after a kill -9."""
import os
import signal
import sqlite3
import subprocess
import sys
import time

from neap_command import NEAP, NeapTest, neap

# 40 MB in one object, 10 MB or so in small ones.
HOLD = "import time; kept = bytearray(b'x') * 40_000_000; more = [str(at) * 10 for at in range(100_000)]; time.sleep({})"


def rows(path, query):
    with sqlite3.connect(path) as database:
        return database.execute(query).fetchall()


class Record(NeapTest):
    def record(self, *options, seconds=0.6, output="a.neaprec"):
        return neap("record", "-q", "-i", "0.05", "-o", self.path(output), *options, "--",
                    sys.executable, "-c", HOLD.format(seconds), env=dict(os.environ, PYTHONMALLOC="malloc"))

    def facts(self, name="a.neaprec"):
        return dict(rows(self.path(name), "SELECT name, value FROM fact"))

    def test_samples_and_facts(self):
        self.assertEqual(self.record("-a", "libc", "--label", "mine").returncode, 0)
        facts = self.facts()
        self.assertEqual((facts["label"], facts["allocator"], facts["exit_code"]), ("mine", "libc", "0"))
        peak, pss, dirty = rows(self.path("a.neaprec"), "SELECT max(rss), max(pss), max(private_dirty) FROM sample")[0]
        for value in (peak, pss, dirty):
            self.assertGreater(value, 40_000_000)
            self.assertLess(value, 80_000_000)
        self.assertGreaterEqual(int(facts["peak_rss"]), peak)
        self.assertEqual(os.listdir(self.folder), ["a.neaprec"])

    def test_telemetry_of_libneap(self):
        self.assertEqual(self.record("-a", "neap").returncode, 0)
        (live,), = rows(self.path("a.neaprec"), "SELECT max(live) FROM sample")
        self.assertGreater(live, 40_000_000)
        self.assertLess(live, 80_000_000)

    def test_children_are_recorded(self):
        result = neap("record", "-q", "-i", "0.05", "-o", self.path("c.neaprec"), "--", "sh", "-c", "sleep 0.4 & sleep 0.4; wait; exit 5")
        self.assertEqual(result.returncode, 5)
        names = [name for name, in rows(self.path("c.neaprec"), "SELECT name FROM process")]
        self.assertEqual(names.count("sleep"), 2)

    def test_kill_9_loses_at_most_the_last_second(self):
        recorder = subprocess.Popen([NEAP, "record", "-q", "-i", "0.1", "-o", self.path("k.neaprec"), "--", "sleep", "30"])
        time.sleep(2.5)
        (pid,), = rows(self.path("k.neaprec"), "SELECT pid FROM process")  # readable while it is written
        recorder.kill()
        recorder.wait()
        os.kill(pid, signal.SIGKILL)
        (last,), = rows(self.path("k.neaprec"), "SELECT max(at_us) FROM sample")
        self.assertGreater(last, 1_000_000)
        self.assertIn("no end", neap("report", self.path("k.neaprec"), "-o", "-").stdout)

    def test_interrupt_ends_program_and_keeps_the_recording(self):
        recorder = subprocess.Popen([NEAP, "record", "-q", "-i", "0.1", "-o", self.path("i.neaprec"), "--", "sleep", "30"])
        time.sleep(1)
        recorder.send_signal(signal.SIGINT)
        self.assertEqual(recorder.wait(timeout=20), 130)
        self.assertEqual(self.facts("i.neaprec")["interrupted"], "1")

    def test_duration(self):
        self.assertEqual(self.record("--duration", "0.5", seconds=30).returncode, 0)
        self.assertEqual(self.facts()["timed_out"], "1")

    def test_running_process(self):
        program = subprocess.Popen([sys.executable, "-c", HOLD.format(30)])
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        time.sleep(0.5)
        result = neap("record", "-q", "--pid", program.pid, "-i", "0.1", "--duration", "0.5", "-o", self.path("p.neaprec"))
        self.assertEqual(result.returncode, 0)
        self.assertIsNone(program.poll())
        self.assertEqual(self.facts("p.neaprec")["joined"], "1")
        self.assertIn(program.args[2], self.facts("p.neaprec")["command"])

    def test_no_file_is_overwritten_by_accident(self):
        self.assertEqual(self.record(seconds=0).returncode, 0)
        again = self.record(seconds=0)
        self.assertEqual((again.returncode, again.stderr),
                         (2, f"neap: '{self.path('a.neaprec')}' exists; choose another -o, or --force to replace it\n"))
        self.assertEqual(self.record("--force", seconds=0).returncode, 0)
        with open(self.path("precious"), "w") as file:
            file.write("text")
        self.assertEqual(self.record("--force", output="precious").returncode, 2)
        with open(self.path("precious")) as file:
            self.assertEqual(file.read(), "text")

    def test_missing_process(self):
        self.expect(2, "neap: no process 999999999", "record", "--pid", "999999999")

    def test_compare(self):
        result = neap("compare", "-a", "libc,neap", "-n", "2", "--keep", self.path("kept"), "--", sys.executable, "-c", HOLD.format(0.3))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()], ["ALLOCATOR", "libc", "neap", "Memory"])
        self.assertEqual(sorted(os.listdir(self.path("kept"))),
                         ["libc-1.neaprec", "libc-2.neaprec", "neap-1.neaprec", "neap-2.neaprec"])

    def test_compare_of_a_failing_program(self):
        self.expect(4, "neap: sh ended with exit code 4 under libc; see why with --show-output, or go on with --ignore-failure",
                    "compare", "-a", "libc", "--", "sh", "-c", "exit 4")
