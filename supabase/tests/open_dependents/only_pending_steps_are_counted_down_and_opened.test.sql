-- Whatever else waits for a step by its key is left as it is.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a', 'completed');
select tests.bare_step(tests.get('run'), 'gone', 'cancelled'), tests.bare_step(tests.get('run'), 'far', 'cancelled'), tests.bare_step(tests.get('run'), 'open', 'pending');
update goalpost.steps set dependents = array['gone', 'far', 'open'] where run_id = tests.get('run') and key = 'a';
update goalpost.steps set depends_on = array['a'], remaining_dependencies = case key when 'far' then 2 else 1 end
 where run_id = tests.get('run') and key <> 'a';
select is((select string_agg(o.key, ' ') from unnest((goalpost_private.open_dependents(array[tests.step(tests.get('run'), 'a')], goalpost_private.clock())).opened) o), 'open', 'one is opened');
select is((tests.step(tests.get('run'), 'far')).remaining_dependencies, 2, 'what was cancelled is not counted down');
select is(tests.state(tests.get('run'), 'gone'), 'cancelled', 'nor opened');

select * from finish();
rollback;
