-- Bulk inserts, joins, groups, deletes and inserts again, in memory. :n is the number of rows.
create table item (id integer primary key, name text, kind integer, body text);
with recursive number(i) as (select 1 union all select i + 1 from number where i < :n)
insert into item select i, 'item ' || (i * 7919 % 100003), i % 97, hex(zeroblob(i * 31 % 150)) from number;
create index by_name on item(name);
create index by_kind on item(kind, name);
create table pair as select a.id as left_id, b.id as right_id, a.name || b.name as names
  from item a join item b on b.id = a.id * 3 % :n + 1 where a.kind < 40;
select count(*), sum(length(names)) from pair;
select kind, count(*), group_concat(substr(name, 6), '') from item where id % 5 = 0 group by kind order by 2 desc limit 1;
delete from item where id % 5 < 3;
insert into item select id + :n * 2, name || 'again', kind + 1, body || body from item;
update item set body = body || name where kind % 3 = 0;
select count(*), sum(length(body)) from item;
drop table pair;
vacuum;
