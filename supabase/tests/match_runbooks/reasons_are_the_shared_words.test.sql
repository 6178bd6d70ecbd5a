begin;
select plan(2);
select tests.world();

select goalpost_private.publish_builtin_runbook('tests-zebra', 1, 'Groom a zebra', 'Zebras are groomed', 'zebra_care', array['groom my zebra'], false, '{"steps": []}');
create function pg_temp.reasons(p_question text) returns jsonb language sql as $$
  select m.reasons from goalpost_private.match_runbooks(p_question, tests.id_of('acme'), tests.id_of('mia')) m where m.name = 'tests-zebra' $$;
select is(pg_temp.reasons('Groom the striped zebra of the museum'), '["shared words: groom, zebra"]', 'the reasons are the words that question and runbook share');
select is(pg_temp.reasons('zebra'), '["shared words: zebra"]', 'one shared word is one reason');

select * from finish();
rollback;
