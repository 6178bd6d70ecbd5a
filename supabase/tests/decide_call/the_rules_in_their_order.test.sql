-- What is not listed, what a row denies, what goes in circles, what is called too often; control; approvals; else allowed.
begin;
select plan(26);
select tests.world();

select tests.tools();
select tests.set('run', tests.planned('a, b, c:b', jsonb_build_object('a', tests.agent('hand'), 'b', '{"input": {"tool": "send", "arguments": {}}}'::jsonb, 'c', tests.agent('hand'))));
create function pg_temp.says(p_tool text, p_arguments text default '{}') returns text language sql as $$ select tests.policy(tests.get('run'), 'a', p_tool, p_arguments::jsonb) $$;
create function pg_temp.rule(p_name text, p_tool text, p_effect text, p_more jsonb default '{}') returns void language sql as $$
  insert into goalpost.tool_policies (workspace_id, name, tool, effect, agent, even_if_tainted, position)
  values (case p_more ->> 'of' when 'all' then null else tests.id_of(coalesce(p_more ->> 'of', 'acme')) end, p_name, p_tool, p_effect, p_more ->> 'agent', coalesce((p_more ->> 'even')::boolean, false), coalesce((p_more ->> 'position')::integer, 100)) $$;
select is(pg_temp.says('look'), 'allow default', 'what is listed');
select is(pg_temp.says('send'), 'allow default', 'also what writes, in a step that read nothing of others');
select is(pg_temp.says('sql'), 'deny not_listed', 'what is not listed');
select is(pg_temp.says('no_such_tool'), 'deny unknown_tool', 'what is not there');
select is(pg_temp.says('ask_human'), 'allow control', 'control');
select is(pg_temp.says('submit_result'), 'allow control', 'a result is handed in by every agent');
select is(tests.policy(tests.get('run'), 'b', 'send'), 'allow default', 'a step that is one call has that call');
select is(tests.policy(tests.get('run'), 'b', 'look'), 'deny not_listed', 'and no other');
select is(tests.policy(tests.get('run'), 'b', 'submit_result'), 'deny unknown_tool', 'nor one that only agents have');
select is(pg_temp.says('mail'), 'needs_approval tool_approval', 'a tool that always asks');

select pg_temp.rule('elsewhere', 'look', 'deny', '{"of": "elsewhere"}');
select is(pg_temp.says('look'), 'allow default', 'another workspace''s policy says nothing here');
select pg_temp.rule('no_looking', 'l*k', 'deny', '{"of": "all"}');
select pg_temp.rule('looking', 'look', 'allow', '{"position": 1, "even": true}');
select is(pg_temp.says('look'), 'deny no_looking', 'a denial holds over every allowance');
select pg_temp.rule('not_that_hand', 'fetch', 'deny', '{"agent": "other"}');
select is(pg_temp.says('fetch'), 'allow default', 'a policy of another agent says nothing of this one');
select pg_temp.rule('no_questions', 'ask_*', 'deny');
select is(pg_temp.says('ask_human'), 'deny no_questions', 'control can be denied, too');
select pg_temp.rule('careful', 'send', 'needs_approval', '{"position": 5}');
select is(pg_temp.says('send'), 'needs_approval careful', 'what a row wants approved');
select pg_temp.rule('trusting', 'send', 'allow', '{"position": 4}');
select is(pg_temp.says('send'), 'allow trusting', 'the lowest position first');
select pg_temp.rule('project', 'send', 'needs_approval', '{"of": "all", "position": 1}');
select is(pg_temp.says('send'), 'allow trusting', 'the workspace''s before the project''s');
select pg_temp.rule('mailing', 'mail', 'allow');
select is(pg_temp.says('mail'), 'allow mailing', 'an admin may say that a tool need not ask');
select pg_temp.rule('odd_pattern', '%_%', 'deny');
select is(pg_temp.says('fetch'), 'allow default', 'only the star stands for any letters');

-- Circles and caps.
select tests.call(tests.get('run'), 'a', 'done', 'fetch', '{"x": 1}');
select is(pg_temp.says('fetch', '{"x": 1}'), 'allow default', 'a second time');
select tests.call(tests.get('run'), 'a', 'failed', 'fetch', '{"x": 1}');
select is(pg_temp.says('fetch', '{"x": 1}'), 'deny loop', 'not a third time with the same arguments');
select is(pg_temp.says('fetch', '{"x": 2}'), 'allow default', 'with others it may');
select is(tests.policy(tests.get('run'), 'c', 'fetch', '{"x": 1}'), 'allow default', 'another step may');
select tests.call(tests.get('run'), 'a', 'done', 'send', format('{"n": %s}', n)::jsonb) from generate_series(1, 2) n;
select tests.call(tests.get('run'), 'a', 'denied', 'send', '{"n": 9}');
select is(pg_temp.says('send'), 'allow trusting', 'the third of three; what was denied does not count');
select tests.call(tests.get('run'), 'a', 'done', 'send', '{"n": 3}');
select is(pg_temp.says('send'), 'deny max_calls_per_step', 'not a fourth');
select tests.call(tests.get('run'), 'a', 'failed', 'submit_result', '{}') from generate_series(1, 3);
select is(pg_temp.says('submit_result'), 'allow control', 'a result may be handed in as often as it takes');

select * from finish();
rollback;
