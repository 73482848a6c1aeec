# long. PostgreSQL: initdb, pgbench with several clients, a restart, sums that must add up; as a user that is not root.
. "$(dirname "$0")/stage.bash"
binaries=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
[ -n "$binaries" ] || { remark "postgresql is not installed"; exit 77; }
need pgbench setpriv
PATH=$binaries:$PATH
user=()
if [ "$(id -u)" = 0 ]; then
  user=(setpriv --reuid="$(id -u nobody)" --regid="$(id -g nobody)" --clear-groups)
fi
mkdir "$work/data"; [ ${#user[@]} = 0 ] || chown -R nobody "$work"
cd "$work" || exit
as_user() { under "${user[@]}" "$@"; }
query() { as_user psql -h "$work" -U neap -d postgres -Atc "$1"; }

as_user initdb -D "$work/data" -U neap -A trust --no-sync >"$work/log" 2>&1 || { tail "$work/log"; fail "initdb"; }
start() {
  launch "$work/server.log" "${user[@]}" postgres -D "$work/data" -k "$work" -c listen_addresses= -c fsync=off -c max_parallel_workers_per_gather=2
  server=$!
  until_true 600 query 'select 1' || { cat "$work/server.log"; fail "did not start"; }
}
start
proves_pid $server
as_user pgbench -h "$work" -U neap -i -q -s "$(amount 2 20)" postgres 2>"$work/log" || { tail "$work/log"; fail "pgbench -i"; }
as_user pgbench -h "$work" -U neap -c 8 -j 2 -T "$(amount 5 60)" postgres >"$work/bench" 2>&1 || { tail "$work/bench"; fail "pgbench"; }
grep -q 'number of failed transactions: 0 ' "$work/bench" || fail "transactions failed"
sums='select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)
  and (select sum(tbalance) from pgbench_tellers) = (select sum(bbalance) from pgbench_branches)'
[ "$(query "$sums")" = t ] || fail "the balances do not add up"
[ "$(query "select count(*), sum(length(md5(i::text || repeat('x', i % 3000)))) from generate_series(1, 300000) i")" = '300000|9600000' ] || fail "a wrong sum"
history=$(query 'select count(*) from pgbench_history')
kill -INT $server; wait $server || fail "exit code $? at shutdown"
start
[ "$(query "$sums")" = t ] && [ "$(query 'select count(*) from pgbench_history')" = "$history" ] || fail "the restart lost something"
grep -E 'PANIC|signal|corrupt' "$work/server.log" && fail "its log: $(grep -E 'PANIC|signal|corrupt' "$work/server.log" | head -1)"
kill -INT $server; wait $server || fail "exit code $? at shutdown"
remark "$history transactions, the sums add up"
