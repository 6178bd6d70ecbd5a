-- Its open questions are cancelled; those of others stay.
begin;
select plan(3);
select tests.world();

select tests.keep('run', tests.planned('a, b', jsonb_build_object('a', tests.agent() || '{"on_failure": "continue"}', 'b', tests.agent())));
select tests.start(tests.the('run'), 'a');
select tests.keep('of_a', tests.asks(tests.the('run'), 'a'));
select tests.keep('of_b', tests.asks(tests.the('run'), 'b'));
select tests.do_fail(tests.the('run'), 'a');
select is((select state from goalpost.approvals where id = tests.the('of_a')), 'cancelled', 'its own');
select is((select state from goalpost.approvals where id = tests.the('of_b')), 'pending', 'another''s');
select is(tests.run_state(tests.the('run')), 'running', 'the run goes on');

select * from finish();
rollback;
