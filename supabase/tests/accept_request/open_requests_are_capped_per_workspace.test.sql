-- ZG006 at the cap until a request has ended; a repetition of an open request counts as no new one.
begin;
select plan(7);
select tests.world();

update goalpost.workspaces set max_open_requests = 2;
select tests.set('run', tests.ask());
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''second'', ''k'')', tests.id_of('acme'))), 'none', 'a second request fills the cap of two');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''third'')', tests.id_of('acme'))), 'ZG006', 'a third request is refused at the cap');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''second'', ''k'')', tests.id_of('acme'))), 'none', 'repeating the second request is not refused at the cap');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, ''third'')', tests.id_of('acme'))), 'ZG006', 'a direct insert is refused at the cap too');
select is((select count(*) from goalpost.requests where question = 'third'), 0::bigint, 'a refused request leaves no row');
select is(tests.refusal_for('sam', format('select goalpost.accept_request(%L, ''theirs'')', tests.id_of('elsewhere'))), 'none', 'a request in another workspace is below its own cap');
select tests.do_complete(tests.get('run'), 'assess', '{"decision": "answer", "text": "so"}');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''third'')', tests.id_of('acme'))), 'none', 'a request is accepted again when another has ended');

select * from finish();
rollback;
