# long. MariaDB: a fresh installation, concurrent load, checked tables, a restart with the same checksums.
. "$(dirname "$0")/stage.bash"
need mariadbd mariadb mariadb-install-db mariadb-slap mariadb-check
user=$(id -un)
mkdir "$work/data"
options=(--no-defaults --datadir="$work/data" --user="$user")
under mariadb-install-db "${options[@]}" --auth-root-authentication-method=normal >"$work/log" 2>&1 || { tail -20 "$work/log"; fail "mariadb-install-db"; }
query() { mariadb --no-defaults -S "$work/socket" -u root -BNe "$1"; }
start() {
  launch "$work/server.log" mariadbd "${options[@]}" --socket="$work/socket" --skip-networking --pid-file="$work/pid" --innodb-buffer-pool-size=64M
  server=$!
  until_true 600 query 'select 1' || { tail -20 "$work/server.log"; fail "did not start"; }
}
start
proves_pid $server
under mariadb-slap --no-defaults -S "$work/socket" -u root --auto-generate-sql --auto-generate-sql-load-type=mixed \
  --auto-generate-sql-add-autoincrement --concurrency=16 --number-of-queries="$(amount 5000 60000)" >"$work/slap" 2>&1 || { tail "$work/slap"; fail "mariadb-slap"; }
rows=$(amount 50000 300000)
query "create database neap; use neap; create table neap.t (id int primary key, name varchar(300), blobs longblob, key(name));
  insert into neap.t select seq, repeat(md5(seq), seq % 9 + 1), repeat('b', seq % 2000) from seq_1_to_$rows;
  update neap.t set name = concat(name, id) where id % 3 = 0; delete from neap.t where id % 7 = 0;" || { grep -vE "^$|Note" "$work/server.log" | tail -30; fail "filling a table"; }
[ "$(query 'select count(*) from neap.t')" = $((rows - rows / 7)) ] || fail "a wrong count"
[ "$(query 'select sum(length(group_name)) > 0 from (select group_concat(name order by id) group_name from neap.t group by id % 100) g')" = 1 ] || fail "group_concat"
checksum=$(query 'checksum table neap.t')
mariadb-check --no-defaults -S "$work/socket" -u root --all-databases >"$work/check" || fail "mariadb-check"
grep -vE 'OK$|^(mysql|sys|neap|mysqlslap|performance_schema|information_schema)$' "$work/check" | grep -q 'error\|corrupt' && fail "a table is not OK"
stop() { mariadb-admin --no-defaults -S "$work/socket" -u root shutdown; wait $server || fail "exit code $? at shutdown"; }
need mariadb-admin
stop; start
[ "$(query 'checksum table neap.t')" = "$checksum" ] || fail "the checksum changed over a restart"
stop
grep -E 'signal|Assertion|corrupt' "$work/server.log" && fail "its log: $(grep -E 'signal|Assertion|corrupt' "$work/server.log" | head -1)"
remark "$rows rows, checked over a restart"
