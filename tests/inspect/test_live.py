"""neap inspect on programs that run: under way, ending, of other users; growth; what it does to them: nothing."""
import json
import os
import shutil
import subprocess
import threading
import unittest

from inspected import ENOUGH_LOOKS, KNOWN_HEAP, Known, NeapTest, as_mallinfo, heap_of, inspect, neap, until

NOBODY = 65534


class Rights(NeapTest):
    def refused(self, pid, why, **options):
        self.assertRegex(self.one_line(neap("inspect", pid, **options)), why)

    def one_line(self, done):
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("\n"), 1)
        return done.stderr

    def test_bad_targets(self):
        self.expect(2, "neap: no process 999999999", "inspect", "999999999")
        self.expect(2, "neap: no process, program or unit 'no-such-thing' runs here (a number, a name as in ps, or a unit as in "
                       "systemctl)", "inspect", "no-such-thing")
        self.assertRegex(self.one_line(neap("inspect")), "^neap: name one process, program or unit")
        self.assertRegex(self.one_line(neap("inspect", "--watch", "soon", os.getpid())), "--watch takes a time such as 60s")

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody else")
    def test_other_users(self):
        os.chmod(self.folder, 0o755)
        with Known("plain") as known:
            self.refused(known.pid, r"belongs to another user \(id 0\): run neap as root, with sudo\n$", user=NOBODY)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody else")
    def test_own_processes_and_those_not_dumpable(self):
        with subprocess.Popen(["sleep", "1000"], user=NOBODY) as own:
            self.addCleanup(own.kill)
            done = neap("inspect", own.pid, user=NOBODY)
            own.kill()
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        hidden = "import ctypes, sys; ctypes.CDLL(None).prctl(4, 0); print(1, flush=True); sys.stdin.read()"
        with subprocess.Popen(["/usr/bin/python3", "-c", hidden], user=NOBODY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tor:
            tor.stdout.readline()
            self.refused(tor.pid, r"\(not dumpable, as tor does\): run neap as root, with sudo\n$", user=NOBODY)
            self.assertEqual(neap("inspect", tor.pid).returncode, 0)  # root may
            tor.stdin.close()

    def test_processes_that_have_ended(self):
        with subprocess.Popen(["true"]) as ended:
            os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
            self.refused(ended.pid, "has ended and waits for its parent")


class Containers(NeapTest):
    """Of its own numbers, mounts and root, as container engines make them: read from the host by the host's number."""

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to make one")
    def test_one_with_a_root_of_its_own(self):
        root = self.path("root")
        told = subprocess.run(["ldd", KNOWN_HEAP], check=True, capture_output=True, text=True).stdout
        for file in {KNOWN_HEAP, *(word for word in told.split() if word.startswith("/"))}:
            os.makedirs(root + os.path.dirname(file), exist_ok=True)
            shutil.copy(file, root + file)
        script = 'mount -t tmpfs none "$0" && cp -a "$1/." "$0" && exec chroot "$0" "$2" "$3"'  # a mount that the host has not
        os.mkdir(self.path("mounted"))
        inside = ["unshare", "--pid", "--mount", "--net", "--fork", "sh", "-c", script, self.path("mounted"), root, KNOWN_HEAP]
        with Known("ended_threads", program=inside) as known:
            self.assertEqual(known.pid, 1)  # as it is told in there
            with open(f"/proc/{known.process.pid}/task/{known.process.pid}/children") as file:
                pid = int(file.read())
            look = inspect(pid)
            self.assertEqual(as_mallinfo(heap_of(look, "glibc")), known.mallinfo)
            self.assertFalse(os.path.exists(self.path("mounted") + KNOWN_HEAP))


class Live(NeapTest):
    def test_a_target_that_dies_meanwhile(self):
        for _ in range(10):
            known = Known("ended_threads")
            killer = threading.Thread(target=known.process.kill)
            killer.start()
            done = neap("inspect", known.pid)
            killer.join()
            known.__exit__()
            self.assertIn(done.returncode, (0, 2, 125))
            self.assertLessEqual(done.stderr.count("\n"), 1)

    def test_reading_leaves_no_mark(self):
        with Known("mass_deletion") as known:
            until(lambda: self.sleeps(known.pid))
            before = self.state(known.pid)
            for options in ([], ["--json"], []):
                self.assertEqual(neap("inspect", known.pid, *options).returncode, 0)
            self.assertEqual(self.state(known.pid), before)

    @staticmethod
    def sleeps(pid):
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "S"

    @staticmethod
    def state(pid):
        """Faults, context switches and resident pages: what would change if it were touched or stopped."""
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/status") as file:
            switches = [line for line in file if "ctxt_switches" in line or line.startswith(("VmRSS", "VmSwap"))]
        return fields[7:11], switches

    def test_names(self):
        name = f"known_heap_of_{os.getpid()}"  # longer than what ps shows, and nobody else's
        shutil.copy(KNOWN_HEAP, self.path(name))
        with Known("plain", program=self.path(name)) as known, Known("mass_deletion", program=self.path(name)) as larger:
            done = neap("inspect", "--json", name)
            self.assertEqual(json.loads(done.stdout)["pid"], larger.pid)
            self.assertEqual(done.stderr, f"neap: 2 processes are '{name}': this is {larger.pid}, the largest; others: {known.pid}\n")

    def test_stop_lets_go(self):
        with Known("ended_threads") as known:
            done = neap("inspect", "--stop", known.pid)
            self.assertRegex(done.stderr, rf"^neap: process {known.pid} stood still for [\d.]+ m?s\n$")
            known.ask("grow 480")


class Growth(NeapTest):
    def named(self, case, step):
        """What three seconds of it are called; three others where neap had no processor for its looks."""
        with Known(case) as known:
            over = threading.Event()

            def grow():
                while not over.wait(0.1):
                    known.ask(step)

            thread = threading.Thread(target=grow)
            thread.start()
            try:
                growth = {"looks": 0}
                while growth["looks"] < ENOUGH_LOOKS:
                    growth = inspect(known.pid, "--watch", "3s")["growth"]
                return growth["kind"]
            finally:
                over.set()
                thread.join()

    def test_a_leak(self):
        self.assertEqual(self.named("plain", "grow 40000"), "leak")

    def test_fragmentation(self):
        self.assertEqual(self.named("dense", "scatter 20000"), "fragmentation")

    def test_a_heap_at_rest(self):
        with Known("mass_deletion") as known:
            self.assertEqual(inspect(known.pid, "--watch", "3s")["growth"]["kind"], "none")


if __name__ == "__main__":
    unittest.main()
