-- The score: relevance × type_prior^0.1 × success^0.3 × cost_factor^0.1, from this workspace's statistics; old runs fade.
begin;
select plan(13);
select tests.world();

select is(round(goalpost_private.success_bound(0, 0)::numeric, 3), 0.431, 'without runs, the bound is that of three successes of four');
select ok(goalpost_private.success_bound(10, 10) > goalpost_private.success_bound(3, 3), 'more successes have a higher bound');
select ok(goalpost_private.success_bound(0, 5) < goalpost_private.success_bound(0, 0), 'failures have a lower bound than no runs');
select ok(goalpost_private.success_bound(0, 1000) between 0 and 0.01, 'a runbook that always fails has a bound near zero');
select is(goalpost_private.fading(now() - interval '90 days', now())::numeric(4, 2), 0.5, 'a run counts half after 90 days');
select is(goalpost_private.fading(now() + interval '1 day', now())::numeric, 1.0, 'a clock that went back fades nothing');

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
select tests.id_of('acme'), n, 'Groom a zebra', 'd', case n when 'other' then 'other' else 'care' end, '{}' from unnest(array['cheap', 'costly', 'failing', 'other', 'old']) n;
insert into goalpost.runbook_statistics (workspace_id, runbook_id, uses, successes, recent_uses, recent_successes, cost_microusd, folded_at)
select tests.id_of(w), b.id, 10, s.successes, 10, s.successes, s.cost, goalpost_private.clock() - case b.name when 'old' then interval '900 days' else interval '0' end
  from goalpost.runbooks b, (values ('cheap', 10, 1000), ('costly', 10, 4000), ('failing', 0, 1000), ('old', 10, 1000)) s (name, successes, cost), unnest(array['acme']) w
 where b.name = s.name;
create temp table matched as select * from goalpost_private.match_runbooks('groom a zebra', tests.id_of('acme'), tests.id_of('mia'));
select is((select string_agg(name, ', ' order by score desc) from matched), 'cheap, costly, old, other, failing', 'of one relevance, success, cost and frequency decide the order');
select is((select cost_factor from matched where name = 'costly'), 0.25, 'four times the cost is a factor of a quarter');
select is((select cost_factor from matched where name = 'other'), 1::numeric, 'a runbook without runs has no cost to compare');
select is((select success from matched where name = 'old'), round(goalpost_private.success_bound(10.0 / 1024, 10.0 / 1024)::numeric, 3), 'runs of 900 days ago hardly count');
select ok((select type_prior from matched where name = 'other') < 0.1 and (select type_prior from matched where name = 'cheap') = 1, 'a goal type that is used more has a higher prior');

-- Candidates take part in one request of ten.
update goalpost.runbooks set state = 'candidate' where name = 'failing';
select is((select count(*) from generate_series(1, 1000) n where goalpost_private.explores(n)) between 60 and 140, true, 'about one request of ten tries candidates');
select is((select count(distinct m.is_explored) filter (where m.name = 'failing') || ' ' || max(m.success) filter (where m.name = 'failing')
             from (select n from generate_series(1, 1000) n where goalpost_private.explores(n) limit 1) e
            cross join lateral goalpost_private.match_runbooks('groom a zebra', tests.id_of('acme'), tests.id_of('mia'), e.n) m), '1 1.0', 'a candidate on trial counts as successful');

select * from finish();
rollback;
