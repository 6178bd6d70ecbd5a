-- The threshold for use is 0.4 (rule::RUNBOOK_SCORE): what shares one common word with a runbook stays below it.
begin;
select plan(7);
select tests.world();

select goalpost_private.publish_builtin_runbook('tests-week', 1, 'Review the week', 'Sums the week up', 'week',
  array['Write the Monday summary', 'How was our week?'], false, '{"steps": []}');
create function pg_temp.best(p_question text) returns text language sql as $$
  select name from goalpost_private.match_runbooks(p_question, tests.id_of('acme'), tests.id_of('mia'))
   where score >= 0.4 order by score desc limit 1 $$;

select is(pg_temp.best('Write a poem'), null, 'writing a poem is no runbook');
select is(pg_temp.best('Write a poem about the sea'), null, 'whatever it is about');
select is(pg_temp.best('Check my homework'), null, 'checking homework is no audit');
select is(pg_temp.best('Translate this sentence into French'), null, 'nor is translating');
select is(pg_temp.best('Which tables have no row level security?'), 'database-audit', 'one check asks for the audit');
select is(pg_temp.best('Is there anything insecure in my Postgres schema?'), 'database-audit', 'in other words, too');
select is(pg_temp.best('What data do we have?'), 'table-overview', 'what there is asks for the overview');

select * from finish();
rollback;
