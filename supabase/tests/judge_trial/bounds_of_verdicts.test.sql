-- The verdict on a trial, at each bound of its rules.
begin;
select plan(20);
-- Outcomes: type, uses, successes, uses and successes of the other version; the cost of each goal, and of the other's.
create function pg_temp.judged(p_outcomes jsonb) returns text language sql as $$
  select coalesce(j.verdict, 'goes on') || coalesce(' for ' || j.goal_type, '')
    from goalpost_private.judge_trial((
           select coalesce(jsonb_agg(jsonb_build_object('goal_type', o ->> 0, 'uses', o -> 1, 'successes', o -> 2, 'other_uses', o -> 3, 'other_successes', o -> 4,
                    'cost_microusd', (o ->> 1)::bigint * coalesce((o ->> 5)::bigint, 1000), 'other_cost_microusd', (o ->> 3)::bigint * coalesce((o ->> 6)::bigint, 1000))), '[]')
             from jsonb_array_elements(p_outcomes) o)) j $$;
select is(pg_temp.judged(o), v, what) from (values (1, '[]'::jsonb, 'goes on', 'without a goal it goes on'),
  (2, '[["a", 20, 19, 20, 12]]', 'better', 'twenty goals with a clear difference'),
  (3, '[["a", 19, 19, 20, 8]]', 'goes on', 'nineteen are too few'),
  (4, '[["a", 20, 20, 19, 8]]', 'goes on', 'also of the other version'),
  (5, '[["a", 20, 15, 20, 12]]', 'goes on', 'a difference that is not clear'),
  (6, '[["a", 10, 10, 10, 6], ["b", 10, 9, 10, 6]]', 'better', 'goals of all types count together'),
  (7, '[["a", 20, 12, 20, 19]]', 'worse', 'a clear difference the other way'),
  (8, '[["a", 19, 12, 20, 18]]', 'goes on', 'which takes twenty goals'), (8, '[["a", 20, 13, 20, 18]]', 'worse', 'and no more'), (8, '[["a", 20, 14, 20, 18]]', 'goes on', 'at a probability of 0.95'),
  (9, '[["a", 10, 1, 10, 9]]', 'worse', 'or ten with a very clear one'),
  (10, '[["a", 9, 0, 9, 9]]', 'goes on', 'but not nine'),
  (11, '[["a", 100, 80, 100, 80]]', 'none', 'a hundred goals without a difference'),
  (12, '[["a", 99, 79, 100, 80]]', 'goes on', 'and not ninety-nine'),
  (13, '[["a", 100, 80, 100, 80, 900, 1000]]', 'better', 'a tenth cheaper, and equal'),
  (14, '[["a", 100, 80, 100, 80, 901, 1000]]', 'none', 'a little less than a tenth'),
  (15, '[["a", 100, 79, 100, 80, 500, 1000]]', 'none', 'cheaper, but with a lower rate'),
  (16, '[["a", 25, 24, 25, 12], ["b", 25, 10, 25, 24]]', 'goes on', 'better in one type and worse in another goes on'),
  (17, '[["a", 25, 24, 25, 12], ["b", 80, 20, 80, 70]]', 'better for a', 'until it is worse in all: then it works for that type'),
  (18, '[["a", 19, 19, 19, 5], ["b", 80, 20, 80, 70]]', 'worse', 'unless that has too few goals')) t (place, o, v, what) order by place;
select * from finish();
rollback;
