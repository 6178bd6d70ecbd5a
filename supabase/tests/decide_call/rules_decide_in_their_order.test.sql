-- The order is: unlisted tools, denying rows, loops, caps of calls, control tools, approvals, and otherwise allowed.
begin;
select plan(26);
select tests.world();

select tests.tools();
select tests.set('run', tests.planned('a, b, c:b', jsonb_build_object('a', tests.agent('hand'), 'b', '{"input": {"tool": "send", "arguments": {}}}'::jsonb, 'c', tests.agent('hand'))));
create function pg_temp.decision(p_tool text, p_arguments text default '{}') returns text language sql as $$ select tests.policy(tests.get('run'), 'a', p_tool, p_arguments::jsonb) $$;
create function pg_temp.rule(p_name text, p_tool text, p_effect text, p_more jsonb default '{}') returns void language sql as $$
  insert into goalpost.tool_policies (workspace_id, name, tool, effect, agent, even_if_tainted, position)
  values (case p_more ->> 'of' when 'all' then null else tests.id_of(coalesce(p_more ->> 'of', 'acme')) end, p_name, p_tool, p_effect, p_more ->> 'agent', coalesce((p_more ->> 'even')::boolean, false), coalesce((p_more ->> 'position')::integer, 100)) $$;
select is(pg_temp.decision('look'), 'allow default', 'a listed tool is allowed');
select is(pg_temp.decision('send'), 'allow default', 'a writing tool is allowed in an untainted step');
select is(pg_temp.decision('sql'), 'deny not_listed', 'a tool that the agent does not list is denied');
select is(pg_temp.decision('no_such_tool'), 'deny unknown_tool', 'a tool that does not exist is denied');
select is(pg_temp.decision('ask_human'), 'allow control', 'a control tool is allowed');
select is(pg_temp.decision('submit_result'), 'allow control', 'submit_result is allowed for every agent');
select is(tests.policy(tests.get('run'), 'b', 'send'), 'allow default', 'a step that is one call may make that call');
select is(tests.policy(tests.get('run'), 'b', 'look'), 'deny not_listed', 'a step that is one call may make no other');
select is(tests.policy(tests.get('run'), 'b', 'submit_result'), 'deny unknown_tool', 'a step that is one call may not call submit_result');
select is(pg_temp.decision('mail'), 'needs_approval tool_approval', 'a tool with approval always needs approval');

select pg_temp.rule('elsewhere', 'look', 'deny', '{"of": "elsewhere"}');
select is(pg_temp.decision('look'), 'allow default', 'a policy of another workspace has no effect');
select pg_temp.rule('no_looking', 'l*k', 'deny', '{"of": "all"}');
select pg_temp.rule('looking', 'look', 'allow', '{"position": 1, "even": true}');
select is(pg_temp.decision('look'), 'deny no_looking', 'a denial overrides every allowance');
select pg_temp.rule('not_that_hand', 'fetch', 'deny', '{"agent": "other"}');
select is(pg_temp.decision('fetch'), 'allow default', 'a policy for another agent has no effect');
select pg_temp.rule('no_questions', 'ask_*', 'deny');
select is(pg_temp.decision('ask_human'), 'deny no_questions', 'a policy can deny a control tool');
select pg_temp.rule('careful', 'send', 'needs_approval', '{"position": 5}');
select is(pg_temp.decision('send'), 'needs_approval careful', 'a policy can require approval of a tool');
select pg_temp.rule('trusting', 'send', 'allow', '{"position": 4}');
select is(pg_temp.decision('send'), 'allow trusting', 'the policy with the lowest position decides');
select pg_temp.rule('project', 'send', 'needs_approval', '{"of": "all", "position": 1}');
select is(pg_temp.decision('send'), 'allow trusting', 'a workspace''s policy comes before the project''s');
select pg_temp.rule('mailing', 'mail', 'allow');
select is(pg_temp.decision('mail'), 'allow mailing', 'a policy can allow a tool that needs approval');
select pg_temp.rule('odd_pattern', '%_%', 'deny');
select is(pg_temp.decision('fetch'), 'allow default', 'only the star is a wildcard in a tool pattern');

-- Loops and caps.
select tests.call(tests.get('run'), 'a', 'done', 'fetch', '{"x": 1}');
select is(pg_temp.decision('fetch', '{"x": 1}'), 'allow default', 'the same call is allowed a second time');
select tests.call(tests.get('run'), 'a', 'failed', 'fetch', '{"x": 1}');
select is(pg_temp.decision('fetch', '{"x": 1}'), 'deny loop', 'the same call is denied a third time');
select is(pg_temp.decision('fetch', '{"x": 2}'), 'allow default', 'a call with other arguments is allowed');
select is(tests.policy(tests.get('run'), 'c', 'fetch', '{"x": 1}'), 'allow default', 'the same call in another step is allowed');
select tests.call(tests.get('run'), 'a', 'done', 'send', format('{"n": %s}', n)::jsonb) from generate_series(1, 2) n;
select tests.call(tests.get('run'), 'a', 'denied', 'send', '{"n": 9}');
select is(pg_temp.decision('send'), 'allow trusting', 'a third call of three is allowed, not counting denied ones');
select tests.call(tests.get('run'), 'a', 'done', 'send', '{"n": 3}');
select is(pg_temp.decision('send'), 'deny max_calls_per_step', 'a call over max_calls_per_step is denied');
select tests.call(tests.get('run'), 'a', 'failed', 'submit_result', '{}') from generate_series(1, 3);
select is(pg_temp.decision('submit_result'), 'allow control', 'submit_result has no cap of calls');

select * from finish();
rollback;
