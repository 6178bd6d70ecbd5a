-- An approver may write the cap to be set as 9000.0, which is a whole number in JSON.
begin;
select plan(2);
select tests.world();

select tests.price();
select tests.set('run', tests.working('mia', 'acme', '{"max_microusd": 1, "on_exhausted": "ask"}'));
select tests.set('asked', (tests.reserve(tests.get('run'), 'a') ->> 'waits_for_person')::bigint);
select tests.decide('petra', tests.get('asked'), 'approved', (select jsonb_build_object('edited', subject || '{"max_microusd": 9000.0, "max_tokens": 4e7}') from goalpost.approvals where id = tests.get('asked')));
select tests.confirm('mia', tests.get('asked'));
select is((select state from goalpost.approvals where id = tests.get('asked')), 'approved', 'the edited budget is approved');
select is((select cap_microusd from goalpost.budgets where scope = 'run' and key = tests.get('run')::text), 9000::bigint, 'the cap is the edited number');

select * from finish();
rollback;
