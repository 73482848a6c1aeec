#!/usr/bin/env bash
# The live curve of a replay is the trace's own, the same under each allocator and in each run; every object keeps its
# contents; a cut starts with what was alive.
set -euo pipefail
trace=$SCRATCH/replay.$$.trace; cut=$SCRATCH/replay.$$.cut
trap 'rm -f "$trace" "$cut"' EXIT
"$NEAP" trace record -q --force -o "$trace" -- python3 -c '
import json, threading, time
def work():
    for i in range(30):
        json.loads(json.dumps([str(k) * 40 for k in range(3000)]))
        time.sleep(0.01)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()'
"$NEAP" trace cut -q --from 0.2 "$trace" "$cut"
replayer=$(dirname "$NEAP")/neap-replay
"$replayer" --verify "$trace" >/dev/null
for file in "$trace" "$cut"; do
  "$NEAP" trace info --json "$file" >"$SCRATCH/facts.$$"
  "$NEAP" trace replay -q --json --runs 2 "$file" 2>/dev/null >"$SCRATCH/replays.$$"
  python3 - "$SCRATCH/facts.$$" "$SCRATCH/replays.$$" <<'PYTHON'
import json, sys
facts, replays = (json.load(open(name)) for name in sys.argv[1:])
curves = {json.dumps([[s[0], s[2]] for s in one["samples"]]) for one in replays["allocators"]}
assert len(replays["allocators"]) >= 2, "only one allocator was replayed"
assert len(curves) == 1, "live curves differ"
last = replays["allocators"][0]["samples"][-1]
assert last[0] == facts["events"] and last[2] == facts["live_end_bytes"], (last, facts)
assert len(replays["allocators"][0]["samples"]) == 400
assert all(one["resident_mean_bytes"] > one["live_mean_bytes"] / 2 for one in replays["allocators"]), "RSS below live"
PYTHON
  rm -f "$SCRATCH/facts.$$" "$SCRATCH/replays.$$"
done
