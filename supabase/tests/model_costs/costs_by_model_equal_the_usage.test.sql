-- Costs by model, before and after a fold.
begin;
select plan(4);
select tests.world(p_bystanders => false);

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent('own'))));
select tests.spend(tests.get('run'), 'a', 100);
select tests.spend(tests.get('run'), 'a', 7);
create function pg_temp.differences() returns setof text language sql as $$
  select c.model from (
    (select provider, model, calls, input_tokens, output_tokens, cost_microusd from goalpost.model_costs
     except select provider, model, count(*), sum(input_tokens), sum(output_tokens), sum(cost_microusd) from goalpost.usage_events group by 1, 2)
    union all
    (select provider, model, count(*), sum(input_tokens), sum(output_tokens), sum(cost_microusd) from goalpost.usage_events group by 1, 2
     except select provider, model, calls, input_tokens, output_tokens, cost_microusd from goalpost.model_costs)) c $$;
select is_empty('select pg_temp.differences()', 'model_costs sums rows that are not folded');
select goalpost_private.fold_statistics(1, goalpost_private.clock());
select is_empty('select pg_temp.differences()', 'model_costs adds folded and unfolded rows');
select is(tests.value_for('mia', 'select sum(cost_microusd) from goalpost.model_costs'), '107', 'a member sees the costs of the workspace');
select is(tests.value_for('sam', 'select count(*) from goalpost.model_costs'), '0', 'a stranger sees none');

select * from finish();
rollback;
