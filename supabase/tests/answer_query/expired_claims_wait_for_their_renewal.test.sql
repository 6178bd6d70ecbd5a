-- After its lifetime a snapshot of claims is not used: the step waits until its requester renews it.
begin;
select plan(13);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.start(tests.get('run'), 'a'), tests.start(tests.get('run'), 'b');
create function pg_temp.ask(p_key text) returns jsonb language sql as $$
  select goalpost_worker.answer_query(tests.get('run'), p_key, (tests.step(tests.get('run'), p_key)).lease_epoch, 'select 1 as n', 10, 1000) $$;

select tests.advance_clock('23 hours 59 minutes');
select is(pg_temp.ask('a') ->> 'row_count', '1', 'claims are used up to their lifetime');
select tests.advance_clock('1 minute');
select is(pg_temp.ask('a'), '{"waits_for": "renewal"}', 'claims past their lifetime let the step wait');
select is(pg_temp.ask('a'), '{"waits_for": "renewal"}', 'a repeated query waits as well');
select is(pg_temp.ask('b'), '{"waits_for": "renewal"}', 'a query of another step of the request waits too');
select is((select count(*) from goalpost.approvals a where a.kind = 'renewal'), 2::bigint, 'each step has one approval for the renewal');
select tests.finish(tests.get('run'), k, 'waiting', '{"for": "others"}') from unnest(array['a', 'b']) k;
select is((tests.step(tests.get('run'), 'a')).state, 'waiting', 'the step holds no lease while it waits');

select tests.set('renewal', (select min(a.id) from goalpost.approvals a where a.kind = 'renewal'));
select throws_ok(format('select tests.value_for(''petra'', ''select goalpost.decide_approval(%s, ''''approved'''')'')', tests.get('renewal')), 'ZG002', null, 'another person cannot renew the claims');
select tests.speak_as('mia');
select set_config('request.jwt.claims', jsonb_build_object('sub', tests.id_of('mia'), 'role', 'authenticated', 'aal', 'aal1')::text, true);
select goalpost.decide_approval(tests.get('renewal'), 'approved');
select set_config('request.jwt.claims', '', true);
select is((tests.step(tests.get('run'), k)).state, 'ready', format('the renewal lets step %s go on', k)) from unnest(array['a', 'b']) k;
select is((select k.claims ->> 'aal' from goalpost_private.request_claims k join goalpost.workflow_runs r using (request_id) where r.id = tests.get('run')),
  'aal1', 'the claims are those of the decision''s own token');

select tests.start(tests.get('run'), 'a');
select is(pg_temp.ask('a') ->> 'row_count', '1', 'renewed claims are used by later queries');
select tests.advance_clock('25 hours');
select pg_temp.ask('a');
select tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}');
select tests.speak_as('mia');
select goalpost.decide_approval((select max(a.id) from goalpost.approvals a where a.state = 'pending'), 'rejected', 'no more');
select is((tests.step(tests.get('run'), 'a')).error ->> 'code', 'rights_expired', 'a rejected renewal fails the step');
select matches((tests.step(tests.get('run'), 'a')).error ->> 'message', 'not renewed: rejected: no more', 'the error states the rejection');

select * from finish();
rollback;
