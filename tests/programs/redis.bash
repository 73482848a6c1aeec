# redis: fills a server, measures it, saves and reloads it; what comes back must be what went in.
. "$(dirname "$0")/stage.bash"
need redis-check-rdb redis-cli redis-benchmark

keys=$(amount 100000 1000000)
socket=$work/socket
call() { redis-cli -s "$socket" "$@"; }
answers() { [ "$(call ping)" = PONG ]; }  # while it loads its data it answers too, with an error and exit code 0
start() {  # Debian's redis-server is this binary under another name; it links libjemalloc, and the preload has to win
  launch "$work/log" bash -c 'exec -a redis-server redis-check-rdb "$@"' redis \
    --port 0 --unixsocket "$socket" --dir "$work" --save '' --appendonly no
  server=$!
  until_true 600 answers || { cat "$work/log"; fail "did not start"; }
}
digest() { call debug digest 2>/dev/null | grep -E '^[0-9a-f]{40}$' || call --no-raw eval "$sum" 0; }
sum='local s = 0; for i = 1, '$keys' do s = s + #(redis.call("GET", "key:" .. i) or "") end; return s'

start
proves_pid $server
# Values of 1 to 1000 bytes whose length is known from the key.
awk -v n="$keys" 'BEGIN { for (i = 1; i <= n; ++i) { v = sprintf("%0*d", i % 1000 + 1, i); printf "*3\r\n$3\r\nSET\r\n$%d\r\nkey:%d\r\n$%d\r\n%s\r\n", length("key:" i), i, length(v), v } }' >"$work/commands"
call --pipe <"$work/commands" | grep -q 'errors: 0' || fail "loading keys"
[ "$(call dbsize)" = "$keys" ] || fail "dbsize is $(call dbsize)"
[ "$(call get key:777)" = "$(printf '%0*d' 778 777)" ] || fail "a value came back changed"
before=$(call eval "$sum" 0)
call save | grep -q OK || fail "save"

redis-benchmark -s "$socket" -n "$(amount 50000 200000)" -c 20 -q -t set,get,incr,lpush,lpop,sadd,hset,zadd,lrange_100 >"$work/benchmark" ||
  fail "redis-benchmark"
[ "$(grep -c 'requests per second' <(tr '\r' '\n' <"$work/benchmark" | grep -v 'rps='))" -ge 9 ] || fail "redis-benchmark left out tests"
call bgsave >/dev/null  # forks
until_true 600 sh -c "redis-cli -s $socket info persistence | grep -q rdb_bgsave_in_progress:0" || fail "bgsave does not end"
call info persistence | grep -q 'rdb_last_bgsave_status:ok' || fail "bgsave"
call shutdown nosave; wait $server || fail "exit code $? at shutdown"

start
[ "$(call eval "$sum" 0)" = "$before" ] || fail "reloaded values differ"
call flushall >/dev/null
remark "$keys keys, $(grep -o 'GET: [0-9.]*' <(tr '\r' '\n' <"$work/benchmark") | tail -1 | cut -d' ' -f2) GET a second"
call shutdown nosave; wait $server || fail "exit code $? at shutdown"
