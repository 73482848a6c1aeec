#!/usr/bin/env bash
# Recording is cheap: ten million events cost less than 6 s of processor time, the program's own and the collector's, three
# times the 2 s that a program has which makes five million a second. (Time on the clock says how busy the machine is.)
set -euo pipefail
trace=$SCRATCH/slowdown.$$.trace; trap 'rm -f "$trace"' EXIT
record() { "$NEAP" trace record -q --force -o "$trace" -- "$PROGRAMS/trace_counted" 2380000 2 || [ $? = 7 ]; }
TIMEFORMAT='%3U %3S'
{ used=$({ time record 2>&3; } 2>&1); } 3>&2
used_ms=$(awk '{ print int(($1 + $2) * 1000) }' <<<"$used")
"$NEAP" trace info --json "$trace" | grep -q '"malloc": 4760' || { echo "slowdown: events are missing" >&2; exit 1; }
[ "$used_ms" -gt 0 ] && [ "$used_ms" -lt 6000 ] || { echo "slowdown: 10 million events cost $used_ms ms" >&2; exit 1; }
echo "10 million events cost $used_ms ms"
