begin;
select plan(6);
select tests.world();

select tests.price();
select tests.set('run', tests.working());
create function pg_temp.reserve(p_input text, p_output text) returns text language sql as $$
  select tests.refusal(format('select tests.reserve(%s, ''a'', %s, %s)', tests.get('run'), p_input, p_output)) $$;
select is(pg_temp.reserve('null', '1'), 'ZG003', 'a question without a bound of what goes in is refused');
select is(pg_temp.reserve('1', 'null'), 'ZG003', 'a question without a bound of what comes out is refused');
select is(pg_temp.reserve('-1001', '1'), 'ZG003', 'a question with less than nothing going in is refused');
select is(pg_temp.reserve('1', '-1'), 'ZG003', 'a question with less than nothing coming out is refused');
select is_empty('select from goalpost.budgets b where b.workspace_id = tests.id_of(''acme'')', 'no refused question opens a cap');
select is(pg_temp.reserve('0', '0'), 'none', 'a question of nothing is allowed');

select * from finish();
rollback;
