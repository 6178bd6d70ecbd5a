-- An admin takes an improvement back: its runbook is retired, its lesson revoked, its policy deleted.
begin;
select plan(15);
select tests.world();

select tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
select tests.do_complete((select max(id) from goalpost.workflow_runs), 'analyze', jsonb_build_object('text', 'done', 'improvements', jsonb_build_array(
  jsonb_build_object('kind', 'runbook', 'title', 'Book', 'fingerprint', 'b', 'change',
    jsonb_build_object('name', 'book', 'title', 't', 'description', 'd', 'plan', jsonb_build_object('steps', tests.steps('a')))),
  '{"kind": "lesson", "title": "L", "fingerprint": "l", "change": {"title": "t", "text": "x", "trust": "trusted"}}'::jsonb,
  '{"kind": "policy", "title": "P", "fingerprint": "p", "change": {"tool": "http", "effect": "allow"}}'::jsonb)));
create function pg_temp.revert(p_person text, p_fingerprint text) returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.revert_improvement(%s)', (select id from goalpost.improvements where fingerprint = p_fingerprint))) $$;

select is(pg_temp.revert('adam', 'b'), 'ZG004', 'a proposal cannot be taken back');
select tests.json_for('adam', format('select goalpost.decide_approval(%s, ''approved'')', i.approval_id)) from goalpost.improvements i;
select is(pg_temp.revert('petra', 'b'), 'ZG002', 'an approver takes nothing back');
select is(pg_temp.revert('sam', 'b'), 'ZG001', 'a stranger sees nothing');
select is(tests.refusal_for('adam', 'select goalpost.revert_improvement(0)'), 'ZG001', 'there is no such improvement');
select is(pg_temp.revert('adam', 'b') || pg_temp.revert('adam', 'l') || pg_temp.revert('adam', 'p'), 'nonenonenone', 'an admin takes all back');
select is(pg_temp.revert('adam', 'b'), 'none', 'again changes nothing');
select is((select string_agg(state || ' ' || reason, ', ') from goalpost.improvements where fingerprint = 'b'), 'reverted taken back by a person', 'the row says so');
select is((select state from goalpost.runbooks where name = 'book'), 'retired', 'the runbook is retired');
select is((select trust from goalpost.memories where workspace_id = tests.id_of('acme')), 'revoked', 'the lesson is revoked');
select is((select count(*) from goalpost.tool_policies where workspace_id = tests.id_of('acme')), 0::bigint, 'the policy is gone');
update goalpost.improvements set state = 'rejected' where fingerprint = 'l';
select is(pg_temp.revert('adam', 'l'), 'ZG004', 'what was rejected cannot be taken back');

-- A finding waits for no approval, and is dismissed.
select tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
select tests.do_complete((select max(run_id) from goalpost.steps where kind = 'analyze'), 'analyze',
  '{"text": "t", "improvements": [{"kind": "finding", "title": "F", "fingerprint": "f", "change": {}}, {"kind": "finding", "title": "G", "fingerprint": "g", "change": {}}]}');
select is(pg_temp.revert('petra', 'f'), 'ZG002', 'an approver dismisses no finding');
select is(pg_temp.revert('adam', 'f') || pg_temp.revert('adam', 'f'), 'nonenone', 'an admin dismisses it, and again changes nothing');
select is((select string_agg(fingerprint || ' ' || state, ', ' order by id) from goalpost.improvements where kind = 'finding'), 'f rejected, g proposed', 'one finding is dismissed');
update goalpost.improvements set state = 'applied' where fingerprint = 'g';
select pg_temp.revert('adam', 'g');
select is((select state from goalpost.improvements where fingerprint = 'g'), 'applied', 'another state of a finding stays');

select * from finish();
rollback;
