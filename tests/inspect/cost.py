#!/usr/bin/env python3
"""What looking into a program costs that program, in CPU time: twins that do the same work, one of them looked into, segment by
segment in turn, so that both meet the same machine. Redis-server under redis-benchmark, and python.

    tests/inspect/cost.py profile            # neap profile: both programs, some ten minutes
    tests/inspect/cost.py inspect            # neap inspect, again and again, of redis-server at work: 1,000 walks
    tests/inspect/cost.py inspect --rest 10  # ten seconds between two looks
    NEAP=build/release/neap (the default)
"""
import argparse
import json
import math
import os
import pathlib
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
NEAP = os.environ.get("NEAP", str(TREE / "build/release/neap"))
# Dictionaries, lists, strings and objects that come and go; a segment is a fifth of a second.
PYTHON = """
import sys, time
class Node:
    def __init__(self, key, value): self.key, self.value, self.next = key, value, None
kept = {}
def work(round):
    for number in range(round * 7919, round * 7919 + 30000):
        node = Node("key %d" % number, [number, str(number), {"at": number}])
        kept[number % 50000] = (node, node.key.split(), [x * 2 for x in range(number % 12)])
work(0); work(1)
for line in sys.stdin:
    before = time.process_time()
    work(int(line))
    print(time.process_time() - before, flush=True)
"""


class Python:
    """A python that works a segment when it is told to."""

    def __init__(self, looked_into, environment):
        command = [*looked_into, "/usr/bin/python3", "-c", PYTHON]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env={**os.environ, "PYTHONHASHSEED": "0", **environment})
        self.segment(0)

    def segment(self, number):
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self):
        self.process.kill()  # of neap profile that writes no names; python then reads the end of its input
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Redis:
    """A redis-server; a segment is so many requests of redis-benchmark."""

    REQUESTS = 30000

    def __init__(self, looked_into, environment):
        self.folder, self.port = tempfile.TemporaryDirectory(), str(free_port())
        self.process = subprocess.Popen([*looked_into, "redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--dir", self.folder.name],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
        while self.ask("ping").stdout != "PONG\n":
            time.sleep(0.02)
        self.pid = int(next(line for line in self.ask("info", "server").stdout.splitlines() if line.startswith("process_id:")).partition(":")[2])
        self.segment(0), self.segment(0)

    def ask(self, *words):
        return subprocess.run(["redis-cli", "-p", self.port, *words], capture_output=True, text=True)

    def cpu(self):
        """Of the thread that serves, in seconds."""
        return int(pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/schedstat").read_text().split()[0]) / 1e9

    def segment(self, _):
        before = self.cpu()
        subprocess.run(["redis-benchmark", "-p", self.port, "-n", str(self.REQUESTS), "-r", "100000", "-d", "200", "-P", "16", "-c", "20", "-q",
                        "-t", "set,get,lpush,lpop"], check=True, stdout=subprocess.DEVNULL)
        return self.cpu() - before

    def end(self):
        self.ask("shutdown", "nosave")
        self.process.wait()
        self.folder.cleanup()


def in_turn(plain, looked, segments):
    """The log of the ratio of each pair of segments."""
    logs = []
    for number in range(segments):
        first, second = (plain, looked) if number % 2 == 0 else (looked, plain)
        taken = {first: first.segment(number), second: second.segment(number)}
        logs.append(math.log(taken[looked] / taken[plain]))
    return logs


def interval(logs_of_pairs):
    """Percent more, with 95% by a bootstrap over the pairs of processes, each the median of its segments."""
    values, chance = [statistics.median(logs) for logs in logs_of_pairs], random.Random(1)
    means = sorted(statistics.fmean(chance.choices(values, k=len(values))) for _ in range(10000))
    percent = lambda log: 100 * (math.exp(log) - 1)
    return f"{percent(statistics.fmean(values)):+.2f}% ({percent(means[250]):+.2f} to {percent(means[9750]):+.2f})"


def profile(options):
    with tempfile.TemporaryDirectory() as folder:
        profiled = [NEAP, "profile", "-q", "-o", os.path.join(folder, "live.folded"), "--"]
        for name, program, environment in (("python", Python, {}), ("python, PYTHONMALLOC=malloc", Python, {"PYTHONMALLOC": "malloc"}), ("redis-server", Redis, {})):
            if options.only and options.only != name:
                continue
            pairs = []
            for _ in range(options.pairs):
                twins = program([], environment), program(profiled, environment)
                pairs.append(in_turn(*twins, options.segments))
                for twin in twins:
                    twin.end()
            print(f"{name}: {interval(pairs)}, {options.pairs} pairs of {options.segments} segments", flush=True)


class Looker:
    """neap inspect of a process on another CPU, one after the other, with `rest` seconds between two."""

    def __init__(self, pid, rest, cpus):
        self.pid, self.rest, self.cpus = pid, rest, cpus
        self.looks, self.error, self.over = 0, "", threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        os.sched_setaffinity(0, self.cpus)  # of this thread and what it starts
        while not self.error:
            done = subprocess.run([NEAP, "inspect", "-q", "--json", str(self.pid)], capture_output=True, text=True)
            if done.returncode != 0 or json.loads(done.stdout)["live_bytes"] == 0:
                self.error = done.stderr or "no heap was found"
            self.looks += 1
            if self.over.wait(self.rest):
                return

    def end(self):
        self.over.set()
        self.thread.join()
        if self.error:
            raise SystemExit(f"cost: {self.error}")
        return self.looks


def inspect(options, others):
    """A redis-server at work, of which every third segment passes alone, one beside looks at its twin, which rests, and one under
    looks at itself: the second has the same work on the machine, and only the third can lock or move what is its own."""
    in_libc = {"LD_PRELOAD": "libc.so.6"}  # Debian's brings jemalloc, whose heap is not read
    looks, beside, under, more = 0, [], [], []
    while looks < options.looks:
        redis, twin = Redis([], in_libc), Redis([], in_libc)
        taken = {None: [], twin: [], redis: []}
        for number in range(options.segments):
            for target in random.Random(number).sample(list(taken), 3):
                looker = Looker(target.pid, options.rest, others) if target else None
                taken[target].append(math.log(redis.segment(number)))
                if target:
                    looked = looker.end()
                    looks += looked if target is redis else 0
        alone, of_twin, of_it = taken.values()
        for logs, first, second in ((beside, of_twin, alone), (under, of_it, alone), (more, of_it, of_twin)):
            logs.append([a - b for a, b in zip(first, second)])
        redis.end(), twin.end()
    print(f"redis-server, {looks} walks, {len(under)} processes of {options.segments} segments, CPU time")
    print(f"  while it is walked:         {interval(under)}")
    print(f"  while its twin is walked:   {interval(beside)}")
    print(f"  the one against the other:  {interval(more)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["profile", "inspect"])
    parser.add_argument("--pairs", type=int, default=8, help="of processes (default: %(default)s)")
    parser.add_argument("--segments", type=int, default=12, help="of work in each pair (default: %(default)s)")
    parser.add_argument("--looks", type=int, default=1000, help="at least so many walks (default: %(default)s)")
    parser.add_argument("--rest", type=float, default=0, help="seconds between two walks (default: %(default)s)")
    parser.add_argument("--only", help="one program: 'python', 'redis-server' or 'python, PYTHONMALLOC=malloc'")
    options = parser.parse_args()
    for program in ("redis-server", "redis-benchmark", "redis-cli"):
        if shutil.which(program) is None:
            parser.error(f"no {program} (scripts/packages programs bench)")
    # All on one CPU: a client at work on the other thread of a core makes a server's time half as long again, or not.
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cpus)})
    profile(options) if options.what == "profile" else inspect(options, cpus - {max(cpus)} or cpus)


if __name__ == "__main__":
    main()
