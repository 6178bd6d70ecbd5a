-- The failure of one step cancelled the others. Once it is tried again they wait for as much as they did, and no more.
begin;
select plan(6);
select tests.world();

select tests.keep('other', tests.planned('a, b'));
select tests.do_fail(tests.the('other'), 'b');
select tests.report_failure(tests.the('other'));
select tests.keep('run', tests.planned('a, b, c:a+b, d:a, e:c+d'));
select tests.do_complete(tests.the('run'), 'a');
select tests.do_fail(tests.the('run'), 'b');
select is(tests.states(tests.the('run')), 'a=completed b=failed c=cancelled d=cancelled e=cancelled judge=ready', 'the failure has cancelled all that was open but the judge, which reports');
select tests.report_failure(tests.the('run'));
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.the('run'), 'b')));
select is(tests.states(tests.the('run')), 'a=completed b=ready c=pending d=ready e=pending judge=pending', 'what waited for the failed step waits again, what did not is ready');
select is((select string_agg(s.key || s.remaining_dependencies, ' ' order by s.key) from goalpost.steps s where s.run_id = tests.the('run') and s.state = 'pending'),
          'c1 e2 judge1', 'each waits for those of its dependencies that have not ended');
select is(tests.states(tests.the('other')), 'a=cancelled b=failed judge=completed', 'another failed run of the workspace stays as it is');
select is((tests.request_of(tests.the('other'))).state || ' ' || (tests.goal_of(tests.the('other'))).state, 'failed failed', 'and so do its request and goal');

-- The step that ends the run may be one whose failure it would otherwise survive.
select tests.keep('steps', tests.ask());
select tests.do_complete(tests.the('steps'), 'assess', jsonb_build_object('decision', 'steps', 'steps', tests.steps('a', '{"a": {"on_failure": "continue"}}')));
select tests.do_fail(tests.the('steps'), 'a');
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.the('steps'), 'a'))), 'none', 'a step that ended its run by failing can be tried again, whatever on_failure says');

select * from finish();
rollback;
