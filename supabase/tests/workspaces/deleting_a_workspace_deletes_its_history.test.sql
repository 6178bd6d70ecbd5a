-- Attempts and events have no foreign keys, and are deleted all the same.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.ask('sam', 'theirs', 'elsewhere'), 'assess', '{"decision": "answer", "text": "t"}');
delete from goalpost.workspaces where id = tests.id_of('acme');
select is((select count(*) from goalpost.step_attempts where workspace_id = tests.id_of('acme')), 0::bigint, 'no attempt of the deleted workspace is left');
select is((select count(*) from goalpost.events where workspace_id = tests.id_of('acme')), 0::bigint, 'no event of the deleted workspace is left');
select isnt((select count(*) from goalpost.step_attempts where workspace_id = tests.id_of('elsewhere')), 0::bigint, 'the attempts of another workspace stay');
select isnt((select count(*) from goalpost.events where workspace_id = tests.id_of('elsewhere')), 0::bigint, 'the events of another workspace stay');

select * from finish();
rollback;
