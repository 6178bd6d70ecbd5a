-- Titles, descriptions and types of goals come from models.
begin;
select plan(3);
select tests.world(p_bystanders => false);

select tests.set('run', tests.ask());
select tests.do_complete(tests.get('run'), 'assess', jsonb_build_object('decision', 'goal', 'goal', jsonb_build_object(
  'title', repeat('t', 400), 'description', repeat('d', 20000), 'goal_type', repeat('g', 200))));
select is((select length(title) from goalpost.goals), 300, 'the title of a goal is cut to 300 characters');
select is((select length(description) from goalpost.goals), 16000, 'the description of a goal is cut to 16,000 characters');
select is((select length(goal_type) from goalpost.goals), 100, 'the type of a goal is cut to 100 characters');

select * from finish();
rollback;
