# stress-ng: its malloc and vm stressors with verification, and fork and brk stressors that cross the heap.
# Not its pthread stressor: when time is up while it makes threads, it forgets the last one, which then reads a stack frame
# that is gone, and dies on any allocator (before version 0.21). tests/stress/thread_churn has such crowds.
. "$(dirname "$0")/stage.bash"
need stress-ng
seconds=$(amount 2 20)
stressors=("--malloc 2 --malloc-bytes 64M" "--malloc 2 --malloc-bytes 64M --malloc-pthreads 4" "--malloc 2 --malloc-touch --malloc-zerofree"
  "--malloc 1 --malloc-bytes 64M --malloc-thresh 64K" "--vm 2 --vm-bytes 64M --vm-method all" "--fork 2" "--brk 1" "--bsearch 1 --qsort 1 --hsearch 1 --tsearch 1")
cd "$work" || exit
report() { cat "$work/log"; fail "$stressor: $*"; }
for stressor in "${stressors[@]}"; do
  # Only with -v does it tell the signal that a stressor died of.
  # shellcheck disable=SC2086  # a stressor is several words
  under stress-ng $stressor --verify -v --timeout "${seconds}s" --metrics-brief --temp-path "$work" >"$work/log" 2>&1 || report "exit code $?"
  grep -q 'successful run completed' "$work/log" || report "did not complete"
  grep -E 'fail:|error:' "$work/log" && report "$(grep -E 'fail:|error:' "$work/log" | head -1)"
done
proves stress-ng --malloc 1 --malloc-ops 1000 --quiet || fail "1000 malloc operations"
remark "${#stressors[@]} sets of stressors"
