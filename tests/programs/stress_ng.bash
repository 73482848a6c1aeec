# stress-ng: its malloc and vm stressors with verification, and fork, thread and brk stressors that cross the heap.
. "$(dirname "$0")/stage.bash"
need stress-ng
seconds=$(amount 2 20)
stressors=("--malloc 2 --malloc-bytes 64M" "--malloc 2 --malloc-bytes 64M --malloc-pthreads 4" "--malloc 2 --malloc-touch --malloc-zerofree"
  "--malloc 1 --malloc-bytes 64M --malloc-thresh 64K" "--vm 2 --vm-bytes 64M --vm-method all" "--fork 2" "--pthread 2" "--brk 1" "--bsearch 1 --qsort 1 --hsearch 1 --tsearch 1")
cd "$work"
for stressor in "${stressors[@]}"; do
  # shellcheck disable=SC2086  # a stressor is several words
  under stress-ng $stressor --verify --timeout "${seconds}s" --metrics-brief --temp-path "$work" --log-file "$work/log" >/dev/null 2>&1 ||
    { code=$?; cat "$work/log"; fail "$stressor: exit code $code"; }
  grep -q 'successful run completed' "$work/log" || { cat "$work/log"; fail "$stressor did not complete"; }
  grep -E 'fail:|error:' "$work/log" && fail "$stressor: $(grep -E 'fail:|error:' "$work/log" | head -1)"
  rm "$work/log"
done
proves stress-ng --malloc 1 --malloc-ops 1000 --quiet || fail "1000 malloc operations"
remark "${#stressors[@]} sets of stressors"
