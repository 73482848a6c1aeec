"""Programs with known heaps, and what neap inspect says of them. NEAP names the command, KNOWN_HEAP the program."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tool"))
from neap_command import NeapTest, neap, until  # noqa: E402

KNOWN_HEAP = os.environ["KNOWN_HEAP"]
ENOUGH_LOOKS = 8  # of a watch: of three seconds it has 12, of six seconds beside six others 12 to 16


class Known:
    """A known_heap that waits; `told` is what its malloc says of itself."""

    def __init__(self, case, environment=(), program=KNOWN_HEAP):
        command = program if isinstance(program, list) else [program]
        self.process = subprocess.Popen([*command, case], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, **dict(environment)})
        self.take()
        self.pid = self.told["pid"]

    def take(self):
        self.told = json.loads(self.process.stdout.readline())

    @property
    def mallinfo(self):
        return {key: self.told[key] for key in ("arena", "uordblks", "fordblks", "hblkhd", "fsmblks")}

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        self.take()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()  # it ends
        self.process.stdout.close()
        self.process.wait()


def inspect(pid, *options):
    done = neap("inspect", "-q", "--json", pid, *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def heap_of(look, allocator):
    return next(heap for heap in look["heaps"] if heap["allocator"] == allocator)


def as_mallinfo(heap):
    """The figures of the walk in the words of mallinfo."""
    live = heap["live"]["bytes"] - heap["mapped"]["bytes"]
    return {"arena": heap["system_bytes"], "fordblks": heap["free"]["bytes"], "hblkhd": heap["mapped"]["bytes"],
            "fsmblks": heap["fast"]["bytes"],
            "uordblks": live + heap["cached"]["bytes"] + heap["foreign_bytes"] + heap["metadata_bytes"]}


__all__ = ["Known", "KNOWN_HEAP", "NeapTest", "as_mallinfo", "heap_of", "inspect", "neap", "until"]
