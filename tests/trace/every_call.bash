#!/usr/bin/env bash
# Every allocating function is seen once per call and every object's death too, also above allocators that bring their
# own operator new.
set -euo pipefail
trace=$SCRATCH/every_call.$$.trace; trap 'rm -f "$trace"' EXIT
for allocator in libc jemalloc mimalloc tcmalloc neap; do
  "$NEAP" allocators --json | grep -q "\"$allocator\"" || continue
  "$NEAP" trace record -q --force -a "$allocator" -o "$trace" -- "$PROGRAMS/trace_every_call"
  "$NEAP" trace info --json "$trace" | python3 -c '
import json, sys
facts = json.load(sys.stdin)
births = facts["sizes"][5]["births"]  # up to 32 KiB, above 4
assert births == 12000, births
assert facts["operations"]["free"] >= 12000, facts["operations"]
assert facts["objects_end"] < 50, facts["objects_end"]' || { echo "every_call: above $allocator" >&2; exit 1; }
done
