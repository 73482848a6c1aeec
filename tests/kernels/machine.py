"""A guest: a kernel booted in qemu's emulation, which runs a list of tests and ends. Nothing of the machine's own kernel is used."""
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import disks

# Without mitigations, which emulation pays dearly for and no program sees, and without the checks that take a busy host for a fault.
WORDS = "panic=-1 quiet loglevel=4 mitigations=off cryptomgr.notests no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1"
QEMU = {"amd64": ["qemu-system-x86_64", "-machine", "q35"], "arm64": ["qemu-system-aarch64", "-machine", "virt"]}
CONSOLE = {"amd64": "ttyS0", "arm64": "ttyAMA0"}
CPU = {"amd64": "max,la57=off", "arm64": "max,pauth-impdef=on"}  # pointer authentication as the architecture has it is slow to emulate
PROGRAMS = {"cpio": "cpio", "depmod": "kmod", "mke2fs": "e2fsprogs", "xz": "xz-utils",
            "qemu-system-x86_64": "qemu-system-x86", "qemu-system-aarch64": "qemu-system-arm"}
SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing(architecture):
    """The first program that a guest needs and this machine does not have, or None."""
    needed = ["cpio", "depmod", "mke2fs", "xz", QEMU[architecture][0]]
    return next((program for program in needed if not shutil.which(program, path=SEARCH)), None)


@dataclass
class Guest:
    cpus: int = 2
    memory: int = 2048  # MiB, as all of these
    swap: int = 0
    jobs: int = 0  # tests at a time; 0: as many as CPUs
    cpu: str = ""  # as qemu names it
    append: str = ""  # more words for the kernel's command line
    settings: list = field(default_factory=list)  # bash lines to run before the tests
    # Only what hangs may reach these, so a busy host, under which a test takes a hundred times as long, must not.
    patience: float = 7200  # seconds for a test, whatever its limit is outside
    silence: float = 9000  # seconds in which the guest tells nothing

    def run(self, cache, kernel, root, paths, tests):
        """Boots, runs, prints; the Outcome."""
        plan = {"jobs": self.jobs or self.cpus, "patience": self.patience, "tests": tests}
        with tempfile.TemporaryDirectory(prefix="guest.", dir=cache) as made:
            made = Path(made)
            initramfs = disks.first(kernel, root, made / "first")
            drives = [(root / "system.ext2", "snapshot=on"), (disks.put(plan, self.settings, paths, made / "put"), "readonly=on")]
            if self.swap:
                with open(made / "swap", "wb") as file:
                    file.truncate(self.swap << 20)
                drives.append((made / "swap", "snapshot=off"))
            (made / "told").touch()
            started = Follower(made / "told", made / "console", tests)
            qemu = subprocess.Popen(self.command(kernel, initramfs, drives, made), stdin=subprocess.DEVNULL)
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that qemu ends too
            try:
                return started.follow(qemu, self.silence)
            finally:
                qemu.kill()
                qemu.wait()

    def command(self, kernel, initramfs, drives, made):
        architecture = kernel.name.rsplit("_", 1)[1]
        command = QEMU[architecture] + [
            "-accel", "tcg,thread=multi,tb-size=256", "-cpu", self.cpu or CPU[architecture], "-smp", str(self.cpus), "-m", f"{self.memory}M",
            "-kernel", kernel / "vmlinuz", "-initrd", initramfs, "-append", f"console={CONSOLE[architecture]} {WORDS} {self.append}",
            "-nodefaults", "-no-reboot", "-display", "none", "-serial", f"file:{made / 'console'}",
            "-device", "virtio-serial", "-chardev", f"file,id=told,path={made / 'told'}", "-device", "virtserialport,chardev=told,name=told"]
        for number, (path, how) in enumerate(drives):
            command += ["-drive", f"file={path},format=raw,if=none,id=disk{number},{how}", "-device", f"virtio-blk-pci,drive=disk{number}"]
        return command


@dataclass
class Outcome:
    kernel: str  # its release, as the guest told it
    passed: int
    failed: int
    skipped: int
    missing: int  # tests of which nothing was told
    seconds: float
    ended: bool

    @property
    def code(self):
        """0 all passed, 1 a test failed, 2 the guest did not come to its end."""
        return 2 if not self.ended else 1 if self.failed or self.missing else 0

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped, {self.missing} not run; {self.seconds:.0f} s"


class Follower:
    """Prints what the guest tells while it runs, and what it came to."""

    def __init__(self, told, console, tests):
        self.told, self.console, self.tests = told, console, tests
        self.begin = time.monotonic()
        self.running, self.results, self.kernel, self.ended = [], {}, "", False

    def follow(self, qemu, silence):
        rest, heard = "", self.begin
        with open(self.told) as lines:
            while True:
                over = qemu.poll() is not None  # looked at first: what it told until then is read below
                *whole, rest = (rest + lines.read()).split("\n")
                for line in whole:
                    self.hear(json.loads(line))
                    heard = time.monotonic()
                if over:
                    break
                if time.monotonic() - heard > silence:
                    print(f"guest: silent for {silence:.0f} s", flush=True)
                    break
                time.sleep(0.2)
        return self.conclude()

    def seconds(self):
        return time.monotonic() - self.begin

    def hear(self, said):
        if "guest" in said:
            self.kernel = said["guest"].split()[0]
            print(f"{said['guest']}; up after {self.seconds():.0f} s", flush=True)
        elif "begin" in said:
            self.running.append(said["begin"])
        elif "end" in said:
            self.ended = True
        else:
            self.running.remove(said["name"])
            self.results[said["name"]] = said["code"]
            word = {0: "passed", 77: "skipped"}.get(said["code"], f"FAILED ({said['code']})")
            print(f"{word:8} {said['seconds']:7.1f} s  {said['name']}", flush=True)
            if word.startswith("FAILED"):
                self.quote(said["output"])

    def quote(self, text):
        print("".join(f"    | {line}\n" for line in text.splitlines()[-15:]), end="", flush=True)

    def conclude(self):
        skipped = sum(code == 77 for code in self.results.values())
        passed = sum(code == 0 for code in self.results.values())
        if not self.ended:
            print(f"guest: did not come to its end; running: {', '.join(self.running) or 'nothing'}")
            self.quote(self.console.read_text(errors="replace"))
        outcome = Outcome(self.kernel, passed, len(self.results) - passed - skipped, skipped, len(self.tests) - len(self.results),
                          self.seconds(), self.ended)
        print(outcome, flush=True)
        return outcome
