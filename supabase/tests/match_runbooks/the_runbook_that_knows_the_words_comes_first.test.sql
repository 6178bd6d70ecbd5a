-- Scored 0 to 1 by words, with the words that speak for it; at most five; nobody else's.
begin;
select plan(9);
select tests.world();

select goalpost_private.publish_builtin_runbook('tests-zebra', 1, 'Groom a zebra', 'Zebras are groomed', 'zebra_care', array['groom my zebra'], false, '{"steps": []}');
select goalpost_private.publish_builtin_runbook('tests-zebra', 2, 'Groom a zebra', 'Zebras are groomed', 'zebra_care', array['groom my zebra'], true, '{"steps": []}');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('elsewhere'), 'theirs', 'Groom my zebra', 'd', 'g', '{}');
create temp table found as select * from goalpost_private.match_runbooks('Please groom my zebra', tests.id_of('acme'), tests.id_of('mia')) with ordinality;
select is((select name || ' ' || version from found where ordinality = 1), 'tests-zebra 2', 'the newest version');
select ok((select score from found where ordinality = 1) between 0.5 and 1, 'with a good score');
select ok((select bool_and(score > 0 and score <= 1) from found), 'scores are within 0 and 1');
select matches((select reasons ->> 0 from found where ordinality = 1), 'groom.*zebra', 'and the words');
select is((select allowed from found where ordinality = 1), false, 'it says that she may not use it');
select matches((select refusal from found where ordinality = 1), 'project admin', 'and why');
select is_empty('select from found where name = ''theirs''', 'another workspace''s is not found');
select is_empty(format('select from goalpost_private.match_runbooks(''qqqq'', %L, %L)', tests.id_of('acme'), tests.id_of('mia')), 'words that nobody knows find nothing');
select is_empty(format('select from goalpost_private.match_runbooks('''', %L, %L)', tests.id_of('acme'), tests.id_of('mia')), 'nor do no words');

select * from finish();
rollback;
