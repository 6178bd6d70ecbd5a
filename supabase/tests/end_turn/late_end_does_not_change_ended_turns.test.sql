-- After a lost lease only an answer counts, and only for a turn whose end is unknown.
begin;
select plan(10);
select tests.world();

select tests.set('run', tests.agent_at_work());
create function pg_temp.turn(p_number integer) returns text language sql as $$
  select t.state || coalesce(' ' || (t.error ->> 'code'), '') from tests.turn_of(tests.get('run'), p_number) t $$;

select is(tests.refusal(format('select goalpost_worker.end_turn(%s, ''a'', 1, 1, null)', tests.get('run'))), 'ZG003', 'an end that is null is refused');
select is(tests.refusal(format('select goalpost_worker.end_turn(%s, ''a'', 1, 1, ''[]'')', tests.get('run'))), 'ZG003', 'an end that is a list is refused');
select is(tests.refusal(format('select goalpost_worker.end_turn(%s, ''a'', 1, 1, ''{}'')', tests.get('run'))), 'ZG003', 'an end with neither answer nor error is refused');
select is(tests.refusal(format('select goalpost_worker.end_turn(%s, ''a'', 1, 1, ''{"answer": {}, "error": {}}'')', tests.get('run'))), 'ZG003', 'an end with both answer and error is refused');

select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 1);
select tests.asks_model(tests.get('run'), 'next');
select tests.lose(tests.get('run'));
select goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch);
select is(pg_temp.turn(2), 'unknown unknown', 'the end of the second turn is not known');
select tests.model_answers(tests.get('run'), 1, '[]', null, 1);
select is(pg_temp.turn(1), 'answered', 'an answered turn stays answered after a late answer');
select tests.model_answers(tests.get('run'), 2, '[]', '{"error": {"code": "timeout", "message": "no answer"}}', 1);
select is(pg_temp.turn(2), 'unknown unknown', 'a late error leaves the turn unknown, since it may be charged');
select tests.model_answers(tests.get('run'), 2, '[]', null, 1);
select is(pg_temp.turn(2), 'failed lease_lost', 'a late answer ends the unknown turn with its cost');
select tests.model_answers(tests.get('run'), 2, '[]', '{"error": {"code": "timeout", "message": "no answer"}}', 1);
select is(pg_temp.turn(2), 'failed lease_lost', 'a later error does not change the ended turn');
select is(pg_temp.turn(1), 'answered', 'the turn before it stays answered');

select * from finish();
rollback;
