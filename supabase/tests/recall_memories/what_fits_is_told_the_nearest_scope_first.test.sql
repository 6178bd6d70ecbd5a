-- By words or by meaning, fused; what fits neither way is left out; of two that fit alike, the goal's own comes first.
begin;
select plan(6);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.memory('Invoices are stored in the table billing', 'workspace');
select tests.memory('Invoices of this goal are in euro', 'goal', jsonb_build_object('goal_id', (tests.goal_of(tests.get('run'))).id));
select tests.memory('Cats sleep a lot', 'workspace');
select tests.memory('Where the money is', 'workspace', '{"axis": 7}');
select tests.memory('Something else', 'workspace', '{"axis": 8}');

select is(tests.told(tests.get('run'), 'a', 'which invoices are open?'),
          array['Invoices of this goal are in euro', 'Invoices are stored in the table billing'], 'by words, the goal''s own first');
select is(tests.told(tests.get('run'), 'b', '?', '{"axis": 7}'), array['Where the money is'], 'by meaning, without a word in common');
select is((tests.told(tests.get('run'), 'a', 'invoices', '{"call_number": 1, "axis": 7}'))[2:3],
          array['Where the money is', 'Invoices are stored in the table billing'], 'both at once');
select is(tests.told(tests.get('run'), 'a', 'of the and', '{"call_number": 2}'), '{}', 'a question without words is told nothing');
select is(tests.told(tests.get('run'), 'a', 'invoices', '{"call_number": 3, "limit": 1}'), array['Invoices of this goal are in euro'],
          'no more than was asked for');
select results_eq(
  $$ select u.attempt, u.call_number, u.rank, m.text from goalpost.memory_uses u join goalpost.memories m on m.id = u.memory_id
      where u.step_key = 'b' $$, $$ values (1, 0, 1, 'Where the money is') $$, 'what was told is kept with the try that it was told to');

select * from finish();
rollback;
