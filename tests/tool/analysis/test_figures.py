"""Figures that are true: what is measured of real programs, and how known recordings are reduced to numbers."""
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as xml

import fixture
from fixture import MIB
from neap_command import HANG_S, NEAP, FakeSystemd, NeapTest, neap, rows, until

MALLOC = dict(os.environ, PYTHONMALLOC="malloc")


class Reported(NeapTest):
    def report(self, *arguments):
        return json.loads(self.expect(0, "", "report", "--json", *arguments))

    def medians(self, *arguments):
        return {row["label"]: {name: figure["median"] for name, figure in row["quantities"].items()}
                for row in self.report(*arguments)["rows"]}

    def change(self, name, *statements):
        with contextlib.closing(sqlite3.connect(self.path(name))) as database, database:
            for statement in statements:
                database.execute(statement)


class Input(NeapTest):
    def test_every_run_reads_all_of_it(self):
        with open(self.path("numbers"), "w") as file:
            file.write("".join(f"{at}\n" for at in range(1000)))
        count = ("--", "sh", "-c", f"wc -l >>{self.path('seen')}")
        result = neap("compare", "-q", "-a", "libc,neap", "-n", "2", "--input", self.path("numbers"), *count)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("seen")) as file:
            self.assertEqual(file.read().split(), ["1000"] * 4)

    def test_standard_input_is_not_for_the_first_run_alone(self):
        with open(self.path("numbers"), "w") as file:
            file.write("1\n2\n")
        words = "neap: standard input would be read up by the first run; give a file to each of them: --input FILE\n"
        run = ("compare", "-a", "libc", "-n", "1", "--", "touch", self.path("ran"))
        with open(self.path("numbers")) as file:
            result = neap(*run, stdin=file)
            self.assertEqual((result.returncode, result.stderr), (2, words))
        ours, theirs = os.pipe()
        os.write(theirs, b"1\n")
        result = neap(*run, stdin=ours)
        self.assertEqual((result.returncode, result.stderr), (2, words))
        self.assertFalse(os.path.exists(self.path("ran")))
        os.read(ours, 10)
        result = neap(*run, stdin=ours)
        self.assertEqual((result.returncode, result.stderr),
                         (0, "neap: the runs read /dev/null and not this pipe; to give a file to each: --input FILE\n"))
        os.close(ours), os.close(theirs)

    def test_what_is_no_file(self):
        run = ("compare", "-a", "libc", "-n", "1", "--input")
        self.expect(2, "neap: cannot read 'none': No such file or directory", *run, "none", "--", "true")
        os.mkfifo(self.path("pipe"))
        self.expect(2, "neap: --input takes a file that every run can read anew, and 'pipe' is none", *run, "pipe", "--", "true")

    def test_prepare(self):
        note = f"echo prepared >>{self.path('log')}"
        result = neap("compare", "-q", "-a", "libc,neap", "-n", "1", "-w", "1", "--prepare", note, "--", "sh", "-c", f"echo ran >>{self.path('log')}")
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("log")) as file:
            self.assertEqual(file.read().split(), ["prepared", "ran"] * 4)
        self.expect(125, "neap: --prepare 'exit 3' ended with exit code 3", "compare", "-a", "libc", "-n", "1", "--prepare", "exit 3", "--", "true")


class Environment(NeapTest):
    def test_what_steers_an_allocator_is_left_out(self):
        environment = dict(os.environ, MALLOC_CONF="narenas:1", MIMALLOC_VERBOSE="0", NEAP_OPTIONS="release:off", MALLOC_ARENA_MAX="1",
                           SCUDO_OPTIONS="x=1", TCMALLOC_RELEASE_RATE="1", TBB_MALLOC_USE_HUGE_PAGES="1", KEPT="yes",
                           GLIBC_TUNABLES="glibc.malloc.arena_max=1:glibc.rtld.nns=4")
        show = ("--", "sh", "-c", f"env >{self.path('env')}")
        for verb in (("compare", "-q", "-n", "1", "-a", "libc:arena_max=2"), ("record", "-q", "-a", "libc:arena_max=2", "-o", "a.neaprec"),
                     ("trace", "record", "-q", "-a", "libc:arena_max=2", "-o", "a.trace")):
            result = neap(*verb, *show, env=environment, cwd=self.folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(result.stderr.splitlines()[0],
                             "neap: left out of the measured programs' environment, as they steer an allocator: GLIBC_TUNABLES, MALLOC_ARENA_MAX, "
                             "MALLOC_CONF, MIMALLOC_VERBOSE, NEAP_OPTIONS, SCUDO_OPTIONS, TBB_MALLOC_USE_HUGE_PAGES, TCMALLOC_RELEASE_RATE; "
                             "settings belong behind its name, as in libc:arena_max=1")
            with open(self.path("env")) as file:
                seen = dict(line.split("=", 1) for line in file.read().splitlines() if "=" in line)
            self.assertEqual(seen["KEPT"], "yes")
            self.assertEqual(seen["GLIBC_TUNABLES"], "glibc.malloc.arena_max=2")
            self.assertFalse({"MALLOC_CONF", "MIMALLOC_VERBOSE", "NEAP_OPTIONS", "MALLOC_ARENA_MAX", "SCUDO_OPTIONS",
                              "TCMALLOC_RELEASE_RATE", "TBB_MALLOC_USE_HUGE_PAGES"} & set(seen))
        result = neap("compare", "-q", "-n", "1", "-a", "libc", *show, env=environment)
        with open(self.path("env")) as file:
            self.assertIn("GLIBC_TUNABLES=glibc.rtld.nns=4\n", file.read())

    def test_a_program_that_is_only_run_keeps_its_own(self):
        self.assertIn("MALLOC_CONF=narenas:1\n", neap("run", "-q", "-a", "libc", "--", "env", env=dict(os.environ, MALLOC_CONF="narenas:1")).stdout)


class Measured(NeapTest):
    def start(self, *words, **options):
        recorder = subprocess.Popen([NEAP, "record", "-i", "0.05", "-o", self.path("a.neaprec"), *words], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(recorder.communicate)
        self.addCleanup(recorder.kill)
        return recorder

    def test_pss_follows_an_exec(self):
        hold = "import sys; kept = bytearray(b'x') * 40_000_000; print('held', flush=True); sys.stdin.read()"
        recorder = self.start("--", "sh", "-c", f"sleep 0.3; exec env A=1 {sys.executable} -c \"{hold}\"")
        self.seen("a.neaprec", "SELECT max(pss) > 40000000 AND max(mappings) > 30 FROM sample")
        recorder.communicate()
        self.assertEqual(recorder.returncode, 0)

    def test_the_end_is_before_the_program_leaves(self):
        work = "kept = [str(at) * 10 for at in range(900_000)]; more = [bytearray(100_000) for at in range(600)]"
        result = neap("compare", "-q", "-n", "1", "-a", "libc,neap", "--json", "--", sys.executable, "-c", work, env=MALLOC)
        self.assertEqual(result.returncode, 0, result.stderr)
        for row in json.loads(result.stdout)["rows"]:
            figures = row["quantities"]
            self.assertGreater(figures["end_rss"]["median"], 0.8 * figures["peak_rss"]["median"], row)

    def test_cpu_of_children_that_ended(self):
        burn = "import os, time\nend = os.times().user + 0.15\nwhile os.times().user < end: pass"
        parent = ("import subprocess, sys\nprint('here', flush=True)\nfor line in sys.stdin:\n"
                  f"    for _ in range(3): subprocess.run([sys.executable, '-c', {burn!r}])\n    print('done', flush=True)")
        program = subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(program.communicate)
        self.assertEqual(program.stdout.readline(), "here\n")
        recorder = subprocess.Popen([NEAP, "record", "-q", "-i", "0.3", "--pid", str(program.pid), "-o", self.path("a.neaprec")])
        until(lambda: os.path.exists(self.path("a.neaprec-wal")))
        program.stdin.write("go\n"), program.stdin.flush()
        self.assertEqual(program.stdout.readline(), "done\n")
        count = rows(self.path("a.neaprec"), "SELECT count(*) FROM sample")[0][0]
        until(lambda: rows(self.path("a.neaprec"), f"SELECT count(*) > {count + 2} FROM sample")[0][0])
        recorder.send_signal(signal.SIGINT)
        recorder.wait(HANG_S)
        cpu = json.loads(neap("report", "--json", self.path("a.neaprec")).stdout)["rows"][0]["quantities"]["cpu"]["median"]
        self.assertGreater(cpu, 0.45)
        self.assertLess(cpu, 2)

    def test_too_many_processes_for_the_budget_are_told_of(self):
        many = "for at in $(seq 150); do sleep 1000 & done; read line; kill $(jobs -p); wait 2>/dev/null; exit 0"
        recorder = self.start("--budget", "2", "--", "bash", "-c", many)
        self.seen("a.neaprec", "SELECT max(many) >= 150 AND max(at_us) > 800000 FROM (SELECT at_us, count(*) AS many FROM sample GROUP BY at_us)")
        said = recorder.communicate("\n")[1]
        self.assertRegex(said, r"neap: RSS every [\d.]+ m?s instead of 50 ms: 15\d processes cost more than the budget; more often with --budget\n")
        report = neap("report", self.path("a.neaprec"), "--svg", self.path("s.svg"))
        self.assertRegex(report.stdout, r"\(!\) bash was looked at every [\d.]+ m?s instead of every 50 ms: 15\d processes cost more than the budget; see --budget\.")
        with open(self.path("s.svg")) as file:
            self.assertRegex(file.read(), r"RSS every [\d.]+ m?s instead of 50 ms, as the budget for so many processes allowed")

    def test_a_program_too_short_for_a_sample(self):
        result = neap("record", "-o", self.path("a.neaprec"), "--", "true")
        if "too soon for a sample" in result.stderr:  # not on a machine that stood still meanwhile
            self.assertRegex(result.stderr, r"^neap: ended after \d+ ms, too soon for a sample: by the kernel's count peak RSS [1-9][\d.]* [KM]iB, CPU \d+ ms; in ")
        fixture.write(self.path("b.neaprec"), "short", [5], 0.001)
        with contextlib.closing(sqlite3.connect(self.path("b.neaprec"))) as database, database:
            database.execute("DELETE FROM sample")
        row = json.loads(neap("report", "--json", self.path("b.neaprec")).stdout)["rows"][0]
        self.assertNotIn("mean_rss", row["quantities"])
        self.assertEqual(row["quantities"]["peak_rss"]["median"], 6 * MIB)
        text = neap("report", self.path("b.neaprec")).stdout
        self.assertIn("(!) short ended too soon for a sample: the kernel's own peak, CPU and time are all there is.", text)
        for form in ("-o", "--svg", "--md"):
            self.assertEqual(neap("report", "-q", self.path("b.neaprec"), form, self.path("out" + form)).returncode, 0)


class Reduced(Reported):
    """Recordings of a program under a load that is known."""

    def test_end_where_the_recorder_asked_for_it(self):
        fixture.write(self.path("a.neaprec"), "libc", [100] * 50 + [90, 60, 30, 10, 5, 5, 5, 5, 5, 5], 1)
        self.assertEqual(self.medians("a.neaprec")["libc"]["end_rss"], 100 * MIB)  # a fall that ends the run
        self.change("a.neaprec", "INSERT INTO fact VALUES ('asked_to_stop_s', '52.5')")
        self.assertEqual(self.medians("a.neaprec")["libc"]["end_rss"], 30 * MIB)
        fixture.write(self.path("b.neaprec"), "libc", [100] * 20 + [50] * 20 + [40] * 20, 1)
        self.assertEqual(self.medians("b.neaprec")["libc"]["end_rss"], 40 * MIB)  # it fell long before

    def test_a_gap_counts_nothing(self):
        fixture.write(self.path("a.neaprec"), "libc", [100] * 30 + [400] * 30, 1)
        self.change("a.neaprec", "UPDATE sample SET at_us = at_us + 600000000 WHERE at_us >= 30000000", "UPDATE fact SET value = '660' WHERE name = 'wall_s'")
        self.assertAlmostEqual(self.medians("a.neaprec")["libc"]["mean_rss"] / MIB, (32 * 100 + 30 * 400) / 62, places=3)
        self.expect(0, "", "report", "-q", "a.neaprec", "--svg", "s.svg", "-o", "r.html")
        with open(self.path("s.svg")) as file:
            self.assertEqual(file.read().count('class="line s0"'), 2)  # broken where nothing is known
        with open(self.path("r.html")) as file:
            points = json.loads(file.read().split('id="data">')[1].split("</script>")[0])["lines"][0]["points"]
        self.assertIn(None, points[100:200])

    def test_runs_count_once_however_often_they_were_looked_at(self):
        """Two runs, at 100 and at 200 MiB, the second looked at ten times as often, for half of the time."""
        fixture.write(self.path("a.neaprec"), "libc", [100] * 60, 1)
        fixture.write(self.path("b.neaprec"), "libc", [200] * 600, 1)
        self.change("b.neaprec", "UPDATE sample SET at_us = at_us / 10", "UPDATE fact SET value = '60' WHERE name = 'wall_s'",
                    "UPDATE fact SET value = '0.1' WHERE name = 'interval_s'")
        self.expect(0, "", "report", "-q", "a.neaprec", "b.neaprec", "-o", "r.html")
        with open(self.path("r.html")) as file:
            points = json.loads(file.read().split('id="data">')[1].split("</script>")[0])["lines"][0]["points"]
        self.assertEqual({point[1] for point in points if point}, {150 * MIB})

    def test_processes_of_one_look_stay_together(self):
        """Hundreds of processes take longer to read than half an interval."""
        fixture.write(self.path("a.neaprec"), "libc", [100] * 20, 1)
        self.change("a.neaprec", "INSERT INTO process VALUES (2, 101, 100, 'tor', 0)",
                    "INSERT INTO sample SELECT 2, at_us, rss, peak_rss, swap, threads, minor_faults, major_faults, user_us, system_us, pss, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM sample")
        self.assertEqual(self.medians("a.neaprec")["libc"]["mean_rss"], 200 * MIB)

    def test_floor(self):
        fixture.write(self.path("a.neaprec"), "neap", [100] * 20, 1, live=50)
        figures = self.medians("a.neaprec")["neap"]
        self.assertEqual((figures["mean_floor"], figures["mean_live"]), (55 * MIB, 50 * MIB))
        fixture.write(self.path("b.neaprec"), "neap", [100] * 20, 1, live=500)  # objects of which nothing was touched
        self.assertEqual(self.medians("b.neaprec")["neap"]["mean_floor"], 100 * MIB)

    def test_stretches(self):
        fixture.write(self.path("a.neaprec"), "libc", [100] * 30 + [200] * 30, 2)
        fixture.write(self.path("b.neaprec"), "neap", [50] * 30 + [60] * 30, 2)
        for options, wanted in ((("--from", "50%"), (200, 60)), (("--until", "30"), (100, 50)), (("--from", "15", "--until", "45"), (150, 55)),
                                (("--from", "2026-01-02T03:04:35"), (200, 60)), (("--from", "0.5min"), (200, 60))):
            medians = self.medians("a.neaprec", "b.neaprec", *options)
            self.assertEqual((medians["libc"]["mean_rss"] / MIB, medians["neap"]["mean_rss"] / MIB), wanted, options)
            self.assertEqual(medians["libc"]["wall"], 30)
            self.assertAlmostEqual(medians["libc"]["cpu"], 0.3, delta=0.011)  # 10 ms each second, by the samples
        self.expect(2, "neap: libc has nothing from 90.0 s to 60.0 s; it lasts 60.0 s", "report", "a.neaprec", "--from", "90")
        self.expect(2, "neap: --from takes a time such as 90, 5min, 50% or 2026-01-05T02:00 (UTC), not 'x'", "report", "a.neaprec", "--from", "x")

    def test_one_number_everywhere(self):
        fixture.write_all(self.folder)
        names = ("libc.neaprec", "neap-1.neaprec", "neap-2.neaprec")
        for stretch in ((), ("--from", "50%")):
            table = self.expect(0, "", "report", "-q", *names, *stretch, "-o", "r.html", "--svg", "s.svg", "--md", "t.md", "--json=t.json")
            texts = {}
            for name in ("r.html", "s.svg", "t.md", "t.json"):
                with open(self.path(name)) as file:
                    texts[name] = file.read()
            (lean,) = [row for row in json.loads(texts["t.json"])["rows"] if row["label"] == "neap"]
            mean, end, peak = (f"{lean['quantities'][name]['median'] / MIB:.1f}" for name in ("mean_rss", "end_rss", "peak_rss"))
            self.assertRegex(table, rf"(?m)^neap +{mean}")
            self.assertIn(f"**{mean}", texts["t.md"])
            self.assertIn(f"mean {mean}, end {end}, peak {peak} MiB", texts["r.html"])
            shown = "".join(xml.fromstring(texts["s.svg"]).itertext())
            self.assertIn(f"mean {mean} MiB", shown)
            self.assertIn(f"end {end}, peak {peak} MiB", shown)
            self.assertEqual(len({re.search(r"neap holds [^.]*\.\d MiB, [^(]*", text)[0] for text in (table, shown, texts["t.md"], texts["t.json"])}), 1)

    def test_an_older_recording_is_read(self):
        fixture.write(self.path("a.neaprec"), "libc", [100] * 10, 1)
        self.change("a.neaprec", "ALTER TABLE sample DROP COLUMN heap_resident", "ALTER TABLE sample DROP COLUMN live")
        self.assertEqual(self.medians("a.neaprec")["libc"]["mean_rss"], 100 * MIB)


class Unlike(Reported):
    def remarks(self, *changes):
        for name, at in (("a.neaprec", 0), ("b.neaprec", 1)):
            fixture.write(self.path(name), "libc", [100 + at] * 60, 1)
        self.change("b.neaprec", *changes)
        (row,) = self.report("a.neaprec", "b.neaprec")["rows"]
        text = self.expect(0, "", "report", "a.neaprec", "b.neaprec")
        self.assertEqual("median of 2 runs" in text, row["alike"])
        self.assertEqual(" holds " in text, row["alike"])
        for name in ("a.neaprec", "b.neaprec"):
            os.remove(self.path(name))
        return row["remarks"]

    def test_runs_of_one_kind(self):
        self.assertEqual(self.remarks(), [])
        self.assertEqual(self.remarks("UPDATE fact SET value = '[\"/opt/tor\", \"-f\", \"other\"]' WHERE name = 'command'"), [])

    def test_differences(self):
        joined = "INSERT OR REPLACE INTO fact VALUES ('joined', '1')"
        for changes, wanted in (
                (("UPDATE fact SET value = '[\"gzip\"]' WHERE name = 'command'",), "programs tor, gzip"),
                (("UPDATE fact SET value = 'Linux 6.2.0 aarch64' WHERE name = 'kernel'",), "machines Linux 6.1.0 x86_64, Linux 6.2.0 aarch64")):
            self.assertEqual(self.remarks(*changes), ["its recordings differ: " + wanted])
        for name, start in (("a.neaprec", "2026-01-02T03:04:05Z"), ("b.neaprec", "2026-01-02T15:04:05Z")):
            fixture.write(self.path(name), "libc", [100] * (60 if name == "a.neaprec" else 120), 1)
            self.change(name, joined, f"UPDATE fact SET value = '{start}' WHERE name = 'started_at'")
        self.assertEqual(self.report("a.neaprec", "b.neaprec")["rows"][0]["remarks"],
                         ["its recordings differ: lengths 60 s to 120 s",
                          "its recordings differ: live processes at different times, 2026-01-02 03:04 and 2026-01-02 15:04 UTC"])

    def test_rows_that_ran_different_programs(self):
        fixture.write(self.path("a.neaprec"), "libc", [100] * 60, 1)
        fixture.write(self.path("b.neaprec"), "neap", [50] * 60, 1, command=("gzip",))
        text = self.expect(0, "", "report", "a.neaprec", "b.neaprec")
        self.assertIn("(!) the rows differ in more than their names: programs tor, gzip.", text)
        self.assertNotIn("holds", text)


class OfAUnit(NeapTest):
    """systemd is a fake one here, as in test_experiment: it tells of a process that is a real one."""

    def setUp(self):
        super().setUp()
        self.systemd = FakeSystemd(self)

    def process(self):
        process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.systemd.tell({"tor@default.service": process.pid})
        return process

    def test_over_a_restart_in_the_background(self):
        first = self.process()
        started = neap("record", "--unit", "tor@default", "-i", "0.05", "--background", behind=self.systemd.behind, cwd=self.folder)
        self.assertEqual(started.returncode, 0)
        self.assertRegex(started.stderr, r"^neap: recording into tor@default\.neaprec in the background; to end it: kill -INT \d+\n$")
        recorder = int(started.stderr.split()[-1])
        self.addCleanup(lambda: os.path.exists(f"/proc/{recorder}") and os.kill(recorder, signal.SIGKILL))
        self.seen("tor@default.neaprec", "SELECT count(*) > 3 FROM sample")
        first.kill()
        first.wait()
        second = self.process()
        self.seen("tor@default.neaprec", f"SELECT count(*) > 3 FROM sample JOIN process ON id = process WHERE pid = {second.pid}")
        self.seen("tor@default.neaprec", "SELECT count(*) FROM mark")
        os.kill(recorder, signal.SIGINT)
        until(lambda: not os.path.exists(f"/proc/{recorder}"))
        self.assertEqual(rows(self.path("tor@default.neaprec"), "SELECT text FROM mark"), [("restarted on libc",)])
        self.assertEqual(rows(self.path("tor@default.neaprec"), "SELECT value FROM fact WHERE name = 'label'"), [("tor@default",)])
        self.expect(0, "", "report", "-q", "tor@default.neaprec", "--svg", "s.svg", "-o", "r.html")
        for name in ("s.svg", "r.html"):
            with open(self.path(name)) as file:
                self.assertIn("restarted on libc", file.read())

    def test_what_does_not_run(self):
        self.systemd.tell({"tor@default.service": 0})
        result = neap("record", "--unit", "tor@default", behind=self.systemd.behind, cwd=self.folder)
        self.assertEqual((result.returncode, result.stderr),
                         (2, "neap: tor@default.service does not run; see: systemctl status tor@default.service\n"))
        self.expect(2, "neap: give one of --unit, --pid and a program", "record", "--unit", "x", "--", "true")
        self.expect(2, "neap: --background records what runs already: a --unit or a --pid", "record", "--background", "--", "true")


class Daemons(NeapTest):
    def test_what_forks_away_is_named(self):
        result = neap("record", "-o", "a.neaprec", "--", "sh", "-c", f"sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >{self.path('left')}", cwd=self.folder)
        with open(self.path("left")) as file:
            left = int(file.read())
        os.kill(left, signal.SIGKILL)
        self.assertIn(f"neap: sh has ended and left a process running; to record that: neap record --pid {left}, or start it in the foreground\n", result.stderr)
