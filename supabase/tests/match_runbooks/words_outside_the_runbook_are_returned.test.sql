begin;
select plan(9);
select tests.world();

select goalpost_private.publish_builtin_runbook('tests-zebra', 1, 'Groom a zebra', 'Zebras are groomed', 'zebra_care', array['groom my zebra'], false, '{"steps": []}');
create function pg_temp.uncovered(p_question text) returns text[] language sql as $$
  select m.uncovered from goalpost_private.match_runbooks(p_question, tests.id_of('acme'), tests.id_of('mia')) m where m.name = 'tests-zebra' $$;
select is(pg_temp.uncovered('Groom my zebras'), '{}', 'a question in the runbook''s words leaves no word over');
select is(pg_temp.uncovered('Could you please groom the zebra for us, thanks'), '{}', 'courtesies are not left over');
select is(pg_temp.uncovered('Delete the striped zebra'), '{delet,stripe}', 'an action and a filter are left over');
select is(pg_temp.uncovered('Groom the zebra last month in 2025'), '{2025,last,month}', 'a period is left over');

select is(pg_temp.uncovered('Do not groom my zebra'), '{not}', 'a negation is left over');
select is(pg_temp.uncovered('Don''t groom my zebra'), '{not}', 'a contracted negation is left over');

update goalpost.runbooks set title = 'Groom the zebras of the week' where name = 'tests-zebra';
select is(pg_temp.uncovered('Groom my zebras'), '{"any time but this week"}', 'the period of a runbook is left over where the question names none');
select is(pg_temp.uncovered('Groom this week''s zebras'), '{}', 'a question that names the period leaves no word over');
update goalpost.runbooks set examples = array['Which zebras are not groomed this week?'] where name = 'tests-zebra';
select is(pg_temp.uncovered('Which zebras are not groomed this week?'), '{}', 'a negation in the runbook''s own examples is covered');

select * from finish();
rollback;
