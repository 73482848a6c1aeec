#!/usr/bin/env bash
# A known program gives exactly its events, from every thread, above every allocator of this machine.
set -euo pipefail
trace=$SCRATCH/counts.$$.trace; trap 'rm -f "$trace"' EXIT
field() { "$NEAP" trace info --json "$trace" | python3 -c "import json,sys; d = json.load(sys.stdin); print(d$1)"; }
expect() { [ "$2" = "$3" ] || { echo "counts: $1: expected $2, found $3" >&2; exit 1; }; }

for allocator in libc jemalloc mimalloc tcmalloc neap; do
  "$NEAP" allocators --json | grep -q "\"$allocator\"" || continue
  code=0; "$NEAP" trace record -q --force -a "$allocator" -o "$trace" -- "$PROGRAMS/trace_counted" 100000 4 || code=$?
  expect "exit code kept" 7 "$code"
  expect "$allocator: mallocs of 100 to 149 bytes" 400000 "$(field '["sizes"][2]["births"]')"
  expect "$allocator: reallocs" 40000 "$(field '["operations"]["realloc"]')"
  frees=$(field '["operations"]["free"]')
  [ "$frees" -ge 400000 ] && [ "$frees" -lt 400100 ] || { echo "counts: $allocator: $frees frees" >&2; exit 1; }
done

# More threads than rings: every event is there, each with its thread.
"$NEAP" trace record -q --force -o "$trace" -- "$PROGRAMS/trace_counted" 1000 64 || [ $? = 7 ]
expect "64 threads: mallocs" 64000 "$(field '["sizes"][2]["births"]')"
expect "64 threads: threads" 65 "$(field '["threads"]')"

# A program that allocates nothing is recorded, and its trace has no events.
said=$("$NEAP" trace record --force -o "$trace" -- true 2>&1)
expect "true: what is said" "" "$(grep 'nothing was recorded' <<<"$said" || true)"
expect "true: its trace" "neap: $trace: the trace holds no events" "$("$NEAP" trace info "$trace" 2>&1 || true)"
