-- Attempts and events refer to nothing by a key, and still nothing of them is left.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.ask('sam', 'theirs', 'elsewhere'), 'assess', '{"decision": "answer", "text": "t"}');
delete from goalpost.workspaces where id = tests.id_of('acme');
select is((select count(*) from goalpost.step_attempts where workspace_id = tests.id_of('acme')), 0::bigint, 'no attempts');
select is((select count(*) from goalpost.events where workspace_id = tests.id_of('acme')), 0::bigint, 'no events');
select isnt((select count(*) from goalpost.step_attempts where workspace_id = tests.id_of('elsewhere')), 0::bigint, 'another workspace''s attempts stay');
select isnt((select count(*) from goalpost.events where workspace_id = tests.id_of('elsewhere')), 0::bigint, 'and its events');

select * from finish();
rollback;
