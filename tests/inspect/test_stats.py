"""neap stats and neap trim: the same counters as malloc_info gives inside; a trim that is obeyed, and none that is forced."""
import json
import os
import re
import subprocess
import unittest

from inspected import Known, NeapTest, inspect, neap

UNDER_NEAP = {"LD_PRELOAD": os.environ["LIBNEAP"]}.items()
TELL = "import ctypes, sys; libc = ctypes.CDLL(None); libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, 'stdout')); libc.fflush(None); sys.stdin.read()"


class Stats(NeapTest):
    def test_names_and_figures_are_those_of_malloc_info(self):
        with subprocess.Popen(["/usr/bin/python3", "-c", TELL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, **dict(UNDER_NEAP)}) as process:
            inside = {}
            for line in iter(process.stdout.readline, "</malloc>\n"):
                inside.update((name, int(value)) for name, value in re.findall(r'<neap name="(\w+)" value="(\d+)"/>', line))
            outside = json.loads(neap("stats", "--json", process.pid).stdout)
            process.stdin.close()
        self.assertIn("small_bytes", inside)
        self.assertEqual(set(outside) - set(inside), {"pid", "library"})
        for name in ("large_objects", "reserved_bytes"):
            self.assertEqual(outside[name], inside[name])

    def test_table(self):
        with Known("plain", UNDER_NEAP) as known:
            counters = json.loads(neap("stats", "--json", known.pid).stdout).keys() - {"pid", "library"}
            table = neap("stats", known.pid).stdout
            self.assertRegex(table, rf"(?m)^COUNTER +VALUE\n(\w+ +[\d.]+( [KMG]iB| B)? +\S.*\n){{{len(counters)}}}$")
            self.assertEqual({line.split()[0] for line in table.splitlines()[1:]}, counters)

    def test_other_allocators(self):
        with Known("plain") as known:
            self.expect(2, f"neap: process {known.pid} (inspect_known_h) does not run on libneap: neap inspect {known.pid} reads "
                           "its heap from outside", "stats", known.pid)
        self.expect(2, "neap: name one process, program or unit: neap stats redis-server", "stats")


class Trim(NeapTest):
    def test_obeyed_at_the_next_event(self):
        with Known("mass_deletion", {**dict(UNDER_NEAP), "NEAP_OPTIONS": "dirty_floor:1000000000"}.items()) as known:
            asked = subprocess.Popen([os.environ["NEAP"], "trim", "--json", str(known.pid)], stdout=subprocess.PIPE, text=True)
            while asked.poll() is None:
                known.ask("grow 100000")
            told = json.loads(asked.communicate()[0])
            self.assertTrue(told["taken"])
            self.assertLessEqual(json.loads(neap("stats", "--json", known.pid).stdout)["dirty_bytes"], 1 << 20)

    def test_an_idle_program(self):
        with Known("plain", UNDER_NEAP) as known:
            out = self.expect(0, "", "trim", "--wait", "0", known.pid)
            self.assertEqual(out, f"inspect_known_h (process {known.pid}) is idle: it will trim at its next heap event\n")

    def test_glibc_is_left_alone(self):
        with Known("mass_deletion") as known:
            before = inspect(known.pid)
            out = self.expect(0, "", "trim", known.pid)
            self.assertRegex(out, r"malloc_trim\(0\) would return 14\.\d MiB of 3\d\.\d MiB resident")
            self.assertIn("neap enable UNIT --restart", out)
            self.assertEqual(inspect(known.pid)["heaps"], before["heaps"])

    def test_no_advice_where_there_is_nothing_to_have(self):
        with Known("plain") as known:
            known.ask("trim")
            out = self.expect(0, "", "trim", known.pid)
            self.assertRegex(out, rf"would return .* resident\.\nThat is hardly anything: .* \(neap inspect {known.pid}\)\.\n$")


if __name__ == "__main__":
    unittest.main()
