-- There is no step to change and no budget to book its cost on.
begin;
select plan(2);
select tests.world();

select is(
  tests.finish_all('[{"run_id": -1, "step_key": "a", "lease_epoch": 1, "outcome": "completed", "usage": [{"cost_microusd": 5}]}]') #>> '{outcomes,0,verdict}',
  'refused', 'the outcome of an unknown step is refused');
select is_empty('select from goalpost.usage_events where run_id = -1', 'the cost of a refused outcome is not booked');

select * from finish();
rollback;
