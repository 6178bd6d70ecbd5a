begin;
select plan(1);
select tests.world();

select tests.keep('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.the('run'), 'a');
select tests.spend(tests.the('run'), 'a', 5);
select tests.spend(tests.the('run'), 'b', 700);
select tests.do_complete(tests.the('run'), k) from unnest(array['a', 'b']) k;
select goalpost_worker.measure_facts();
select results_eq('select a.name, f.cost_microusd from goalpost.agent_facts f join goalpost.agents a on a.id = f.agent_id where a.workspace_id is null order by a.name',
  $$ values ('analyst', 5::bigint), ('researcher', 700::bigint) $$, 'what another agent of the same run has cost is not an agent''s');

select * from finish();
rollback;
