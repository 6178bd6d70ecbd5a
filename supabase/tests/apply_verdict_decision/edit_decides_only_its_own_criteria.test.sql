-- An edit that names a criterion of another approval does not decide that criterion.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["judged", {"description": "asked", "check": {"person": "Is the logo right?"}},
  {"description": "released", "check": {"person": {"question": "May it go out?", "required_role": "approver"}}}]'));
select tests.do_complete(tests.get('run'), 'a');
create function pg_temp.judge(p_judged text) returns void language sql as $$
  select tests.do_complete(tests.get('run'), 'judge', jsonb_build_object('decision', 'complete', 'report', '# Done', 'result', '{"n": 1}'::jsonb, 'verdicts', jsonb_build_array(
    jsonb_build_object('number', 1, 'verdict', p_judged, 'evidence', 'e', 'decided_by', 'model', 'step', 'a'),
    jsonb_build_object('number', 2, 'verdict', 'unknown', 'evidence', 'a person decides this'),
    jsonb_build_object('number', 3, 'verdict', 'unknown', 'evidence', 'a person decides this')))) $$;
create function pg_temp.approval(p_role text) returns goalpost.approvals language sql as $$
  select a from goalpost.approvals a where a.run_id = tests.get('run') and a.kind = 'verdict' and a.required_role = p_role order by a.id desc limit 1 $$;
create function pg_temp.decide(p_person text, p_role text, p_decision text, p_comment text default null, p_edited text default null) returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.decide_approval(%s, %L, %L, %L)', (pg_temp.approval(p_role)).id, p_decision, p_comment, p_edited)) $$;
create function pg_temp.verdicts() returns text language sql as $$
  select string_agg(concat_ws('/', c.verdict, c.decided_by), ' ' order by c.number) from goalpost.goal_criteria c where c.goal_id = (tests.goal_of(tests.get('run'))).id $$;

select pg_temp.judge('met');
select is(pg_temp.decide('mia', 'member', 'approved', null, '{"verdicts": [{"number": 2, "verdict": "unmet"}, {"number": 3, "verdict": "met"}]}'), 'none', 'the requester decides with an edit');
select is(pg_temp.verdicts(), 'met/model unmet/person unknown', 'the criterion of the role stays unknown');

select * from finish();
rollback;
