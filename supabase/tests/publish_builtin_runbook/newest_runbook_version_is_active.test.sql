-- Publishing is safe to repeat: the same name and version is replaced, older ones are retired and kept.
begin;
select plan(1);
select tests.world();

select goalpost_private.publish_builtin_runbook('tests-book', 1, 'one', 'd', 'g', '{}', false, '{}');
select goalpost_private.publish_builtin_runbook('tests-book', 2, 'two', 'd', 'g', '{}', false, '{}');
select goalpost_private.publish_builtin_runbook('tests-book', 2, 'two again', 'd', 'g', '{}', false, '{}');
select results_eq($$ select version, title, state from goalpost.runbooks where name = 'tests-book' order by version $$,
  $$ values (1, 'one', 'retired'), (2, 'two again', 'active') $$, 'the first version is retired and the second, replaced, is active');

select * from finish();
rollback;
