-- A run counts for the agents that it used, with or without a runbook, and for its runbook, with or without agents.
begin;
select plan(3);
select tests.world();

create function pg_temp.ended(p_run_id bigint) returns bigint language plpgsql as $$
begin
  perform tests.do_complete(p_run_id, 'a');
  perform tests.do_complete(p_run_id, 'judge', '{"decision": "complete", "report": "r"}');
  return p_run_id;
end $$;
create function pg_temp.counted() returns text language sql as $$
  select coalesce(string_agg(case when u.agent_id is not null then 'agent ' else 'runbook ' end || u.uses, ', ' order by u.agent_id is null), 'nothing')
    from goalpost.unfolded_statistics u where u.uses <> 0 $$;

select pg_temp.ended(tests.planned('a'));
select is(pg_temp.counted(), 'nothing', 'a run without agents and without a runbook counts for nothing');
select pg_temp.ended(tests.planned('a', jsonb_build_object('a', tests.agent())));
select is(pg_temp.counted(), 'agent 1', 'a run without a runbook counts for its agent');
delete from goalpost.unfolded_statistics;
select tests.set('book', goalpost_private.publish_builtin_runbook('tests-book', 1, 't', 'd', 'g', '{}', false, '{"steps": []}'));
select tests.set('follows', tests.goal());
select tests.do_complete(tests.get('follows'), 'plan', jsonb_build_object('runbook_id', tests.get('book'), 'plan',
  jsonb_build_object('steps', tests.steps('a'))));
select pg_temp.ended(tests.get('follows'));
select is(pg_temp.counted(), 'runbook 1', 'a run without agents counts for its runbook');

select * from finish();
rollback;
