begin;
select plan(6);
select tests.world();

select tests.price();
select tests.set('run', tests.working());
create function pg_temp.reserve(p_input text, p_output text) returns text language sql as $$
  select tests.refusal(format('select tests.reserve(%s, ''a'', %s, %s)', tests.get('run'), p_input, p_output)) $$;
select is(pg_temp.reserve('null', '1'), 'ZG003', 'a model call without a bound of input tokens is refused');
select is(pg_temp.reserve('1', 'null'), 'ZG003', 'a model call without a bound of output tokens is refused');
select is(pg_temp.reserve('-1001', '1'), 'ZG003', 'a model call with negative input tokens is refused');
select is(pg_temp.reserve('1', '-1'), 'ZG003', 'a model call with negative output tokens is refused');
select is_empty('select from goalpost.budgets b where b.workspace_id = tests.id_of(''acme'')', 'a refused model call opens no cap');
select is(pg_temp.reserve('0', '0'), 'none', 'a model call with bounds of zero is allowed');

select * from finish();
rollback;
