-- Active runbooks of one's own workspace and built-in ones, the five best, by the first 4000 characters of a question.
begin;
select plan(5);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan, state)
select tests.id_of('acme'), 'zebra_' || n, 'Zebra giraffe ' || n, 'd', 'g', '{}', case n when 9 then 'retired' else 'active' end from generate_series(1, 9) n;
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
values (tests.id_of('elsewhere'), 'theirs', 'Okapi quagga', 'd', 'g', '{}'), (tests.id_of('acme'), 'retired_one', 'Lemur tapir', 'd', 'g', '{}');
update goalpost.runbooks set state = 'retired' where name = 'retired_one';
create function pg_temp.matched(p_question text) returns setof text language sql as $$
  select m.name from goalpost_private.match_runbooks(p_question, tests.id_of('acme'), tests.id_of('mia')) m $$;

select is((select count(*) from pg_temp.matched('zebra giraffe')), 5::bigint, 'at most five of eight matching runbooks are returned');
select is_empty('select * from pg_temp.matched(''okapi quagga'')', 'a runbook of another workspace is not returned');
select is_empty('select * from pg_temp.matched(''lemur tapir'')', 'a retired runbook is not returned');
select is_empty(format('select * from pg_temp.matched(%L) m where m like ''zebra%%''', repeat('hippopotamus ', 400) || 'zebra giraffe'), 'words after the first 4000 characters do not match');
select is_empty('select * from pg_temp.matched(''xylophone'')', 'a question without shared words returns no runbook');

select * from finish();
rollback;
