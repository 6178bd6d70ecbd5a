-- A row inserted by supabase-js becomes a run at the next claim of intake, by wake or by sweep.
begin;
select plan(8);
select tests.world();

select tests.value_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, ''directly'')', tests.id_of('acme')));
select is(tests.claimed_keys('tool'), '', 'a claim of other kinds adopts no request');
select is((select state from goalpost.requests where question = 'directly'), 'submitted', 'an unadopted request stays submitted');
select tests.set('claimed', tests.claim('assess')::text);

select is((select state from goalpost.requests where question = 'directly'), 'accepted', 'a claim of assessments accepts the request');
select is(tests.kept('claimed')::jsonb #>> '{0,context,question}', 'directly', 'the claim contains the assessment of the adopted request');
select is((select r.user_id from goalpost.requests q join goalpost.workflow_runs r on r.request_id = q.id where q.question = 'directly'),
  tests.id_of('mia'), 'the run belongs to the person who inserted the request');
select is(tests.claim('assess'), '[]', 'a request is adopted once');

-- More adopted requests than the claim takes.
select tests.value_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, %L)', tests.id_of('acme'), 'one of three')) from generate_series(1, 3);
delete from goalpost.wakes;
select is(jsonb_array_length(tests.claim('assess', 1)), 1, 'a claim takes at most its limit of the adopted requests');
select is((select array_agg(ready_count) from goalpost.wakes where function = 'intake'), array[2], 'a wake is sent for the two adopted requests that the claim left');

select * from finish();
rollback;
