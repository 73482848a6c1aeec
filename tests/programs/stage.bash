# What each program's file begins with: a work folder that goes away, the preload, and the proof that it took effect.
#
#   under COMMAND...       runs it with the library preloaded
#   proves COMMAND...      the same for a command that ends; its own counters must say that the library served it
#   proves_pid PID         the same for a process that runs
#   same NAME COMMAND...   runs it on plain libc and under the library: both must print the same
#   launch LOG COMMAND...  starts it under the library in the background; $! is its pid; it is ended with the stage
#   until_true SECONDS COMMAND...   waits for a condition
#   need BINARY...         skips the program where one is not installed
#   amount SHORT LONG      how much work, in the short form and in the long one
set -uo pipefail
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
stage=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d /tmp/neap-programs.XXXXXX)
chmod 755 "$work"
launched=()

finish() {
  local code=$? pid
  for pid in "${launched[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${launched[@]}"; do
    until_true 60 gone "$pid" || kill -9 "$pid" 2>/dev/null
  done
  wait 2>/dev/null
  [ -n "${KEEP:-}" ] || rm -rf "$work"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

# Remarks go past whatever redirection or pipe the caller stands in.
exec {remarks}>&1
fail() { echo "remark: $*" >&$remarks; exit 1; }
remark() { echo "remark: $*" >&$remarks; }
amount() { [ "$PROGRAMS_SHORT" = 1 ] && echo "$1" || echo "$2"; }
gone() { ! kill -0 "$1" 2>/dev/null || [ "$(ps -o stat= -p "$1" | cut -c1)" = Z ]; }

need() {
  local binary
  for binary in "$@"; do
    command -v "$binary" >/dev/null || { remark "$binary is not installed (scripts/packages programs programs-long)"; exit 77; }
  done
}

until_true() {
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}

# The library as any user can read it, and untouched by a build that goes on meanwhile.
library=""
if [ -n "$PROGRAMS_LIBRARY" ]; then
  library=$work/$(basename "$PROGRAMS_LIBRARY")
  cp "$PROGRAMS_LIBRARY" "$library"
  chmod 755 "$library"
fi
is_neap() { [[ $(basename "$library") = libneap.so* ]]; }

under() {
  if [ -n "$library" ]; then env LD_PRELOAD="$library" "$@"; else "$@"; fi
}

proves() {
  if ! is_neap; then under "$@"; return; fi
  local code
  NEAP_OPTIONS=stats:1 under "$@" 2>"$work/proof"
  code=$?
  grep -Ev '^libneap: (served|  )' "$work/proof" >&2
  grep -Eq '^libneap: served [1-9][0-9]* objects' "$work/proof" || fail "libneap did not serve: $*"
  return $code
}

proves_pid() {
  [ -n "$library" ] || return 0
  grep -qF "$library" "/proc/$1/maps" || fail "$(basename "$library") is not mapped into process $1"
  is_neap || return 0
  local served
  served=$("$stage/served" "$1" "$library") || fail "cannot read the telemetry of process $1"
  [ "$served" -gt 0 ] || fail "libneap is loaded into process $1, but served nothing"
}

same() {
  local name=$1; shift
  "$@" >"$work/$name.libc" 2>"$work/$name.error" || fail "$name fails on plain libc: $(tail -1 "$work/$name.error")"
  proves "$@" >"$work/$name.under" 2>"$work/$name.error" || fail "$name fails: $(tail -1 "$work/$name.error")"
  [ -s "$work/$name.libc" ] || fail "$name printed nothing"
  cmp "$work/$name.libc" "$work/$name.under" || fail "$name: the output differs from that on plain libc"
}

launch() {
  local log=$1; shift
  if [ -n "$library" ]; then
    LD_PRELOAD=$library "$@" >"$log" 2>&1 &
  else
    "$@" >"$log" 2>&1 &
  fi
  launched+=($!)
}

# A loopback address for this stage alone: nobody else listens on any of its ports, and no connection goes out from one.
own_address() { echo 127.$((100 + RANDOM % 100)).$((RANDOM % 256)).$((1 + RANDOM % 254)); }
