-- ZG006, until one has ended; a repetition of one that is open is no new one.
begin;
select plan(7);
select tests.world();

update goalpost.workspaces set max_open_requests = 2;
select tests.set('run', tests.ask());
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''second'', ''k'')', tests.id_of('acme'))), 'none', 'the second fills it');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''third'')', tests.id_of('acme'))), 'ZG006', 'the third is one too many');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''second'', ''k'')', tests.id_of('acme'))), 'none', 'the second again is still the second');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, ''third'')', tests.id_of('acme'))), 'ZG006', 'a direct insert does not get around it');
select is((select count(*) from goalpost.requests where question = 'third'), 0::bigint, 'nothing of the third is left');
select is(tests.refusal_for('sam', format('select goalpost.accept_request(%L, ''theirs'')', tests.id_of('elsewhere'))), 'none', 'another workspace has its own cap');
select tests.do_complete(tests.get('run'), 'assess', '{"decision": "answer", "text": "so"}');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''third'')', tests.id_of('acme'))), 'none', 'there is room when one has ended');

select * from finish();
rollback;
