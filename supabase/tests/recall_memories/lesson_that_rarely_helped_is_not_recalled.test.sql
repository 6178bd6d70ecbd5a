-- From the fifth outcome on, a lesson is recalled if at least half of the runs that received it succeeded.
begin;
select plan(5);
select tests.world();
select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent('analyst'))));
select tests.start(tests.get('run'), 'a');
select tests.set('lesson', tests.memory('invoice lesson', 'workspace', '{"kind": "lesson"}'));
select tests.set('other', tests.memory('invoice advice', 'workspace', '{"kind": "lesson"}'));
insert into goalpost.memory_statistics (workspace_id, memory_id, uses, successes, folded_at)
values (tests.id_of('acme'), tests.get('lesson'), 4, 0, now()), (tests.id_of('acme'), tests.get('other'), 9, 9, now());

create function pg_temp.after(p_uses bigint, p_successes bigint) returns text[] language sql as $$
  update goalpost.memory_statistics set uses = p_uses, successes = p_successes where memory_id = tests.get('lesson');
  delete from goalpost.memory_uses;
  select array(select unnest(tests.recalled(tests.get('run'), 'a', 'invoice')) order by 1) $$;
select is(pg_temp.after(4, 0), array['invoice advice', 'invoice lesson'], 'four failures are not enough');
select is(pg_temp.after(5, 2), array['invoice advice'], 'two of five are less than half');
select is(pg_temp.after(5, 3), array['invoice advice', 'invoice lesson'], 'three of five are more');
select is(pg_temp.after(6, 3), array['invoice advice', 'invoice lesson'], 'and so is half');
select is(pg_temp.after(50, 24), array['invoice advice'], 'however often it was received');

select * from finish();
rollback;
