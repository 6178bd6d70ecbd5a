-- The first expiry winds the run down; the second approval is already cancelled then.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('ap1, ap2', jsonb_build_object('ap1', tests.approval('{"expires_after_seconds": 60}'), 'ap2', tests.approval('{"expires_after_seconds": 60}'))));
select tests.advance_clock('1 minute');
select lives_ok('select goalpost_worker.sweep()', 'a sweep with two overdue approvals raises no error');
select is(tests.states(tests.get('run')), 'ap1=failed ap2=cancelled judge=ready', 'one step fails, the other is cancelled as the run winds down');

select * from finish();
rollback;
