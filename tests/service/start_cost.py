"""What the list of exceptions adds to the start of a program under /etc/ld.so.preload, in microseconds of processor time,
which does not depend on what else runs: the median over pairs of starts, one with the list and one without, in alternating
order. As root, in a machine of boot: it moves /etc/neap/except.

    python3 start_cost.py [PAIRS]
"""
import json
import os
import statistics
import sys

LIST, ASIDE, PROGRAM = "/etc/neap/except", "/etc/neap/aside", "/bin/true"
PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
FULL = "".join(f"/usr/bin/program-number-{number:04}\n" for number in range(200))[:4000]  # libneap reads 4096 bytes
LISTS = {"one name": "nobody\n", "4 KiB of names": FULL, "4 KiB, this program last": FULL[:3900].rsplit("\n", 1)[0] + "\ntrue\n"}


def start_us():
    _, _, used = os.wait4(os.posix_spawn(PROGRAM, [PROGRAM], {}), 0)
    return (used.ru_utime + used.ru_stime) * 1e6


def pair(list_first):
    with_list = start_us() if list_first else None
    os.rename(LIST, ASIDE)
    without = start_us()
    os.rename(ASIDE, LIST)
    return (with_list if list_first else start_us()) - without


def cost_of(text):
    with open(LIST, "w") as file:
        file.write(text)
    return round(statistics.median(pair(number % 2 == 0) for number in range(PAIRS)), 1)


with open(LIST) as file:
    old = file.read()
try:
    print(json.dumps({name: cost_of(text) for name, text in LISTS.items()}))
finally:
    with open(LIST, "w") as file:
        file.write(old)
