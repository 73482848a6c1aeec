"""A relay of the lab as a load: the lab makes its folder once; each run starts tor on a copy of it, alone. It reads its directory, makes and
compresses the differences between consensuses in eight threads, and serves a crowd of clients."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from ..failure import Failure
from ..places import BENCH, SEARCHED
from ..workload import Skipped, Workload

NAME, INSTALL = "tor-relay", "scripts/packages lab"
# Two minutes of load: consensuses enough to make differences between.
LAB = ("-q", "-a", "libc", "--keep", "--minutes", "15", "--load", "2", "--output", "lab")
COMPARABLE = 0, 1  # what the lab ends with; whether two relays served the same is nothing here
MADE, COPY = "made", "relay"
NOT_KEPT = "lock", "pid", "output", "notice.log", "torrc"
# Behind the lab's own lines: tor takes the last. 64 MB are the least that it accepts. Its consensuses become older while it is measured. Small
# buffers of the kernel's leave what is not read where it counts.
LINES = ("MaxMemInQueues 64 MB", "MaxConsensusAgeForDiffs 1 day", "ConstrainedSockets 1", "ConstrainedSockSize 16 KB")


def load(context, group):
    tor = shutil.which("tor", path=SEARCHED)
    if tor is None:
        return Skipped(NAME, group, f"tor is not installed ({INSTALL})")
    script = f"exec {shlex.quote(sys.executable)} -B {shlex.quote(str(BENCH / 'programs/relay'))}"
    start = f"rm -rf {COPY} && cp -r {MADE} {COPY} && exec {shlex.quote(tor)} --defaults-torrc /dev/null -f {COPY}/torrc"
    return Workload(NAME, group, ("/bin/sh", "-c", start), prepare=f"{script} make {shlex.quote(context.places.program('neap'))}",
                    beside=f"{script} ask")


def make(neap):
    """MADE in the working folder: what the relay had when its lab ended. A lab that is killed leaves nothing behind; told to end, it would still
    write into the folder, which is gone by then."""
    done = subprocess.run(["setpriv", "--pdeathsig", "KILL", neap, "lab", "tor", *LAB], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    tested = pathlib.Path("lab/network/tested1")
    if done.returncode not in COMPARABLE or not tested.is_dir():
        raise Failure(f"the lab ended with {done.returncode}: {done.stderr.strip()}")
    shutil.copytree(tested, MADE)
    shutil.rmtree("lab")
    made = pathlib.Path(MADE)
    address = f"127.90.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"  # no lab's range, and no other's of these relays
    text = torrc((made / "torrc").read_text(), pathlib.Path(COPY).resolve(), address)
    forget_differences(made / "diff-cache")
    for name in NOT_KEPT:
        (made / name).unlink(missing_ok=True)
    (made / "torrc").write_text(text)


def torrc(text, folder, address):
    """The lab's, for the relay alone at another place."""
    before = re.search(r"^DataDirectory (\S+)$", text, re.M)[1], address_of(text)
    return text.replace(before[0], str(folder)).replace(before[1], address) + "\n".join(LINES) + "\n"


def address_of(text):
    return re.search(r"^Address (\S+)$", text, re.M)[1]


def labelled(data):
    """(labels, body) of a file of a relay's diff-cache."""
    head, _, body = data.partition(b"\0")
    return dict(line.split(" ", 1) for line in head.decode().splitlines()), body


def forget_differences(folder):
    """So that the relay makes them in each run."""
    for file in folder.iterdir():
        if labelled(file.read_bytes())[0]["document-type"] == "consensus-diff":
            file.unlink()
