#!/usr/bin/env bash
# A forked child is not recorded and does not disturb its parent's trace; after exec the same process goes on being
# recorded; --process picks one of several.
set -euo pipefail
trace=$SCRATCH/forks.$$.trace; trap 'rm -f "$trace"' EXIT
births() { "$NEAP" trace info --json "$trace" | python3 -c "import json,sys; print(json.load(sys.stdin)['sizes'][$1]['births'])"; }
"$NEAP" trace record -q --force -o "$trace" -- "$PROGRAMS/trace_forking"
[ "$(births 2)" = 2000 ] && [ "$(births 1)" = 0 ] || { echo "forks: the trace is not the parent's alone" >&2; exit 1; }

"$NEAP" trace record -q --force -o "$trace" -- env A=b "$PROGRAMS/trace_forking"
[ "$(births 2)" -ge 2000 ] || { echo "forks: lost after exec" >&2; exit 1; }

"$NEAP" trace record -q --force --process trace_forking -o "$trace" -- bash -c "'$PROGRAMS/trace_forking'; true"
[ "$(births 2)" = 2000 ] || { echo "forks: --process recorded another" >&2; exit 1; }
