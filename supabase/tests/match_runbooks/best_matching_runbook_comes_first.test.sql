-- Scores are from 0 to 1 by words, with the shared words as reasons; at most five runbooks, none of another workspace.
begin;
select plan(9);
select tests.world();

select goalpost_private.publish_builtin_runbook('tests-zebra', 1, 'Groom a zebra', 'Zebras are groomed', 'zebra_care', array['groom my zebra'], false, '{"steps": []}');
select goalpost_private.publish_builtin_runbook('tests-zebra', 2, 'Groom a zebra', 'Zebras are groomed', 'zebra_care', array['groom my zebra'], true, '{"steps": []}');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('elsewhere'), 'theirs', 'Groom my zebra', 'd', 'g', '{}');
create temp table found as select * from goalpost_private.match_runbooks('Please groom my zebra', tests.id_of('acme'), tests.id_of('mia')) with ordinality;
select is((select name || ' ' || version from found where ordinality = 1), 'tests-zebra 2', 'the newest version of the best runbook comes first');
select ok((select score from found where ordinality = 1) between 0.5 and 1, 'the best runbook has a score of at least one half');
select ok((select bool_and(score > 0 and score <= 1) from found), 'scores are within 0 and 1');
select matches((select reasons ->> 0 from found where ordinality = 1), 'groom.*zebra', 'the reasons contain the shared words');
select is((select allowed from found where ordinality = 1), false, 'a runbook for project admins is marked as not allowed');
select matches((select refusal from found where ordinality = 1), 'project admin', 'the refusal names the project admin');
select is_empty('select from found where name = ''theirs''', 'a runbook of another workspace is not found');
select is_empty(format('select from goalpost_private.match_runbooks(''qqqq'', %L, %L)', tests.id_of('acme'), tests.id_of('mia')), 'a question of unknown words finds nothing');
select is_empty(format('select from goalpost_private.match_runbooks('''', %L, %L)', tests.id_of('acme'), tests.id_of('mia')), 'an empty question finds nothing');

select * from finish();
rollback;
