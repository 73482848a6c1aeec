# sqlite3: fills, indexes, joins, updates and vacuums a database; integrity and answers as on plain libc.
. "$(dirname "$0")/stage.bash"
need sqlite3
rows=$(amount 100000 1000000)
cat >"$work/work.sql" <<SQL
PRAGMA cache_size=-20000;
CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, town INTEGER, notes BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
  INSERT INTO people SELECT i, 'name' || (i * 7919 % $rows), i * 31 % 1000, zeroblob(i % 300) FROM n;
CREATE INDEX by_town ON people(town, name);
CREATE TABLE towns AS SELECT town, count(*) AS heads, max(name) AS last FROM people GROUP BY town;
UPDATE people SET notes = hex(name || name) WHERE id % 3 = 0;
DELETE FROM people WHERE id % 7 = 0;
SELECT t.town, t.heads, count(p.id), sum(length(p.notes)) FROM towns t JOIN people p USING(town) GROUP BY 1 ORDER BY 1 LIMIT 50;
SELECT group_concat(name, '-') FROM (SELECT name FROM people ORDER BY notes DESC, name LIMIT 2000);
VACUUM;
PRAGMA integrity_check;
SELECT count(*), sum(id), sum(length(name)) FROM people;
SQL
work_on() { sqlite3 -batch "$1" <"$work/work.sql"; }
export -f work_on; export work
same memory bash -c 'work_on :memory:'
same file bash -c 'rm -f $work/db; work_on $work/db'
grep -qx ok "$work/file.under" || fail "integrity_check"
# bash stands between here and sqlite3 above; this run proves sqlite3 itself.
proves sqlite3 "$work/db" 'SELECT count(*) FROM people' | grep -qx $((rows - rows / 7)) || fail "a wrong count"
remark "$rows rows"
