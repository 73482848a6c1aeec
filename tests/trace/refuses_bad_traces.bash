#!/usr/bin/env bash
# Bad input ends in one clear line and exit code 2, for each verb that reads a trace.
set -euo pipefail
good=$SCRATCH/bad.$$.trace bad=$SCRATCH/bad.$$.bad
trap 'rm -f "$good" "$bad"' EXIT
"$NEAP" trace record -q --force -o "$good" -- "$PROGRAMS/trace_counted" 1000 2 || [ $? = 7 ]

refused() {  # refused WORDS COMMAND...
  local words=$1 code=0 said; shift
  said=$("$@" 2>&1 >/dev/null) || code=$?
  [ "$code" = 2 ] || { echo "refuses_bad_traces: '$*' gave $code, not 2: $said" >&2; exit 1; }
  [ "$(grep -c . <<<"$said")" = 1 ] || { echo "refuses_bad_traces: '$*' said more than a line: $said" >&2; exit 1; }
  grep -q "$words" <<<"$said" || { echo "refuses_bad_traces: '$*' does not say '$words': $said" >&2; exit 1; }
}

refused 'No such file' "$NEAP" trace info /nonexistent.trace
refused 'No such file' "$NEAP" trace replay -a libc /nonexistent.trace
head -c -120 "$good" >"$bad"  # of its one chunk the last bytes are missing
refused truncated "$NEAP" trace info "$bad"
refused truncated "$NEAP" trace replay -a libc "$bad"
refused truncated "$NEAP" trace cut "$bad" "$SCRATCH/never"
{ head -c 100 "$good"; printf 'XXXXXXXX'; tail -c +109 "$good"; } >"$bad"
refused corrupted "$NEAP" trace info "$bad"
refused corrupted "$NEAP" trace replay -a libc "$bad"
echo 'not a trace at all' >"$bad"
refused 'not an allocation trace' "$NEAP" trace info "$bad"
refused 'exists' "$NEAP" trace record -o "$good" -- true
refused 'no program' "$NEAP" trace record -o "$bad.new"
