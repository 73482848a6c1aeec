"""A booted systemd for the tests beside this file: see boot. Nothing it does reaches the machine that runs it."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ["NEAP_BUILD"]
MULTIARCH = os.environ["NEAP_MULTIARCH"]
HANG_S = 600  # nothing here takes so long, on however busy a machine
# What would reach for hardware, for the network or for what this machine has enabled.
MASKED = ("systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service "
          "systemd-sysctl.service systemd-modules-load.service systemd-remount-fs.service systemd-random-seed.service "
          "systemd-timesyncd.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.timer "
          "kmod-static-nodes.service systemd-binfmt.service systemd-firstboot.service systemd-machine-id-commit.service "
          "dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount "
          "sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount apt-daily.timer apt-daily-upgrade.timer "
          "dpkg-db-backup.timer e2scrub_all.timer fstrim.timer logrotate.timer man-db.timer").split()


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(each) for each in file.read().split()]


class Machine:
    """Boots on construction. `upper` is where its changes lie on this side."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="neap-machine-")
        self.upper = os.path.join(self.folder, "upper")
        self.boot = None
        try:
            self.furnish()
            # With --pdeathsig it ends with the test however that ends.
            self.boot = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", os.path.join(HERE, "boot"), self.folder],
                                         stderr=subprocess.PIPE, start_new_session=True)
            self.init = self.wait_for_init()
            self.wait_until_running()
        except BaseException:
            self.end()
            raise

    def furnish(self):
        units = os.path.join(self.upper, "etc/systemd/system")
        os.makedirs(units)
        for folder in ("", "etc", "etc/systemd", "etc/systemd/system"):
            os.chmod(os.path.join(self.upper, folder), 0o755)
        for unit in MASKED:
            os.symlink("/dev/null", os.path.join(units, unit))
        for target in ("usr/bin", "usr/lib/" + MULTIARCH):
            os.makedirs(os.path.join(self.upper, target))
        shutil.copy2(os.path.join(BUILD, "neap"), os.path.join(self.upper, "usr/bin/neap"))
        for library in ("libneap.so", "libneap-libc.so", "libneap-misuse.so"):
            shutil.copy2(os.path.join(BUILD, library), os.path.join(self.upper, "usr/lib", MULTIARCH))

    def wait_for_init(self, patience=HANG_S):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.boot.poll() is not None:
                raise unittest.SkipTest("no namespaces here: " + self.boot.stderr.read().decode().strip())
            for child in child_of(self.boot.pid):
                try:
                    with open(f"/proc/{child}/comm") as name:
                        if name.read().strip() == "systemd":
                            return child
                except FileNotFoundError:
                    continue  # one of those that prepare the namespaces
            time.sleep(0.05)
        raise RuntimeError("systemd did not start")

    def wait_until_running(self, patience=HANG_S):
        until = time.monotonic() + patience
        state = ""
        while time.monotonic() < until:
            state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
            if state in ("running", "degraded"):
                return
            time.sleep(0.1)
        raise RuntimeError(f"systemd is still {state!r}")

    def command(self, *arguments):
        return ["nsenter", "--target", str(self.init), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wdns=/", "--",
                *map(str, arguments)]

    def run(self, *arguments, check=True, timeout=HANG_S, **options):
        result = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=timeout,
                                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}, **options)
        if check and result.returncode != 0:
            raise AssertionError(f"{arguments} ended with {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def take(self, file, place):
        """A file of this side into the folder `place` of the machine."""
        with open(file, "rb") as source:
            self.run("sh", "-c", 'cat >"$0"', os.path.join(place, os.path.basename(file)), stdin=source)

    def shell(self, script, **options):
        return self.run("sh", "-c", script, **options)

    def end(self):
        if self.boot is not None:
            if self.boot.poll() is None:
                os.kill(self.boot.pid, signal.SIGKILL)  # --kill-child: its systemd goes with it, and all of the namespace
            self.boot.wait()
            self.boot.stderr.close()
        self.remove_cgroup()
        for _ in range(10 * HANG_S):  # mounts go with the last process of the namespace
            shutil.rmtree(self.folder, ignore_errors=True)
            if not os.path.exists(self.folder):
                return
            time.sleep(0.1)

    def remove_cgroup(self):
        with open("/proc/self/mounts") as mounts:
            places = [line.split()[1] for line in mounts if line.split()[2] == "cgroup2"]
        for place in places:
            top = os.path.join(place, "neap-test-" + os.path.basename(self.folder))
            for _ in range(10 * HANG_S):
                for folder, _, _ in os.walk(top, topdown=False):
                    try:
                        os.rmdir(folder)
                    except OSError:
                        pass
                if not os.path.exists(top):
                    break
                time.sleep(0.1)


class MachineTest(unittest.TestCase):
    """A machine for all tests of a class, and neap in it."""

    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.end)

    def neap(self, *arguments, code=0, says=None):
        result = self.machine.run("neap", *arguments, check=False)
        text = result.stdout + result.stderr
        self.assertEqual(result.returncode, code, text)
        if says is not None:
            self.assertRegex(text, says)
        return result.stdout

    def unit(self, name, service, head=""):
        """A service of our own, running nothing yet; removed again at the end of the test."""
        path = f"/run/systemd/system/{name}.service"
        self.machine.shell(f"cat >'{path}' && systemctl daemon-reload", input=f"[Unit]\n{head}\n[Service]\n{service}\n")
        units = f"'{name}*.service'" if name.endswith("@") else f"'{name}.service'"
        self.addCleanup(self.machine.shell, f"systemctl stop {units}; systemctl reset-failed {units}; rm '{path}'; systemctl daemon-reload",
                        check=False)
        return f"{name}.service"

    def started(self, name, service, head=""):
        unit = self.unit(name, service, head)
        self.machine.run("systemctl", "start", unit)
        return unit

    def show(self, unit, what):
        return self.machine.run("systemctl", "show", "-P", what, unit).stdout.strip()

    def until(self, condition):
        self.machine.shell(f"timeout {HANG_S} sh -c 'until {condition}; do sleep 0.05; done'")

    def row(self, target):
        rows = json.loads(self.neap("status", "--json"))
        return next((row for row in rows if row["target"] == target), None)
