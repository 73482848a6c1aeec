"""neap top: once, as JSON, and on a terminal of its own."""
import json
import os
import pty
import select
import struct
import fcntl
import subprocess
import termios
import time
import unittest

from inspected import Known, NeapTest, inspect, neap, until
from neap_command import HANG_S, NEAP

SPAN_S, SLACK_S = 6, 0.01


class Once(NeapTest):
    def test_figures_are_those_of_inspect(self):
        with Known("mass_deletion") as known:
            rows = json.loads(neap("top", "--json", known.pid).stdout)
            look = inspect(known.pid)
            self.assertEqual([row["pid"] for row in rows], [known.pid])
            self.assertEqual({key: rows[0][key] for key in ("resident", "live", "waste", "swapped", "allocator", "name")},
                             {"resident": look["resident_bytes"], "live": look["live_bytes"], "waste": look["waste_bytes"],
                              "swapped": 0, "allocator": "glibc", "name": "inspect_known_h"})

    def test_the_most_wasteful_first(self):
        with Known("mass_deletion") as wasteful, Known("plain") as lean:
            pids = [row["pid"] for row in json.loads(neap("top", "--once", "--json").stdout)]
            self.assertLess(pids.index(wasteful.pid), pids.index(lean.pid))
            rows = json.loads(neap("top", "--once", "--json", "--sort", "age").stdout)
            self.assertEqual([row["age"] for row in rows], sorted((row["age"] for row in rows), reverse=True))

    def test_eighty_columns(self):
        with Known("mass_deletion") as known:
            lines = neap("top", "--once", known.pid).stdout.splitlines()
            self.assertEqual(len(lines), 2)
            self.assertRegex(lines[0], r"^ +PID MALLOC +RSS +PSS +LIVE +WASTE +SWAP +AGE +GROW/H NAME$")
            self.assertRegex(lines[1], rf"^ *{known.pid} glibc .* inspect_known_h$")
            self.assertLessEqual(max(map(len, lines)), 80)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody else")
    def test_of_others_there_is_little(self):
        os.chmod(self.folder, 0o755)
        with Known("plain") as known:
            done = neap("top", "--once", user=65534)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, rf"(?m)^ *{known.pid} \? +\S+ +\S+ +- inspect_known_h$")
            self.assertRegex(done.stderr, r"^neap: of \d+ of \d+ processes only RSS and age can be read: run neap as root, with sudo\n$")

    def test_bad_usage(self):
        self.expect(2, "neap: --sort takes one of resident, proportional, live, waste, swapped, age, growth, not 'x'",
                    "top", "--once", "--sort", "x")
        self.expect(2, "neap top: '2' was not expected; see neap top --help", "top", "--once", "1", "2")
        self.expect(2, "neap: neap top needs a terminal; for a file or a pipe there is neap top --once", "top", stdin=subprocess.DEVNULL)
        self.expect(2, "neap: no process, program or unit 'nowhere' runs here (a number, a name as in ps, or a unit as in "
                       "systemctl)", "top", "--once", "nowhere")


class Terminal:
    """neap top on a terminal of 80 columns and 24 lines."""

    def __init__(self, *arguments):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            os.environ["TERM"] = "xterm"
            os.environ.pop("NO_COLOR", None)
            os.execv(NEAP, [NEAP, "top", *arguments])
        self.text = b""

    def until(self, wanted):
        """Reads on until `wanted` was shown; returns what came."""
        deadline = time.monotonic() + HANG_S
        while wanted not in self.text:
            if time.monotonic() > deadline:
                raise AssertionError(f"{wanted} was not shown: {self.text[-2000:]}")
            if select.select([self.master], [], [], 1)[0]:
                self.text += os.read(self.master, 65536)
        before, _, self.text = self.text.partition(wanted)
        return before

    def drain(self):
        while select.select([self.master], [], [], 0)[0]:
            os.read(self.master, 65536)

    def cpu(self):
        """Seconds that it has run."""
        with open(f"/proc/{self.pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9

    def waits(self):
        """For the next round or a key; one that is only kept from running does not."""
        with open(f"/proc/{self.pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "S"

    def type(self, text):
        os.write(self.master, text)

    def end(self):
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.master)
        return code


class Interactive(NeapTest):
    def test_draws_sorts_and_ends(self):
        with Known("mass_deletion") as known:
            terminal = Terminal(str(known.pid))
            terminal.until(b"\x1b[?1049h")
            terminal.until(b"\x1b[7m WASTE")  # the column it is sorted by
            row = terminal.until(b"inspect_known_h").splitlines()[-1]
            self.assertIn(b"\x1b[31m", row)  # half of it is waste
            terminal.type(b"r")
            terminal.until(b"\x1b[7m   RSS")
            terminal.type(b"\x1b[B")
            terminal.type(b"q")
            terminal.until(b"\x1b[?1049l")
            self.assertEqual(terminal.end(), 0)

    def test_stays_within_its_budget(self):
        """Of CPU time, on a machine as busy as it may be: once what it may take at the beginning is spent, one percent of a core and
        the longest round, which depends on how many processes there are, however often it is asked to look."""
        with Known("mass_deletion"):
            terminal = Terminal("--delay", "0.1", "--budget", "1")
            terminal.until(b"processes")
            start = terminal.cpu()  # of which the program's own start counts against no budget
            for _ in range(9):  # rounds in which all the others are walked
                terminal.until(b"processes")
            until(lambda: terminal.drain() is None and terminal.cpu() > 0.5)
            begin, cpu = time.monotonic(), terminal.cpu()
            last, at_once, longest = cpu, 0, 0
            while time.monotonic() < begin + SPAN_S:
                terminal.drain()
                time.sleep(0.02)
                now = terminal.cpu()
                at_once = 0 if now == last and terminal.waits() else at_once + now - last
                last, longest = now, max(longest, at_once)
            spent, passed = terminal.cpu() - cpu, time.monotonic() - begin
            print(f"{100 * spent / passed:.2f}% of a core over {passed:.0f} s, at most {longest:.3f} s at once")
            self.assertLess(spent, 0.01 * passed + longest + start + SLACK_S)
            terminal.type(b"q")
            terminal.until(b"\x1b[?1049l")
            self.assertEqual(terminal.end(), 0)

    def test_interrupted(self):
        terminal = Terminal()
        terminal.until(b"NAME")
        terminal.type(b"\x03")
        terminal.until(b"\x1b[?1049l")
        self.assertEqual(terminal.end(), 0)


if __name__ == "__main__":
    unittest.main()
