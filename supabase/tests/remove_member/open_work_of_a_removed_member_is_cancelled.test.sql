-- Work runs with the rights of the requester: it is cancelled when that person may not make requests any more, for any
-- reason.
begin;
select plan(22);
select tests.world();

create function pg_temp.work(p_person text) returns bigint language plpgsql as $$
declare
  v_run_id bigint := tests.planned('ap, b:ap, sub', jsonb_build_object('ap', tests.approval(), 'sub', tests.subgoal()), '[]', p_person);
begin
  insert into goalpost.requests (workspace_id, user_id, question) values (tests.id_of('acme'), tests.id_of(p_person), 'only submitted');
  return v_run_id;
end
$$;
create function pg_temp.states_of(p_person text) returns text language sql
as $$ select string_agg(distinct q.state, ' ') from goalpost.requests q where q.user_id = tests.id_of(p_person) $$;

select tests.set('mia', pg_temp.work('mia'));
select tests.set('petra', pg_temp.work('petra'));
select tests.set('approval', (tests.approval_of(tests.get('mia'), 'ap')).id);
select tests.set('below', tests.run_below(tests.get('mia'), 'sub'));
select is(tests.refusal_for(c.who, format('select goalpost.remove_member(%L, %L)', tests.id_of('acme'), tests.id_of(c.whom))), c.refusal, format('%s may not remove %s', c.who, c.whom)) from (values
  ('petra', 'mia', 'ZG002'), ('sam', 'mia', 'ZG001'), ('adam', 'olga', 'ZG002'), ('adam', 'sam', 'ZG001'), ('olga', 'olga', 'ZG004')) c (who, whom, refusal);
select is(tests.run_state(tests.get('mia')), 'running', 'refused removals leave the run running');
select is(tests.json_for('adam', format('select goalpost.remove_member(%L, %L)', tests.id_of('acme'), tests.id_of('mia'))) ->> 'user_id', tests.id_of('mia')::text, 'an admin removes a member');
select is(tests.run_state(tests.get('mia')), 'cancelled', 'the goal of a removed member is cancelled');
select is(tests.run_state(tests.get('below')), 'cancelled', 'sub-goals of a removed member are cancelled');
select is(pg_temp.states_of('mia'), 'cancelled', 'all requests of a removed member are cancelled');
select is((tests.request_of(tests.get('mia'))).reason, 'the person who asked for it may not ask in this workspace any more', 'the request has the reason');
select is(tests.decide('petra', tests.get('approval'), 'approved') ->> 'state', 'cancelled', 'an approval of the cancelled work is cancelled');
select is(tests.state(tests.get('mia'), 'b'), 'cancelled', 'the step after the approval does not run');
select is(tests.run_state(tests.get('petra')), 'running', 'goals of other members go on');

-- A member demoted below member.
select tests.json_for('adam', format('select goalpost.set_member_role(%L, %L, ''viewer'')', tests.id_of('acme'), tests.id_of('petra')));
select is(tests.run_state(tests.get('petra')), 'cancelled', 'the goal of a person who became a viewer is cancelled');

-- A member who left.
select tests.set('adam', pg_temp.work('adam'));
select tests.json_for('adam', format('select goalpost.leave_workspace(%L)', tests.id_of('acme')));
select is(tests.run_state(tests.get('adam')), 'cancelled', 'the goal of a person who left is cancelled');
select is(tests.refusal_for('olga', format('select goalpost.leave_workspace(%L)', tests.id_of('acme'))), 'ZG004', 'the last owner may not leave the workspace');

-- The account is deleted, and the sweep finds its open work.
insert into goalpost.members values (tests.id_of('acme'), tests.person('max'), 'member');
select tests.set('max', pg_temp.work('max'));
delete from auth.users where id = tests.id_of('max');
select is(tests.run_state(tests.get('max')), 'running', 'the end of an account alone changes no run');
select goalpost_worker.sweep();
select is(tests.run_state(tests.get('max')), 'cancelled', 'the sweep cancels the goals of an account that ended');

-- A request accepted at that moment, and a person who is a member again.
insert into goalpost.members values (tests.id_of('acme'), tests.id_of('mia'), 'member');
select tests.set('back', pg_temp.work('mia'));
select goalpost_worker.sweep();
select is(tests.run_state(tests.get('back')), 'running', 'goals of a person who is a member again go on');
delete from goalpost.members where user_id = tests.id_of('mia');
select tests.json_for('olga', format('select goalpost.set_member_role(%L, %L, ''owner'')', tests.id_of('acme'), tests.id_of('olga')));
select is(tests.run_state(tests.get('back')), 'cancelled', 'each departure cancels what is open then');
select tests.advance_clock('11 minutes');
select goalpost_worker.sweep();
select is_empty('select from goalpost_private.departures', 'departures are deleted after ten minutes');

select * from finish();
rollback;
