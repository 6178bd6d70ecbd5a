-- One end opens all steps that waited for it alone; the last of several ends opens the steps that waited for all of
-- them.
begin;
select plan(6);
select tests.world();

select tests.set('run', tests.planned('a, b:a, c:a, d:a, e:b+c+d'));
select is((tests.step(tests.get('run'), 'e')).remaining_dependencies, 3, 'a step with three dependencies waits for three');
select tests.do_complete(tests.get('run'), 'a');
select is(tests.states(tests.get('run')), 'a=completed b=ready c=ready d=ready e=pending judge=pending', 'one end opens three dependents');
select tests.do_complete(tests.get('run'), 'c');
select tests.do_complete(tests.get('run'), 'b');
select is((tests.step(tests.get('run'), 'e')).remaining_dependencies, 1, 'after two of three ends one dependency remains');
select is(tests.state(tests.get('run'), 'e'), 'pending', 'a step with one open dependency is not opened');
select tests.do_complete(tests.get('run'), 'd');
select is(tests.state(tests.get('run'), 'e'), 'ready', 'the last of three ends opens the step');
select tests.do_complete(tests.get('run'), 'e');
select is(tests.state(tests.get('run'), 'judge'), 'ready', 'the last step of the plan opens the judge');

select * from finish();
rollback;
