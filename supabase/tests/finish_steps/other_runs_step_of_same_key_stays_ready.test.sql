-- Two runs of the same plan are finished in one call, which has room for one of the two steps that it opens.
begin;
select plan(3);
select tests.world();

select tests.set('one', tests.planned('a, b:a'));
select tests.set('two', tests.planned('a, b:a'));
select tests.start(tests.get('one'), 'a');
select is(tests.keys(tests.finish_all(jsonb_build_array(
            tests.outcome(tests.get('one'), 'a', 'completed', '{"result": {}}'),
            tests.outcome(tests.get('two'), 'a', 'completed', '{"result": {}}')), 'tool', 1) -> 'claimed'), 'b', 'one step is claimed in the same call');
select is((select string_agg(s.state, ' ' order by s.run_id) from goalpost.steps s
            where s.run_id in (tests.get('one'), tests.get('two')) and s.key = 'b'), 'running ready', 'the other run''s step of the same key is ready');
select is(tests.claimed_keys('tool'), 'b', 'the next call claims the other run''s step');

select * from finish();
rollback;
