"""Runs the plan (/put/inside/tests.json) in the guest; the host reads a line of JSON for each thing that happens."""
import json
import os
import platform
import signal
import subprocess
import threading
import time

PLAN = json.load(open("/put/inside/tests.json"))
HOST = os.open("/dev/vport0p1", os.O_WRONLY)
TURN = threading.Lock()


def tell(**what):
    line = (json.dumps(what) + "\n").encode()
    with TURN:
        while line:
            line = line[os.write(HOST, line):]


def run(test):
    tell(begin=test["name"])
    begin = time.monotonic()
    child = subprocess.Popen(test["command"], env=os.environ | test["environment"], cwd="/tmp", stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    late = threading.Timer(PLAN["patience"], os.killpg, [child.pid, signal.SIGKILL])
    late.start()
    output, _ = child.communicate()
    code = "late" if not late.is_alive() else child.returncode
    late.cancel()
    tell(name=test["name"], code=code, seconds=round(time.monotonic() - begin, 1), output=output.decode(errors="replace")[-4000:])


def work(tests):
    while True:
        with TURN:
            if not tests:
                return
            test = tests.pop(0)
        run(test)


tell(guest=f"{platform.release()} {platform.machine()}, {os.cpu_count()} CPUs, pages of {os.sysconf('SC_PAGE_SIZE')} bytes, "
           f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') >> 20} MiB")
workers = [threading.Thread(target=work, args=(PLAN["tests"],)) for _ in range(PLAN["jobs"])]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
tell(end=True)
