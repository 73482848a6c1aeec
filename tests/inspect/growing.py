"""growing.py KIND RATE: as growing.cc, in Python, to be run with PYTHONMALLOC=malloc. `leak`: a cache that nobody empties.
`fragmentation`: entries at random places become fewer and longer, so that as much lives as before."""
import random
import select
import sys
import time

TICK_S = 0.02
COUNT, SHORT, LONG = 200_000, 60, 1000


def text(length, number):
    return b"%d" % number + bytes(length)


class Leak:
    def __init__(self):
        self.cache, self.number = [], 0

    def grow(self, due):
        work = [text(30 + number % 700, number) for number in range(300)]
        del work
        while due >= 160:
            self.number += 1
            self.cache.append(text(90, self.number))
            due -= 160
        return due


class Fragmentation:
    def __init__(self):
        self.table, self.longer, self.spare = [text(SHORT, number) for number in range(COUNT)], [None] * COUNT, 0
        self.used = 0
        random.Random(1).shuffle(self.table)  # the order of their end is not that of their birth

    def grow(self, due):
        while due >= 112 and self.table:
            self.table.pop()
            self.spare += 112
            due -= 112
            if self.spare >= LONG + 48:
                self.spare -= LONG + 48
                self.longer[self.used] = text(LONG, 1)
                self.used += 1
        return due


def main(kind, rate):
    program = {"leak": Leak, "fragmentation": Fragmentation}[kind]()
    for _ in range(50):
        program.grow(0)
    print(flush=True)
    last, due = time.monotonic(), 0
    while not select.select([sys.stdin], [], [], TICK_S)[0]:
        now = time.monotonic()
        due = program.grow(due + (now - last) * rate)
        last = now


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
