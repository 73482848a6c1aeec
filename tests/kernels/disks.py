"""What a guest boots from: a kernel with the modules that reach its disks, a root of Debian packages, a disk with what is tested.
One process at a time fills a cache (stock.py)."""
import contextlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import debian

HERE = Path(__file__).resolve().parent
MODULES = ["virtio_pci", "virtio_mmio", "virtio_blk", "virtio_console", "ext4", "crc32c_generic"]
ROOT_FOLDERS = "usr/bin usr/sbin usr/lib usr/lib64 proc sys dev tmp root put run var/tmp etc".split()
ETC = {"passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
       "group": "root:x:0:\nnogroup:x:65534:\n", "hosts": "127.0.0.1 localhost guest\n"}


def fresh(folder):
    """An empty folder, with the parents it needs."""
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir(parents=True)
    return Path(folder)


@contextlib.contextmanager
def made_once(place):
    """A folder to fill, which becomes `place` as a whole; None where `place` is there already."""
    if place.exists():
        yield None
        return
    part = fresh(f"{place}.part")
    try:
        yield part
        part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def image(folder, file, spare_mb):
    """A file system with the folder's contents. ext2 is what every kernel's ext4 reads, whatever newer features mke2fs knows."""
    used = int(subprocess.run(["du", "-sm", "--apparent-size", folder], capture_output=True, text=True, check=True).stdout.split()[0])
    count = sum(len(names) + len(folders) for _, folders, names in os.walk(folder))
    subprocess.run(["mke2fs", "-qq", "-t", "ext2", "-N", str(count * 2 + 4096), "-d", folder, file,
                    f"{int(used * 1.2) + count // 200 + spare_mb}M"], check=True, stdout=subprocess.DEVNULL)


def kernel(cache, suite, architecture, flavour):
    """A folder with the suite's newest kernel of that flavour: vmlinuz, and modules/ with `order`, in which they load."""
    source = debian.Suite(cache, suite, architecture)
    version = source.newest_kernel(flavour)
    home = Path(cache) / "kernels" / f"{version}_{architecture}"
    with made_once(home) as part:
        if part:
            unpacked = fresh(part / "unpacked")
            (unpacked / "usr/lib").mkdir(parents=True)
            (unpacked / "lib").symlink_to("usr/lib")
            source.unpack(source.kernel_packages(version), unpacked)
            modules = next((unpacked / "lib/modules").iterdir())
            subprocess.run(["depmod", "-b", unpacked, modules.name], check=True, stderr=subprocess.DEVNULL)
            take_modules(modules, fresh(part / "modules"))
            beside = modules / "vmlinuz"  # where newer packages have it
            shutil.copy2(beside if beside.exists() else next((unpacked / "boot").glob("vmlinuz-*")), part / "vmlinuz")
            shutil.rmtree(unpacked)
    return home


def take_modules(modules, into):
    """Copies MODULES and what they need, unpacked, and writes the order in which they load."""
    needs = dict(line.split(":", 1) for line in (modules / "modules.dep").read_text().splitlines())
    by_name = {Path(path).name.split(".")[0].replace("-", "_"): path for path in needs}
    order = []

    def add(path):
        for need in needs[path].split():
            add(need)
        if path not in order:
            order.append(path)
    for name in MODULES:
        if name in by_name:  # the others are built in
            add(by_name[name])
    for path in order:
        with open(into / Path(path).name.removesuffix(".xz"), "wb") as file:
            subprocess.run(["xz", "-dcf", modules / path], stdout=file, check=True)
    (into / "order").write_text("".join(Path(path).name.removesuffix(".xz") + "\n" for path in order))


def root(cache, suite, architecture, packages):
    """A folder with the guest's root as system.ext2, and busybox for its first steps."""
    home = Path(cache) / "roots" / f"{suite}_{architecture}"
    with made_once(home) as part:
        if part:
            made = fresh(part / "made")
            made.chmod(0o755)
            for folder in ROOT_FOLDERS:
                (made / folder).mkdir(parents=True, exist_ok=True)
            for link in ["bin", "sbin", "lib", "lib64"]:
                (made / link).symlink_to(f"usr/{link}")
            debian.Suite(cache, suite, architecture).unpack(packages, made, dependencies=True)
            for name, text in ETC.items():
                (made / "etc" / name).write_text(text)
            for link, program in [("sh", "dash"), ("awk", "mawk")]:  # what their packages' scripts would have set up
                (made / "usr/bin" / link).unlink(missing_ok=True)
                (made / "usr/bin" / link).symlink_to(program)
            shutil.copy2(made / "usr/bin/busybox", part / "busybox")
            image(made, part / "system.ext2", 400)
            shutil.rmtree(made)
    return home


def first(kernel_home, root_home, into):
    """The initramfs: busybox, the modules and init."""
    for folder in ["bin", "proc", "sys", "dev", "system"]:
        (into / folder).mkdir(parents=True)
    shutil.copytree(kernel_home / "modules", into / "modules")
    shutil.copy2(root_home / "busybox", into / "bin/busybox")
    shutil.copy2(HERE / "inside/init", into / "init")
    packed = into.with_suffix(".cpio")
    with open(packed, "wb") as file:
        found = subprocess.run(["find", ".", "-print0"], cwd=into, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["cpio", "--quiet", "-0", "-o", "-H", "newc"], cwd=into, input=found, stdout=file, check=True)
    return packed


def put(plan, settings, paths, into):
    """The disk of what is tested: the guest has each of `paths` where this machine has it."""
    inside, files = into / "inside", into / "files"
    shutil.copytree(HERE / "inside", inside)
    files.mkdir()
    (inside / "tests.json").write_text(json.dumps(plan))
    (inside / "settings").write_text("".join(line + "\n" for line in settings))
    (inside / "paths").write_text("".join(f"{path}\n" for path in paths))
    for path in paths:
        target = files / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.o", "*.a", "CMakeFiles"))
        else:
            shutil.copy2(path, target)
    made = into.with_suffix(".ext2")
    image(into, made, 16)
    return made
