-- A call is refused; a request that was inserted directly fails with the reason.
begin;
select plan(13);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, requires_project_admin, state, plan) values
  (tests.id_of('acme'), 'unsound', 'U', 'd', 'g', false, 'active', '{"steps": [{"key": "a", "kind": "nonsense"}]}'),
  (tests.id_of('acme'), 'guarded', 'G', 'd', 'g', true, 'active', jsonb_build_object('steps', tests.steps('a'))),
  (tests.id_of('acme'), 'retired', 'R', 'd', 'g', false, 'retired', jsonb_build_object('steps', tests.steps('a'))),
  (tests.id_of('elsewhere'), 'theirs', 'T', 'd', 'g', false, 'active', jsonb_build_object('steps', tests.steps('a'))),
  (tests.id_of('acme'), 'sound', 'S', 'd', 'g', false, 'active', jsonb_build_object('steps', tests.steps('a')));
create function pg_temp.refusal(p_name text) returns text language sql as $$
  select tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => %L)', tests.id_of('acme'), p_name)) $$;
select is(pg_temp.refusal(name), 'ZG003', format('the runbook %s is refused', name)) from unnest(array['unsound', 'guarded', 'retired', 'theirs']) name order by name;
select is(pg_temp.refusal('sound'), 'none', 'a sound runbook is started');
select is((select is_sound from goalpost.runbooks where name = 'sound'), true, 'a checked runbook is marked as sound');
update goalpost.runbooks set plan = '{"steps": []}' where name = 'sound';
select is(pg_temp.refusal('sound'), 'ZG003', 'a runbook is checked again after its plan changed');
update goalpost.runbooks set plan = jsonb_build_object('steps', tests.steps('a, b:a')) where name = 'sound';
select is(pg_temp.refusal('sound'), 'none', 'a runbook with a corrected plan is started');
select is((select is_sound from goalpost.runbooks where name = 'retired'), null, 'a runbook that nothing started is unchecked');
select tests.set('unchecked', (select ctid::text from goalpost.runbooks where name = 'retired'));
update goalpost_private.limits set max_steps = 1;
select is((select ctid::text from goalpost.runbooks where name = 'retired'), tests.kept('unchecked'), 'a change of the limits writes no row of unchecked runbooks');
select is(pg_temp.refusal('sound'), 'ZG003', 'a runbook is checked again after the limits changed');

select tests.speak_as('mia');
insert into goalpost.requests (workspace_id, question, runbook) values (tests.id_of('acme'), 'inserted', 'unsound');
reset role;
select tests.claim('assess');
select is((select state from goalpost.requests where question = 'inserted'), 'failed', 'an inserted request with an unsound runbook fails');
select matches((select reason from goalpost.requests where question = 'inserted'), 'breaks a rule', 'the reason of that request names the broken rule');

select * from finish();
rollback;
