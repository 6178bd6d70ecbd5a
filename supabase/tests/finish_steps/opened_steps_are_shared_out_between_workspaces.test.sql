-- Where only opened steps can be claimed, the usual order holds: the best step of each workspace comes before the second
-- best of any.
begin;
select plan(3);
select tests.world();

select tests.set('ours', tests.planned('a, b:a, c:a'));
select tests.set('theirs', tests.planned('a, d:a', p_person => 'sam', p_workspace => 'elsewhere'));
select tests.start(tests.get('ours'), 'a');
select is(tests.keys(tests.finish_all(jsonb_build_array(
            tests.outcome(tests.get('ours'), 'a', 'completed', '{"result": {}}'),
            tests.outcome(tests.get('theirs'), 'a', 'completed', '{"result": {}}')), 'tool', 2) -> 'claimed'),
          'b d', 'two workspaces with opened steps get one each in a claim of two');
select is(tests.state(tests.get('ours'), 'c'), 'ready', 'the second step of the first workspace stays ready');
select is(tests.claimed_keys('tool'), 'c', 'the next claim takes the second step');

select * from finish();
rollback;
