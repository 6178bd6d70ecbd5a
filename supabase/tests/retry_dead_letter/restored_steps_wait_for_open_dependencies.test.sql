-- The failure of one step cancelled the others. After the retry they wait for the same dependencies as before.
begin;
select plan(6);
select tests.world();

select tests.set('other', tests.planned('a, b'));
select tests.do_fail(tests.get('other'), 'b');
select tests.report_failure(tests.get('other'));
select tests.set('run', tests.planned('a, b, c:a+b, d:a, e:c+d'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_fail(tests.get('run'), 'b');
select is(tests.states(tests.get('run')), 'a=completed b=failed c=cancelled d=cancelled e=cancelled judge=ready', 'the failure cancels all open steps, and the judge is ready');
select tests.report_failure(tests.get('run'));
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'b')));
select is(tests.states(tests.get('run')), 'a=completed b=ready c=pending d=ready e=pending judge=pending', 'dependents of the failed step are pending, others ready');
select is((select string_agg(s.key || s.remaining_dependencies, ' ' order by s.key) from goalpost.steps s where s.run_id = tests.get('run') and s.state = 'pending'),
          'c1 e2 judge1', 'each pending step waits for its open dependencies');
select is(tests.states(tests.get('other')), 'a=cancelled b=failed judge=completed', 'another failed run of the workspace stays as it is');
select is((tests.request_of(tests.get('other'))).state || ' ' || (tests.goal_of(tests.get('other'))).state, 'failed failed', 'the other run''s request and goal stay failed');

-- A step that ends the run may have on_failure continue.
select tests.set('steps', tests.ask());
select tests.do_complete(tests.get('steps'), 'assess', jsonb_build_object('decision', 'steps', 'steps', tests.steps('a', '{"a": {"on_failure": "continue"}}')));
select tests.do_fail(tests.get('steps'), 'a');
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('steps'), 'a'))), 'none', 'a step that ended its run can be retried with continue');

select * from finish();
rollback;
