-- Once the lease is lost, an answer alone is news, and of a turn alone whose end nobody knows.
begin;
select plan(10);
select tests.world();

select tests.set('run', tests.agent_at_work());
create function pg_temp.turn(p_number integer) returns text language sql as $$
  select t.state || coalesce(' ' || (t.error ->> 'code'), '') from tests.turn_of(tests.get('run'), p_number) t $$;

select is(tests.refusal(format('select goalpost_worker.end_turn(%s, ''a'', 1, 1, null)', tests.get('run'))), 'ZG003', 'an end that is null is refused');
select is(tests.refusal(format('select goalpost_worker.end_turn(%s, ''a'', 1, 1, ''[]'')', tests.get('run'))), 'ZG003', 'an end that is a list is refused');
select is(tests.refusal(format('select goalpost_worker.end_turn(%s, ''a'', 1, 1, ''{}'')', tests.get('run'))), 'ZG003', 'an end with neither answer nor error is refused');
select is(tests.refusal(format('select goalpost_worker.end_turn(%s, ''a'', 1, 1, ''{"answer": {}, "error": {}}'')', tests.get('run'))), 'ZG003', 'an end with both is refused');

select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 1);
select tests.asks_model(tests.get('run'), 'next');
select tests.lose(tests.get('run'));
select goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch);
select is(pg_temp.turn(2), 'unknown unknown', 'the end of the second turn is not known');
select tests.model_answers(tests.get('run'), 1, '[]', null, 1);
select is(pg_temp.turn(1), 'answered', 'a turn that was answered stays so when its answer comes again too late');
select tests.model_answers(tests.get('run'), 2, '[]', '{"error": {"code": "timeout", "message": "no answer"}}', 1);
select is(pg_temp.turn(2), 'unknown unknown', 'an error that comes too late leaves the turn unknown: it may have been charged');
select tests.model_answers(tests.get('run'), 2, '[]', null, 1);
select is(pg_temp.turn(2), 'failed lease_lost', 'an answer that comes too late says at least what it cost');
select tests.model_answers(tests.get('run'), 2, '[]', '{"error": {"code": "timeout", "message": "no answer"}}', 1);
select is(pg_temp.turn(2), 'failed lease_lost', 'after that nothing changes it');
select is(pg_temp.turn(1), 'answered', 'and the turn before it stays as it ended');

select * from finish();
rollback;
