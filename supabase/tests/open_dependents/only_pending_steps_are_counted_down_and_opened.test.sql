-- Other steps that name the step as a dependency are left as they are.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a', 'completed');
select tests.bare_step(tests.get('run'), 'gone', 'cancelled'), tests.bare_step(tests.get('run'), 'far', 'cancelled'), tests.bare_step(tests.get('run'), 'open', 'pending');
update goalpost.steps set dependents = array['gone', 'far', 'open'] where run_id = tests.get('run') and key = 'a';
update goalpost.steps set depends_on = array['a'], remaining_dependencies = case key when 'far' then 2 else 1 end
 where run_id = tests.get('run') and key <> 'a';
select is((select string_agg(o.key, ' ') from unnest((goalpost_private.open_dependents(array[tests.step(tests.get('run'), 'a')], goalpost_private.clock())).opened) o), 'open', 'only the pending dependent is opened');
select is((tests.step(tests.get('run'), 'far')).remaining_dependencies, 2, 'a cancelled dependent is not counted down');
select is(tests.state(tests.get('run'), 'gone'), 'cancelled', 'a cancelled dependent is not opened');

select * from finish();
rollback;
