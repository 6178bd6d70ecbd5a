-- A verdict is kept with its author (check or model) and the step that the model's evidence rests on.
begin;
select plan(4);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a', '{}', '["one", "two", "three", "four"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "# Done", "verdicts": [
  {"number": 1, "verdict": "met", "evidence": "seen", "decided_by": "check"},
  {"number": 2, "verdict": "met", "evidence": "read", "decided_by": "model", "step": "a"},
  {"number": 3, "verdict": "met", "decided_by": "person"},
  {"number": 4, "verdict": "met", "decided_by": 7}]}');
select results_eq(
  format('select number, decided_by, evidence_step from goalpost.goal_criteria where goal_id = %s order by 1', (tests.goal_of(tests.get('run'))).id),
  $$ values (1, 'check', null), (2, 'model', 'a'), (3, null, null), (4, null, null) $$, 'the author is a check or a model; no worker speaks for a person');
create function pg_temp.criterion(p_number integer) returns jsonb language sql as $$
  select tests.json_for('mia', format('select goalpost.read_report(%s)', (tests.goal_of(tests.get('run'))).id)) #> array['criteria', (p_number - 1)::text] $$;
select is(pg_temp.criterion(1) ->> 'decided_by', 'check', 'the report names the author of a verdict');
select is(pg_temp.criterion(2) ->> 'evidence_step', 'a', 'the report names the step that the evidence rests on');
select is(pg_temp.criterion(3) -> 'decided_by', 'null', 'a verdict without an author is reported without one');

select * from finish();
rollback;
