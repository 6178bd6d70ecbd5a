-- Decisions and reversals concern one improvement: others of the workspace, and of other workspaces, stay.
begin;
select plan(12);
select tests.world(false);

create function pg_temp.book(p_name text) returns jsonb language sql as $$
  select jsonb_build_object('name', p_name, 'title', 't', 'description', 'd', 'plan', jsonb_build_object('steps', tests.steps('a'))) $$;
create function pg_temp.propose(p_person text, p_workspace text, p_kind text, p_fingerprint text, p_change jsonb) returns void language plpgsql as $$
begin
  perform tests.json_for(p_person, format('select goalpost.start_analysis(%L)', tests.id_of(p_workspace)));
  perform tests.do_complete((select max(run_id) from goalpost.steps where kind = 'analyze'), 'analyze', jsonb_build_object('text', 't', 'improvements', jsonb_build_array(
    jsonb_build_object('kind', p_kind, 'title', p_fingerprint, 'fingerprint', p_fingerprint, 'change', p_change))));
end $$;
create function pg_temp.approve(p_person text, p_fingerprint text) returns void language sql as $$
  select tests.json_for(p_person, format('select goalpost.decide_approval(%s, ''approved'')', (select approval_id from goalpost.improvements where fingerprint = p_fingerprint))) $$;
create function pg_temp.states() returns text language sql as $$ select string_agg(fingerprint || ' ' || state, ', ' order by id) from goalpost.improvements $$;
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values
  (tests.id_of('elsewhere'), 'one', 't', 'd', 'g', '{}'), (tests.id_of('acme'), 'other', 't', 'd', 'g', '{}'), (null, 'shipped', 't', 'd', 'g', '{}');

select pg_temp.propose('petra', 'acme', 'runbook', 'one', pg_temp.book('one')), pg_temp.propose('petra', 'acme', 'runbook', 'two', pg_temp.book('shipped')),
       pg_temp.propose('petra', 'acme', 'policy', 'three', '{"tool": "http", "effect": "deny"}'), pg_temp.propose('petra', 'acme', 'policy', 'four', '{"tool": "email", "effect": "deny"}');
select pg_temp.approve('adam', 'one');
select is(pg_temp.states(), 'one applied, two proposed, three proposed, four proposed', 'one decision applies one proposal');
select is((select name || ' ' || version from goalpost.runbooks where author = 'analyzer'), 'one 1', 'a name of another workspace is free, and versions count by name');
select pg_temp.approve('adam', 'two'), pg_temp.approve('adam', 'three'), pg_temp.approve('adam', 'four');
select is((select string_agg(name, ', ' order by id) from goalpost.runbooks where author = 'analyzer'), 'one, shipped-learned', 'the name of a built-in runbook is not taken');
select pg_temp.propose('sam', 'elsewhere', 'policy', 'theirs', '{"tool": "http", "effect": "deny"}');
select pg_temp.approve('sam', 'theirs');
select tests.json_for('adam', format('select goalpost.revert_improvement(%s)', id)) from goalpost.improvements where fingerprint in ('one', 'three');
select is(pg_temp.states(), 'one reverted, two applied, three reverted, four applied, theirs applied', 'one reversal takes one back');
select is((select string_agg(coalesce(workspace_id = tests.id_of('acme'), false)::text || ' ' || name || ' ' || state, ', ' order by id) from goalpost.runbooks
            where name in ('one', 'other', 'shipped', 'shipped-learned')),
          'false one active, true other active, false shipped active, true one retired, true shipped-learned active', 'no other runbook is retired');
select is((select string_agg((workspace_id = tests.id_of('acme'))::text || ' ' || tool, ', ' order by id) from goalpost.tool_policies where name like 'learned%'),
          'true email, false http', 'no other policy is removed');

-- Personal data: of this workspace's members; a person without an address has none to find.
update auth.users set email = '' where id = tests.id_of('vera');
update auth.users set email = 'Mia@Tests.example' where id = tests.id_of('mia');
create function pg_temp.problem(p_text text) returns text language sql as $$
  select goalpost_private.personal_data_problem(tests.id_of('acme'), jsonb_build_object('description', p_text)) $$;
select is(pg_temp.problem('Send it to mia@tests.example'), 'the runbook would contain data of one person', 'an address is found in any case');
select is(pg_temp.problem('Ask ' || tests.id_of('sam')), null, 'people of other workspaces are not looked for');
select is(pg_temp.problem('Send it to ' || (select email from auth.users where id = tests.id_of('sam'))), null, 'nor are their addresses');
select is(pg_temp.problem('Count the orders'), null, 'a text without a person has no problem');

-- A rejection, and an edit, of one of several.
select pg_temp.propose('petra', 'acme', 'policy', 'five', '{"tool": "sql", "effect": "deny"}'), pg_temp.propose('petra', 'acme', 'runbook', 'six', pg_temp.book('six')),
       pg_temp.propose('petra', 'acme', 'policy', 'seven', '{"tool": "template", "effect": "deny"}');
select tests.json_for('adam', format('select goalpost.decide_approval(%s, ''rejected'')', approval_id)) from goalpost.improvements where fingerprint = 'five';
select is((select string_agg(fingerprint || ' ' || state, ', ' order by id) from goalpost.improvements where fingerprint in ('five', 'six', 'seven')),
          'five rejected, six proposed, seven proposed', 'one rejection rejects one');
select is((select tests.refusal_for('adam', format('select goalpost.decide_approval(%s, ''approved'', p_edited => ''{"tool": "template", "effect": "allow"}'')', approval_id))
             from goalpost.improvements where fingerprint = 'seven'), 'none', 'an edited policy is checked as a policy');

select * from finish();
rollback;
