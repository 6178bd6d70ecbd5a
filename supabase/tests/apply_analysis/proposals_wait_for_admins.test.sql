-- Proposals of an analysis become rows, each with an approval of the admins; approved ones take effect.
begin;
select plan(38);
select tests.world();

select tests.set('request', (tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme'))) ->> 'request_id')::bigint);
select tests.set('run', (select id from goalpost.workflow_runs where request_id = tests.get('request')));
create function pg_temp.improvement(p_kind text, p_fingerprint text, p_change jsonb) returns jsonb language sql as $$
  select jsonb_build_object('kind', p_kind, 'title', 'The ' || p_fingerprint, 'fingerprint', p_fingerprint, 'change', p_change,
                            'evidence', '{"runs": [7, 8]}'::jsonb, 'expected', '{"model_calls": {"before": 5, "after": 1}}'::jsonb) $$;
create function pg_temp.runbook(p_name text default 'count-orders') returns jsonb language sql as $$
  select jsonb_build_object('name', p_name, 'title', 'Count orders', 'description', 'Count orders', 'plan', jsonb_build_object('steps', tests.steps('a'))) $$;
create function pg_temp.state(p_fingerprint text) returns text language sql as $$
  select string_agg(state, ' ' order by id) from goalpost.improvements where fingerprint = p_fingerprint $$;
create function pg_temp.decide(p_person text, p_fingerprint text, p_decision text, p_edited jsonb default null) returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.decide_approval(%s, %L, p_edited => %L)',
    (select approval_id from goalpost.improvements where fingerprint = p_fingerprint order by id desc limit 1), p_decision, p_edited)) $$;

select is(tests.complete(tests.get('run'), 'analyze', '{"text": "", "improvements": []}'), 'refused', 'a result without a text is refused');
select is(tests.complete(tests.get('run'), 'analyze', '{"text": "t", "improvements": {}}'), 'refused', 'improvements are a list');
select tests.do_complete(tests.get('run'), 'analyze', jsonb_build_object('text', 'done', 'improvements', jsonb_build_array(
  pg_temp.improvement('runbook', 'book', pg_temp.runbook()),
  pg_temp.improvement('lesson', 'lesson', '{"title": "Dates", "text": "Orders have no time", "trust": "untrusted"}'),
  pg_temp.improvement('policy', 'policy', '{"tool": "webhook", "effect": "deny"}'),
  pg_temp.improvement('finding', 'finding', '{}'),
  pg_temp.improvement('runbook', 'broken', pg_temp.runbook() || '{"plan": {"steps": []}}'),
  pg_temp.improvement('runbook', 'personal', pg_temp.runbook() || jsonb_build_object('description', tests.id_of('mia'))),
  pg_temp.improvement('lesson', 'bare', '{"title": "t"}'),
  pg_temp.improvement('policy', 'odd', '{"tool": "sql", "effect": "needs_approval"}'),
  pg_temp.improvement('finding', 'acting', '{"tool": "sql"}'),
  pg_temp.improvement('magic', 'magic', '{}'))));
select is((select string_agg(fingerprint || ' ' || state, ', ' order by id) from goalpost.improvements),
          'book proposed, lesson proposed, policy proposed, finding proposed', 'what can be proposed is');
select is((select string_agg(r ->> 'title', ', ') from goalpost.steps s, jsonb_array_elements(s.result -> 'refused') r where s.run_id = tests.get('run')),
          'The broken, The personal, The bare, The odd, The acting, The magic', 'the others are listed');
select is((select string_agg(r ->> 'reason', ', ') from goalpost.steps s, jsonb_array_elements(s.result -> 'refused') r where s.run_id = tests.get('run') and r ->> 'title' = 'The personal'),
          'the runbook would contain data of one person', 'each with its reason');
select is(tests.run_state(tests.get('run')), 'completed', 'the run has ended');
select is((select count(*) from goalpost.inbox), 0::bigint, 'the role of the tests has an empty inbox');
select is(tests.value_for('adam', 'select string_agg(kind || '' '' || question, '', '' order by approval_id) from goalpost.inbox'),
          'improvement The book, improvement The lesson, improvement The policy', 'admins decide, and a finding needs no decision');
select is(tests.value_for('petra', 'select count(*)::text from goalpost.inbox'), '0', 'approvers do not');
select is(pg_temp.decide('petra', 'book', 'approved'), 'ZG002', 'an approver is refused');
select is(tests.value_for('mia', 'select count(*)::text from goalpost.improvements'), '4', 'members see the proposals');
select is(tests.value_for('sam', 'select count(*)::text from goalpost.improvements'), '0', 'strangers see none');

select is(pg_temp.decide('adam', 'book', 'approved', pg_temp.runbook() || '{"plan": {"steps": []}}'), 'ZG003', 'an edited runbook is checked');
select is(pg_temp.decide('adam', 'book', 'approved', pg_temp.runbook() || '{"title": "Count all orders"}'), 'none', 'an admin approves an edited runbook');
select is((select name || ' ' || version || ' ' || b.state || ' ' || author || ' ' || induced_from::text || ' ' || b.title from goalpost.runbooks b
             join goalpost.improvements i on i.runbook_id = b.id),
          'count-orders 1 active analyzer {7,8} Count all orders', 'the runbook is active, with its origin');
select is(pg_temp.state('book'), 'applied', 'the improvement is applied');
select is(pg_temp.decide('adam', 'lesson', 'approved'), 'none', 'a lesson is approved');
select is((select m.scope || ' ' || m.kind || ' ' || m.trust || ' ' || m.text from goalpost.memories m join goalpost.improvements i on i.memory_id = m.id),
          'workspace lesson untrusted Orders have no time', 'the lesson is a memory with its trust');
select is(pg_temp.decide('adam', 'policy', 'approved'), 'none', 'a policy is approved');
select is((select name || ' ' || tool || ' ' || effect from goalpost.tool_policies where workspace_id = tests.id_of('acme')),
          'learned: webhook webhook deny', 'the policy is in force');

-- The same again.
create function pg_temp.again(p_improvements jsonb) returns text language plpgsql as $$
begin
  perform tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
  perform tests.do_complete((select max(id) from goalpost.workflow_runs), 'analyze', jsonb_build_object('text', 'again', 'improvements', p_improvements));
  return (select count(*)::text from goalpost.improvements);
end $$;
select is(pg_temp.again(jsonb_build_array(pg_temp.improvement('runbook', 'book', pg_temp.runbook()))), '4', 'what is in effect is not proposed again');
select is(pg_temp.again(jsonb_build_array(pg_temp.improvement('policy', 'other', '{"tool": "http", "effect": "allow"}'))), '5', 'something else is');
select is(pg_temp.decide('olga', 'other', 'rejected'), 'none', 'an owner rejects it');
select is(pg_temp.state('other'), 'rejected', 'it is rejected');
select is((select count(*) from goalpost.tool_policies where workspace_id = tests.id_of('acme')), 1::bigint, 'and not in force');
select is(pg_temp.again(jsonb_build_array(pg_temp.improvement('policy', 'other', '{"tool": "http", "effect": "allow"}'))), '5', 'what was rejected is not proposed again');
select tests.advance_clock('90 days');
select is(pg_temp.again(jsonb_build_array(pg_temp.improvement('policy', 'other', '{"tool": "http", "effect": "allow"}'))), '5', 'nor ninety days later');
select tests.advance_clock('1 second');
select is(pg_temp.again(jsonb_build_array(pg_temp.improvement('policy', 'other', '{"tool": "http", "effect": "allow"}'))), '6', 'until 90 days have passed');
select tests.advance_clock('31 days');
select goalpost_private.sweep();
select is(pg_temp.state('other'), 'rejected rejected', 'a proposal without a decision is rejected in the end');
select is((select reason from goalpost.improvements where fingerprint = 'other' order by id desc limit 1), 'no decision was made in time', 'with the reason');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'mine', 't', 'd', 'g', '{}');
select pg_temp.again(jsonb_build_array(pg_temp.improvement('runbook', 'clash', pg_temp.runbook('mine'))));
select pg_temp.decide('adam', 'clash', 'approved');
select is((select string_agg(name || ' ' || state, ', ' order by id) from goalpost.runbooks where workspace_id = tests.id_of('acme') and name like 'mine%'),
          'mine active, mine-learned active', 'the runbook of a person is not replaced');

-- A rejection concerns one proposal of one workspace; no more than twenty are made at once.
update goalpost.improvements set state = 'rejected', changed_at = goalpost_private.clock();
select is(pg_temp.again(jsonb_build_array(pg_temp.improvement('lesson', 'other', '{"title": "t", "text": "x", "trust": "trusted"}'), pg_temp.improvement('policy', 'new', '{"tool": "http", "effect": "allow"}'))), '9',
          'another kind, and another subject, are proposed');
select tests.json_for('sam', format('select goalpost.start_analysis(%L)', tests.id_of('elsewhere')));
select tests.do_complete((select max(run_id) from goalpost.steps where kind = 'analyze'), 'analyze', jsonb_build_object('text', 't', 'improvements',
  jsonb_build_array(pg_temp.improvement('policy', 'other', '{"tool": "http", "effect": "allow"}'))));
select is((select count(*) from goalpost.improvements where workspace_id = tests.id_of('elsewhere')), 1::bigint, 'another workspace decides for itself');
select pg_temp.again((select jsonb_agg(pg_temp.improvement('finding', 'many ' || n, '{}')) from generate_series(1, 21) n));
select is((select count(*) from goalpost.improvements where fingerprint like 'many%'), 20::bigint, 'twenty proposals are made at once');

-- A proposal is checked again when it is approved: an agent may have been retired since.
insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'own', 'r', '{}');
select pg_temp.again(jsonb_build_array(pg_temp.improvement('runbook', 'aged', pg_temp.runbook('aged') || jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', tests.agent('own'))))))));
update goalpost.agents set state = 'retired' where name = 'own';
select is(pg_temp.decide('adam', 'aged', 'approved'), 'ZG003', 'a runbook with a retired agent is refused');
select is(pg_temp.state('aged'), 'proposed', 'it still waits');
select is(pg_temp.decide('adam', 'aged', 'approved', pg_temp.runbook('aged')), 'none', 'an edited version takes effect');

-- A proposal that was rejected elsewhere is not applied by its approval.
select pg_temp.again(jsonb_build_array(pg_temp.improvement('policy', 'raced', '{"tool": "raced", "effect": "allow"}')));
update goalpost.improvements set state = 'rejected' where fingerprint = 'raced';
select pg_temp.decide('adam', 'raced', 'approved');
select is(pg_temp.state('raced') || (select count(*) from goalpost.tool_policies where tool = 'raced'), 'rejected0', 'what is not proposed any more is not applied');

select * from finish();
rollback;
