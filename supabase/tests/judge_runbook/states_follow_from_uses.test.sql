-- The next state of a runbook's improvement, at each bound of its rules.
begin;
select plan(19);

create function pg_temp.next(p_state text, p_uses integer, p_successes integer, p_latest integer, p_runs integer default 3) returns text language sql as $$
  select j.state || coalesce(' ' || j.reason, '')
    from goalpost_private.judge_runbook(jsonb_populate_record(null::goalpost.improvements, jsonb_build_object('state', p_state, 'evidence',
           jsonb_build_object('runs', (select coalesce(jsonb_agg(n), '[]') from generate_series(1, p_runs) n)))),
           jsonb_build_object('uses', p_uses, 'successes', p_successes, 'latest', p_latest)) j $$;
select is(pg_temp.next('approved', 2, 2, 2), 'approved', 'on trial with two successes');
select is(pg_temp.next('approved', 3, 3, 3), 'applied', 'with three it is active');
select is(pg_temp.next('approved', 5, 2, 2), 'reverted 2 of 5 runs succeeded: the bound 0.30 is below 0.65 without it', 'three failures below the alternative end a trial');
select is(pg_temp.next('approved', 4, 2, 2), 'approved', 'two failures do not');
select is(pg_temp.next('applied', 2, 2, 2), 'applied', 'two uses show nothing');
select is(pg_temp.next('applied', 3, 3, 3), 'measured', 'three uses show an effect');
select is(pg_temp.next('applied', 9, 9, 5), 'measured', 'nine are not ten');
select is(pg_temp.next('applied', 10, 10, 5), 'kept', 'after ten it is kept');
select is(pg_temp.next('measured', 9, 9, 5), 'measured', 'what is measured stays so below ten');
select is(pg_temp.next('measured', 10, 10, 5), 'kept', 'and is kept from then on');
select is(pg_temp.next('kept', 50, 50, 5), 'kept', 'what is kept stays');
select is(pg_temp.next('kept', 3, 3, 3), 'kept', 'also after few uses');
select is(pg_temp.next('approved', 50, 50, 5), 'applied', 'a trial is not kept at once');
select is(pg_temp.next('kept', 40, 37, 3), 'kept', 'three failures above the alternative are no reason');
select is(pg_temp.next('kept', 40, 38, 3), 'kept', 'nor are two of the last five');
select is(pg_temp.next('kept', 40, 37, 2), 'reverted 3 of the last 5 runs failed', 'three of the last five are');
select is(pg_temp.next('applied', 3, 0, 0, 0), 'reverted 0 of 3 runs succeeded: the bound 0.14 is below 0.43 without it', 'fewer than five runs count as they are');
select is(pg_temp.next('applied', 2, 0, 0), 'applied', 'two failures of two are too few');
select is(pg_temp.next('measured', 8, 5, 4, 0), 'measured', 'a bound that equals the alternative''s is not below it');

select * from finish();
rollback;
