-- Models are shown runbooks of a relevance of 0.4 or more: a question that shares one common word with a runbook stays below
-- it.
begin;
select plan(7);
select tests.world();

select goalpost_private.publish_builtin_runbook('tests-week', 1, 'Review the week', 'Sums the week up', 'week',
  array['Write the Monday summary', 'How was our week?'], false, '{"steps": []}');
create function pg_temp.best(p_question text) returns text language sql as $$
  select name from goalpost_private.match_runbooks(p_question, tests.id_of('acme'), tests.id_of('mia'))
   where relevance >= 0.4 order by score desc limit 1 $$;

select is(pg_temp.best('Write a poem'), null, 'a request to write a poem matches no runbook');
select is(pg_temp.best('Write a poem about the sea'), null, 'the subject of the poem does not change that');
select is(pg_temp.best('Check my homework'), null, 'a request to check homework does not match the audit');
select is(pg_temp.best('Translate this sentence into French'), null, 'a request to translate a sentence matches no runbook');
select is(pg_temp.best('Which tables have no row level security?'), 'database-audit', 'a question about row level security matches the audit');
select is(pg_temp.best('Is there anything insecure in my Postgres schema?'), 'database-audit', 'a question about insecure schemas matches the audit');
select is(pg_temp.best('What data do we have?'), 'table-overview', 'a question about available data matches the overview');

select * from finish();
rollback;
