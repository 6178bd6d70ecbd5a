-- Memories match by words or by meaning, fused; those that match neither way are left out; of two equal matches the
-- goal's own comes first.
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

select is(tests.recalled(tests.get('run'), 'a', 'which invoices are open?'),
          array['Invoices of this goal are in euro', 'Invoices are stored in the table billing'], 'memories match by words, the goal''s own first');
select is(tests.recalled(tests.get('run'), 'b', '?', '{"axis": 7}'), array['Where the money is'], 'a memory matches by meaning without a shared word');
select is((tests.recalled(tests.get('run'), 'a', 'invoices', '{"call_number": 1, "axis": 7}'))[2:3],
          array['Where the money is', 'Invoices are stored in the table billing'], 'matches by words and by meaning are fused');
select is(tests.recalled(tests.get('run'), 'a', 'of the and', '{"call_number": 2}'), '{}', 'a query of stop words recalls nothing');
select is(tests.recalled(tests.get('run'), 'a', 'invoices', '{"call_number": 3, "limit": 1}'), array['Invoices of this goal are in euro'],
          'the limit bounds how many memories are recalled');
select results_eq(
  $$ select u.attempt, u.call_number, u.rank, m.text from goalpost.memory_uses u join goalpost.memories m on m.id = u.memory_id
      where u.step_key = 'b' $$, $$ values (1, 0, 1, 'Where the money is') $$, 'recalled memories are recorded with attempt, call and rank');

select * from finish();
rollback;
