-- Shipped runbooks must pass the check that plans pass, with the agents and tools that ship.
begin;
select * from no_plan();
select tests.world();

select is(
  goalpost_private.check_plan(b.plan, (select jsonb_object_agg(a.name, to_jsonb(a.tools)) from goalpost.agents a where a.workspace_id is null and a.state = 'active'),
    array(select name from goalpost.tools), '{}', (select l from goalpost_private.limits l)), '[]', format('the shipped runbook %s is an acceptable plan', b.name))
  from goalpost.runbooks b where b.workspace_id is null and b.state = 'active' order by b.name;
select ok((select count(*) from goalpost.runbooks where workspace_id is null and state = 'active') > 0, 'at least one active runbook is shipped');

select * from finish();
rollback;
