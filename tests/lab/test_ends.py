"""How the lab ends early: bad input, what it needs is missing or taken, signals. Run with NEAP=path of the command."""

import contextlib
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))

from neaplab.network.nodes import DIR_PORT
from neaplab.network.ports import RANGES

from started import HANG_S, NEAP, StartedLab


class BadInput(unittest.TestCase):
    def refused(self, options, code, *words, path=None):
        with StartedLab(*options, path=path) as lab:
            _, errors = lab.process.communicate(timeout=HANG_S)
            self.assertEqual(lab.process.returncode, code, errors)
            self.assertEqual(len(errors.strip().splitlines()), 1, errors)
            for word in words:
                self.assertIn(word, errors)
            self.assertEqual(lab.await_silence(), [])

    def test_options_that_make_no_sense(self):
        self.refused(["--minutes", "1"], 2, "--minutes 1", "3")
        self.refused(["--minutes", "soon"], 2, "--minutes")
        self.refused(["--quick", "--minutes", "9"], 2, "--quick")
        self.refused(["--relays", "0"], 2, "--relays")
        self.refused(["--directory", "5"], 2, "--directory 5", "100")
        self.refused(["--allocators", "nosuch"], 2, "nosuch", "libc")
        self.refused(["--allocators", "libc,libc"], 2, "libc")
        self.refused(["--wrap", "a 'b"], 2, "--wrap")
        self.refused(["--torrc"], 2, "--torrc")
        self.refused(["-q", "-a", "libc", "--torrc", "NumCPUs 16", "--torrc", "NumCPUz 16"], 2, "--torrc", "NumCPUz")
        self.refused(["--nosuch"], 2, "--nosuch")
        self.refused(["--output", "/dev/null/x", "-a", "libc"], 2, "--output")

    def test_a_lab_that_does_not_exist(self):
        done = subprocess.run([NEAP, "lab", "mars"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_no_tor(self):
        self.refused(["-a", "libc"], 125, "tor not found", "apt install tor", path="/nonexistent")

    def test_a_port_is_taken(self):
        with contextlib.ExitStack() as held:
            for net in RANGES:
                with contextlib.suppress(OSError):  # a lab that runs beside this test has it
                    held.enter_context(socket.create_server((f"127.{net}.0.1", DIR_PORT)))
            self.refused(["-a", "libc"], 125, f"port {DIR_PORT} is taken", "ss -ltnp")


class Signals(unittest.TestCase):
    def ends_by(self, number, code):
        with StartedLab("-a", "libc", "--minutes", "3") as lab:
            lab.await_relays()
            lab.process.send_signal(number)
            _, errors = lab.process.communicate(timeout=HANG_S)
            self.assertEqual(lab.process.returncode, code, errors)
            self.assertEqual(lab.await_silence(), [])

    def test_ctrl_c(self):
        self.ends_by(signal.SIGINT, 128 + signal.SIGINT)

    def test_sigterm(self):
        self.ends_by(signal.SIGTERM, 128 + signal.SIGTERM)

    def killed(self, *options):
        with StartedLab("-a", "libc", "--minutes", "3", *options) as lab:
            lab.await_relays()
            lab.process.kill()
            lab.process.communicate()
            # The recordings are the user's: a kill leaves what was measured until then.
            self.assertEqual(lab.await_silence(kept=list(lab.here.iterdir())), [])

    def test_kill_9(self):
        self.killed()

    def test_kill_9_with_tor_as_the_child_of_a_wrapper(self):
        self.killed("--wrap", "sh -c '\"$@\"; exit $?' sh")

    def test_a_worker_that_is_killed_ends_the_lab(self):
        with StartedLab("-a", "libc", "--minutes", "3") as lab:
            lab.await_relays()
            worker = next(pid for pid, line in lab.processes() if "--worker feed" in line)
            subprocess.run(["kill", "-9", str(worker)], check=True)
            _, errors = lab.process.communicate(timeout=HANG_S)
            self.assertEqual(lab.process.returncode, 125, errors)
            self.assertIn("the lab's feed died (signal SIGKILL)", errors)
            self.assertEqual(lab.await_silence(), [])


if __name__ == "__main__":
    unittest.main()
