-- 5,002 steps, 50 levels of a hundred, are checked, written and opened within the time that the API allows for a
-- person's call.
begin;
select plan(3);
select tests.world();

update goalpost_private.limits
   set max_steps = 6000, max_fan_out = 1000, max_depth = 100, max_plan_bytes = 5000000;
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
select tests.id_of('acme'), 'vast', 'Vast', 'd', 'g',
       jsonb_build_object('steps', tests.steps(
         'first, '
         || (select string_agg(format('l%s_%s:%s', l, i, case l when 1 then 'first' else format('l%s_%s', l - 1, i) end), ', ')
               from generate_series(1, 50) l, generate_series(1, 100) i)
         || ', last:' || (select string_agg('l50_' || i, '+') from generate_series(1, 100) i)));
select tests.speak_as('mia');
set local statement_timeout = '8s';
select tests.set('vast', (goalpost.accept_request(tests.id_of('acme'), 'go', p_runbook => 'vast') ->> 'run_id')::bigint);
set local statement_timeout = 0;
reset role;
select is((select count(*) from goalpost.steps where run_id = tests.get('vast')), 5002::bigint, 'all 5,002 steps of the plan are written');
select is((select remaining_dependencies from goalpost.steps where run_id = tests.get('vast') and key = 'last'), 100,
          'the last step has a hundred open dependencies');
select is((select string_agg(key, ' ') from goalpost.steps where run_id = tests.get('vast') and state = 'ready'), 'first',
          'only the first step is ready');

select * from finish();
rollback;
