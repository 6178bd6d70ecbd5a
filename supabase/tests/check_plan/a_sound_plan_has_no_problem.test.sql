-- Every kind of step, with every field that a step may have.
begin;
select plan(1);
select tests.world();

select is(tests.problems(jsonb_build_object(
  'summary', 's', 'criteria', '["c"]'::jsonb, 'report', '{"title": "t", "body": "b"}'::jsonb,
  'steps', '[
    {"key": "a", "kind": "tool", "title": "t", "input": {"tool": "sql", "arguments": {}}, "condition": null, "on_failure": "continue", "max_attempts": 20, "timeout_seconds": 86400},
    {"key": "b", "kind": "agent", "agent": "reader", "depends_on": ["a"], "condition": {"a": {"row_count": 0}}, "on_failure": "fail", "max_attempts": 1, "timeout_seconds": 1,
     "input": {"instructions": "i", "procedure": [{"tool": "sql", "arguments": {"query": "{{ steps.a }}"}}]}},
    {"key": "c", "kind": "approval", "depends_on": ["a", "b"], "input": {"question": "q"}},
    {"key": "d", "kind": "subgoal", "depends_on": null, "agent": null, "max_attempts": null, "timeout_seconds": null, "on_failure": null, "input": {"title": "t", "description": "d"}}]'::jsonb)),
  '', 'a plan with every field has no problems');

select * from finish();
rollback;
