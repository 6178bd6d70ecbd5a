-- One end opens all that waited for it alone; the last of several ends opens what waited for all of them.
begin;
select plan(6);
select tests.world();

select tests.set('run', tests.planned('a, b:a, c:a, d:a, e:b+c+d'));
select is((tests.step(tests.get('run'), 'e')).remaining_dependencies, 3, 'e waits for three');
select tests.do_complete(tests.get('run'), 'a');
select is(tests.states(tests.get('run')), 'a=completed b=ready c=ready d=ready e=pending judge=pending', 'three are opened by one');
select tests.do_complete(tests.get('run'), 'c');
select tests.do_complete(tests.get('run'), 'b');
select is((tests.step(tests.get('run'), 'e')).remaining_dependencies, 1, 'e waits for one more');
select is(tests.state(tests.get('run'), 'e'), 'pending', 'and is not opened yet');
select tests.do_complete(tests.get('run'), 'd');
select is(tests.state(tests.get('run'), 'e'), 'ready', 'the last one opens it');
select tests.do_complete(tests.get('run'), 'e');
select is(tests.state(tests.get('run'), 'judge'), 'ready', 'and e opens the judge');

select * from finish();
rollback;
