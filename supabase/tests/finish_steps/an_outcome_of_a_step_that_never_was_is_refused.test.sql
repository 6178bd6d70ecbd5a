-- Nothing to change, and nothing to book against.
begin;
select plan(2);
select tests.world();

select is(
  tests.finish_all('[{"run_id": -1, "step_key": "a", "lease_epoch": 1, "outcome": "completed", "usage": [{"cost_microusd": 5}]}]') #>> '{outcomes,0,verdict}',
  'refused', 'refused, with its cost');
select is_empty('select from goalpost.usage_events where run_id = -1', 'nothing is booked');

select * from finish();
rollback;
