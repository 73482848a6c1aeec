#!/usr/bin/env bash
# SIGKILL of the recorded program loses no event, and the code is the shell's for it.
set -euo pipefail
trace=$SCRATCH/killed.$$.trace; trap 'rm -f "$trace"' EXIT
code=0; "$NEAP" trace record -q --force -o "$trace" -- "$PROGRAMS/trace_killed" || code=$?
[ "$code" = 137 ] || { echo "survives_kill: exit code $code, not 137" >&2; exit 1; }
"$NEAP" trace info --json "$trace" | python3 -c '
import json, sys
facts = json.load(sys.stdin)
assert facts["sizes"][1]["births"] == 1000000, facts
assert facts["operations"]["free"] == 999000, facts
assert facts["objects_end"] == 1000 and facts["live_end_bytes"] == 64000, facts'
