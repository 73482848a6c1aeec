"""Debian packages of any suite and architecture, none of them installed: an apt with a state of its own fetches from the mirror
that the machine's apt uses, and dpkg-deb unpacks."""
import platform
import subprocess
import time
from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DAY = 24 * 60 * 60


class Unobtainable(Exception):
    """What a guest needs and this machine cannot get: no mirror, no network, no such package."""


def codename():
    """The suite of this machine, whose libraries the tests were built on."""
    told = platform.freedesktop_os_release()
    if told.get("ID") != "debian" or "VERSION_CODENAME" not in told:
        raise Unobtainable("this machine is no Debian")
    return told["VERSION_CODENAME"]


def mirrors():
    """{label: address}: where this machine's apt finds Debian (label Debian) and its security updates (Debian-Security)."""
    told = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages"],
                          capture_output=True, text=True, check=True).stdout
    found = {}
    for line in told.splitlines():
        origin, label, address = (line.split() + ["", "", ""])[:3]
        if origin == "Debian":
            found.setdefault(label, address)
    if "Debian" not in found:
        raise Unobtainable("apt knows no mirror of Debian (apt-get update)")
    return found


def sources(suite):
    """A sources.list: the suite, its security updates, and what a backports suite is built upon."""
    base, known = suite.removesuffix("-backports"), mirrors()
    wanted = [("Debian", base)]
    if base != "sid" and "Debian-Security" in known:
        wanted.append(("Debian-Security", base + "-security"))
    if suite != base:
        wanted.append(("Debian", suite))
    return "".join(f"deb [signed-by={KEYRING}] {known[label]} {name} main\n" for label, name in wanted)


def lay(package, into):
    """dpkg-deb -x, but into a folder whose bin, lib and sbin may be links into usr."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as files:
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", into], stdin=files.stdout, check=True)


class Suite:
    def __init__(self, cache, name, architecture):
        self.name, self.architecture = name, architecture
        self.home = Path(cache) / "apt" / f"{name}_{architecture}"
        self.archives = self.home / "archives"
        self.update()

    def update(self):
        """Once a day, as versions vanish from mirrors. Without a network yesterday's lists serve."""
        stamp = self.home / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < DAY:
            return
        for folder in ["lists/partial", "archives/partial"]:
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        (self.home / "status").touch()
        try:
            (self.home / "sources.list").write_text(sources(self.name))
            self.apt("apt-get", "update", "--error-on=any")
        except Unobtainable:
            if not stamp.exists():
                raise
        stamp.touch()

    def apt(self, program, *words):
        options = {"Dir::Etc::sourcelist": self.home / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
                   "Dir::State::lists": self.home / "lists", "Dir::State::status": self.home / "status",
                   "Dir::Cache": self.home, "Dir::Cache::archives": self.archives,
                   "APT::Architecture": self.architecture, "APT::Architectures": self.architecture,
                   "APT::Install-Recommends": "false", "APT::Sandbox::User": "root", "Debug::NoLocking": "true",
                   "Acquire::Check-Valid-Until": "false"}  # a suite that gets no updates any more stays as good as it was
        if self.name.endswith("-backports"):
            options["APT::Default-Release"] = self.name
        command = [program, "-qq"]
        for key, value in options.items():
            command += ["-o", f"{key}={value}"]
        done = subprocess.run(command + list(words), cwd=self.archives, capture_output=True, text=True)
        if done.returncode:
            why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
            raise Unobtainable(f"{program} {words[0]} for {self.name}, {self.architecture}: {why}")
        return done.stdout

    def unpack(self, packages, into, dependencies=False):
        """The packages, or with dependencies all they need too, as folders and files: their scripts don't run."""
        for left in self.archives.glob("*.deb"):
            left.unlink()
        self.apt("apt-get", "-y", *(["--download-only", "install"] if dependencies else ["download"]), *packages)
        for package in sorted(self.archives.glob("*.deb")):
            lay(package, into)
            package.unlink()

    def depends(self, package):
        told = self.apt("apt-cache", "--important", "depends", package)
        return [line.split()[-1] for line in told.splitlines() if line.strip().startswith(("Depends:", "PreDepends:"))]

    def newest_kernel(self, flavour):
        """The version that `flavour` (cloud-amd64, say) stands for today."""
        package = next(name for name in self.depends(f"linux-image-{flavour}") if name.startswith("linux-image-"))
        return package.removeprefix("linux-image-")

    def kernel_packages(self, version):
        """Newer kernels come in parts."""
        package = f"linux-image-{version}"
        parts = (f"linux-binary-{version}", f"linux-modules-{version}")
        return [package] + [name for name in self.depends(package) if name in parts]
