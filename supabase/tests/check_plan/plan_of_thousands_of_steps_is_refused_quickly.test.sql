-- A plan may be as large as a result; checking it must not delay the other outcomes of the batch.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.goal());
select tests.start(tests.get('run'), 'plan');
set local statement_timeout = '4s';
select tests.set('message', tests.message(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps',
  (select jsonb_agg(jsonb_build_object('key', 'k' || i)) from generate_series(1, 12000) i)))));
select matches(tests.kept('message'), 'too_many_steps', 'a plan of 12,000 steps is refused within four seconds');
select ok(length(tests.kept('message')) <= 16000, 'the refusal has at most 16,000 characters');

select * from finish();
rollback;
