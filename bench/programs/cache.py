"""A cache of rendered pages with a bound on its bytes: the oldest go. What is rendered changes, and with it the sizes.
   cache.py MIB PAGES"""
import collections
import random
import sys

source = random.Random(11)
bound, pages = int(sys.argv[1]) << 20, int(sys.argv[2])
cache, held = collections.OrderedDict(), 0
for number in range(pages):
    least = (600, 30_000, 3_000, 100_000, 8_000)[number * 5 // pages]
    page = b"x" * int(least * 2 ** (4 * source.random()))
    held += len(page)
    cache[number] = page
    while held > bound:
        held -= len(cache.popitem(last=False)[1])
    if number % 7 == 0 and cache:  # one that is asked for again and again stays
        cache.move_to_end(next(iter(cache)))
print(len(cache), held)
