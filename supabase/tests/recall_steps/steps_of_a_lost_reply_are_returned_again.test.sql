-- A repeated call names the steps that its worker knows to hold. Other steps that it holds come first, under the same
-- epoch and attempt; steps of other workers, and steps that it names, are not returned.
begin;
select plan(12);
select tests.world();

create function pg_temp.claim(p_worker text, p_limit integer, p_holding jsonb default null) returns text language sql as $$
  select tests.keys(goalpost_worker.claim_steps(array['tool'], p_limit, 30, p_worker, null, p_holding)) $$;
create function pg_temp.held(p_run_id bigint, variadic p_keys text[]) returns jsonb language sql as $$
  select coalesce(jsonb_agg(jsonb_build_object('run_id', p_run_id, 'step_key', k)), '[]') from unnest(p_keys) k $$;

select tests.set('run', tests.planned('a, b, c, d, e:a'));
select is(pg_temp.claim('one', 2), 'a b', 'the first claim takes two steps');
select is(pg_temp.claim('other', 1), 'c', 'another worker claims the third step');
select is(pg_temp.claim('one', 2, '[]'), 'a b', 'the repeated claim returns the same two steps');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 1::bigint, 'the returned step keeps its epoch');
select is((tests.step(tests.get('run'), 'a')).attempt, 1, 'returning a step costs no attempt');
select tests.advance_clock('20 seconds');
select is(pg_temp.claim('one', 3, pg_temp.held(tests.get('run'), 'a')), 'b d', 'the step that was not named comes first, then new work');
select is((tests.step(tests.get('run'), 'b')).lease_expires_at, goalpost_private.clock() + interval '30 seconds', 'the lease of a returned step begins anew');
select is((tests.step(tests.get('run'), 'c')).leased_by, 'other', 'a step of another worker stays with it');

create function pg_temp.finish(p_holding jsonb) returns jsonb language sql as $$
  select goalpost_worker.finish_steps(
    jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), array['tool'], 2, 30, 'one', p_holding) $$;
select tests.set('first', pg_temp.finish(null)::text);
select is(tests.keys(tests.kept('first')::jsonb -> 'claimed'), 'e', 'a report claims the step that it opened');
select tests.set('again', pg_temp.finish(pg_temp.held(tests.get('run'), 'b', 'd'))::text);
select is(tests.kept('again')::jsonb #>> '{outcomes,0,verdict}', 'repeated', 'the repeated report''s outcome is repeated');
select is(tests.keys(tests.kept('again')::jsonb -> 'claimed'), 'e', 'the repeated report returns the opened step again');
select is((tests.step(tests.get('run'), 'e')).attempt, 1, 'returning the opened step costs no attempt');

select * from finish();
rollback;
