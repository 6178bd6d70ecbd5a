-- The report of a goal without a judgement has the texts of its completed steps, and a list of those that were not
-- completed, ten steps in all.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a, b, c, d, e, f, g, h, i, j, k, l'));
select tests.do_complete(tests.get('run'), 'a', '{"text": "There are 12 lamps."}');
select tests.advance_clock('1 second');
select tests.do_complete(tests.get('run'), 'b', '{"text": ""}');
select tests.advance_clock('1 second');
select tests.do_complete(tests.get('run'), 'c', '{"rows": 3}');
select tests.advance_clock('1 second');
select tests.value_for('mia', format('select goalpost.cancel_goal(%s)', (tests.goal_of(tests.get('run'))).id));
create function pg_temp.report() returns text language sql as $$ select (tests.goal_of(tests.get('run'))).report $$;
select matches(pg_temp.report(), '## a\n\nThere are 12 lamps\.', 'the text of a completed step is reported under its title');
select ok(pg_temp.report() !~ '## b', 'a completed step with an empty text has no section');
select ok(pg_temp.report() !~ '## c', 'a completed step without a text has no section');
select ok(pg_temp.report() !~ '- [abc]:', 'a completed step is not in the list of open steps');
select matches(pg_temp.report(), '- d: cancelled\n- e: cancelled', 'a cancelled step is in the list of open steps');
select matches(pg_temp.report(), '- j: cancelled$', 'the tenth step is the last of the list');
select ok(pg_temp.report() !~ '- [kl]:', 'the eleventh and twelfth steps are left out');

select * from finish();
rollback;
