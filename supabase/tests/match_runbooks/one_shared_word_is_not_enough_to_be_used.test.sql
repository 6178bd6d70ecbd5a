-- The threshold for use is 0.4 (rule::RUNBOOK_SCORE): what shares one common word with a runbook stays below it.
begin;
select plan(8);
select tests.world();

create function pg_temp.best(p_question text) returns text language sql as $$
  select name from goalpost_private.match_runbooks(p_question, tests.id_of('acme'), tests.id_of('mia'))
   where score >= 0.4 order by score desc limit 1 $$;

select is(pg_temp.best('Write a poem'), null, 'writing a poem is no weekly review');
select is(pg_temp.best('Write a poem about the sea'), null, 'whatever it is about');
select is(pg_temp.best('Check my homework'), null, 'checking homework is no audit');
select is(pg_temp.best('Translate this sentence into French'), null, 'nor is translating');
select is(pg_temp.best('Which tables have no row level security?'), 'database-audit', 'one check asks for the audit');
select is(pg_temp.best('Is there anything insecure in my Postgres schema?'), 'database-audit', 'in other words, too');
select is(pg_temp.best('How did the shop do this week?'), 'weekly-review', 'the week of the shop');
select is(pg_temp.best('Review the last week'), 'weekly-review', 'or just the week');

select * from finish();
rollback;
