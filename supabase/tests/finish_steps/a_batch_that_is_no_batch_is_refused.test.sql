-- At most a hundred outcomes, in a list.
begin;
select plan(3);
select tests.world();

select is(tests.refusal('select tests.finish_all(''{}'')'), 'ZG003', 'no list');
select is(tests.refusal('select tests.finish_all((select jsonb_agg(n) from generate_series(1, 101) n))'), 'ZG003', 'too many');
select is(tests.finish_all('[]'), '{"outcomes": [], "claimed": []}', 'none at all is fine');

select * from finish();
rollback;
