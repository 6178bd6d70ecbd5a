-- A claim waits for the matching of each of its assessments: two thousand runbooks with the same words must not delay
-- it.
begin;
select plan(4);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, examples, plan)
select tests.id_of('acme'), 'book_' || n, 'Weekly report of orders for region ' || n,
       format('Sums up the %s orders of the week with refunds, returns and new customers', md5(n::text)), 'weekly_report',
       array['How did the orders of region ' || n || ' go last week?', 'Report the week of ' || md5(n::text), 'weekly orders summary ' || n], '{}'
  from generate_series(1, 2000) n;
analyze goalpost.runbooks;
select is((select name from goalpost_private.match_runbooks('How did the orders of region 1717 go last week?', tests.id_of('acme'), tests.id_of('mia')) limit 1),
  'book_1717', 'the runbook with all words of the question comes first');
select is((select count(*) from goalpost_private.retrieve_runbooks(goalpost_private.lexemes('weekly orders'), tests.id_of('acme'), false, 20)), 20::bigint,
  'only the best candidates are scored');

select tests.ask('mia', 'How did the orders of region ' || n || ' go last week?') from generate_series(1, 9) n;
set local statement_timeout = '2s';
select is(jsonb_array_length(tests.claim('assess')), 9, 'nine assessments are claimed within two seconds');
reset statement_timeout;

insert into goalpost.runbook_statistics (workspace_id, runbook_id, uses, successes, recent_uses, recent_successes, folded_at)
select b.workspace_id, b.id, 10, s.successes, 10, s.successes, goalpost_private.clock() from goalpost.runbooks b, lateral (select case b.name when 'book_900' then 9 else 5 end as successes) s where b.name in ('book_2', 'book_900');
update goalpost.runbooks set examples = '{}', title = 'Weekly zebra', description = 'd' where name in ('book_1', 'book_2', 'book_900');
select results_eq(
  $$ select name, reasons ->> 1 from goalpost_private.match_runbooks('weekly zebra', tests.id_of('acme'), tests.id_of('mia')) limit 3 $$,
  $$ values ('book_900', '9 of 10 runs in this workspace completed'), ('book_1', null), ('book_2', '5 of 10 runs in this workspace completed') $$,
  'runbooks of one relevance are ordered by the bound of their success rate');

select * from finish();
rollback;
