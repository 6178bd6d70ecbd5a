-- A batch is a list of at most a hundred outcomes.
begin;
select plan(3);
select tests.world();

select is(tests.refusal('select tests.finish_all(''{}'')'), 'ZG003', 'a batch that is no list is refused');
select is(tests.refusal('select tests.finish_all((select jsonb_agg(n) from generate_series(1, 101) n))'), 'ZG003', 'a batch of 101 outcomes is refused');
select is(tests.finish_all('[]'), '{"outcomes": [], "claimed": []}', 'an empty batch is accepted');

select * from finish();
rollback;
