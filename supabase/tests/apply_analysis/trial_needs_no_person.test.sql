-- A workspace that tries runbooks: a verified one becomes a candidate at once, active after three successes, and is
-- reverted when it fails.
begin;
select plan(17);
select tests.world(false);

create function pg_temp.analyze(p_improvements jsonb default '[]') returns void language plpgsql as $$
begin
  perform tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
  perform tests.do_complete((select max(id) from goalpost.workflow_runs), 'analyze', jsonb_build_object('text', 'done', 'improvements', p_improvements));
end $$;
create function pg_temp.book(p_runs jsonb) returns jsonb language sql as $$
  select jsonb_build_array(jsonb_build_object('kind', 'runbook', 'title', 'Book', 'fingerprint', 'book', 'evidence', jsonb_build_object('runs', p_runs), 'change',
    jsonb_build_object('name', 'book', 'title', 't', 'description', 'd', 'plan', jsonb_build_object('steps', tests.steps('a'))))) $$;
create function pg_temp.use(p_ends text, p_times integer) returns void language plpgsql as $$
declare
  v_run bigint;
begin
  for v_time in 1 .. p_times loop
    v_run := (tests.json_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => ''book'')', tests.id_of('acme'))) ->> 'run_id')::bigint;
    if p_ends = 'completed' then
      perform tests.do_complete(v_run, 'a', '{"text": "done"}');
    else
      perform tests.do_fail(v_run, 'a');
    end if;
  end loop;
end $$;
create function pg_temp.state() returns text language sql as $$
  select string_agg(i.state || ' ' || b.state || ' ' || b.version, ', ' order by i.id) from goalpost.improvements i join goalpost.runbooks b on b.id = i.runbook_id $$;

select tests.json_for('adam', format('select goalpost.set_workspace_settings(%L, ''{"learning": "trial"}'')', tests.id_of('acme')));
select pg_temp.analyze(pg_temp.book('[1, 2, 3]'));
select is(pg_temp.state(), 'approved candidate 1', 'the runbook is on trial');
select is((select count(*) from goalpost.approvals where kind = 'improvement'), 0::bigint, 'nobody is asked');
select pg_temp.analyze('[{"kind": "lesson", "title": "L", "fingerprint": "l", "change": {"title": "t", "text": "x", "trust": "trusted"}}]');
select is((select state from goalpost.improvements where fingerprint = 'l'), 'proposed', 'a lesson waits for a person all the same');
delete from goalpost.approvals where kind = 'improvement';
delete from goalpost.improvements where fingerprint = 'l';
select pg_temp.use('completed', 2);
select pg_temp.analyze();
select is(pg_temp.state(), 'approved candidate 1', 'two successes are too few');
select is((select measured ->> 'uses' || ' ' || (measured ->> 'successes') || ' ' || (measured ->> 'model_calls') from goalpost.improvements), '2 2 0.00', 'they are measured');
select pg_temp.use('completed', 1);
select pg_temp.analyze();
select is(pg_temp.state(), 'applied active 1', 'after three it is active');
select pg_temp.analyze();
select is(pg_temp.state(), 'measured active 1', 'its effect is known after three uses');
select pg_temp.use('completed', 27);
select pg_temp.analyze();
select is(pg_temp.state(), 'kept active 1', 'after ten it is kept');
select pg_temp.use('failed', 2);
select pg_temp.analyze();
select is(pg_temp.state(), 'kept active 1', 'two failures are no reason');
select pg_temp.use('failed', 1);
select pg_temp.analyze();
select is(pg_temp.state(), 'reverted retired 1', 'three failures of the last five revert it');
select is((select reason from goalpost.improvements), '3 of the last 5 runs failed', 'the reason is kept');
select pg_temp.analyze(pg_temp.book('[4, 5, 6]'));
select is(pg_temp.state(), 'reverted retired 1, approved candidate 2', 'what was reverted may be proposed again, as the next version');
select pg_temp.use('completed', 2);
select pg_temp.use('failed', 3);
select pg_temp.analyze();
select is((select reason from goalpost.improvements order by id desc limit 1), '2 of 5 runs succeeded: the bound 0.30 is below 0.65 without it',
          'a candidate that is worse than the work without it is reverted');
select is(pg_temp.state(), 'reverted retired 1, reverted retired 2', 'its runbook is retired');

-- A person's rating counts as the failure that it is.
select pg_temp.analyze(pg_temp.book('[7, 8, 9]'));
select pg_temp.use('completed', 3);
select tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'')', g.id)) from (select id from goalpost.goals where workspace_id = tests.id_of('acme') order by id desc limit 3) g;
select pg_temp.analyze();
select is((select measured ->> 'successes' from goalpost.improvements order by id desc limit 1), '0', 'goals rated bad are no successes');
select is((select state from goalpost.improvements order by id desc limit 1), 'reverted', 'three of them revert the runbook');
select tests.json_for('adam', format('select goalpost.set_workspace_settings(%L, ''{"learning": "propose"}'')', tests.id_of('acme')));
select pg_temp.analyze(pg_temp.book('[1, 2, 3]'));
select is((select state from goalpost.improvements order by id desc limit 1), 'proposed', 'otherwise a person decides');

select * from finish();
rollback;
