-- Claims include the matching of every request among them: one person's long questions must not delay everyone.
begin;
select plan(2);
select tests.world();

insert into goalpost.runbooks (name, title, description, goal_type, examples, plan, parameters)
select 'long' || n, 'Weekly report', repeat('weekly report of orders ', 20), 'report', array_fill('orders of the week'::text, array[10]), '{}',
  '{"type": "object", "properties": {"from": {"type": "string", "format": "date"}, "of": {"type": "string", "format": "table"}, "limit": {"type": "integer"}, "by": {"enum": ["day", "week"]}, "note": {"type": "string"}}}'
  from generate_series(1, 10) n;
select tests.set('question', 'weekly report ' || left(string_agg(translate(n::text, '0123456789', 'bcdfghjklm'), ' '), 15000))
  from generate_series(10000, 13000) n;
select tests.ask('mia', tests.kept('question')) from generate_series(1, 5);
set local statement_timeout = '4s';
select is(jsonb_array_length(tests.claim('assess')), 5, 'five long requests are claimed within four seconds');
select is((select count(*) from goalpost_private.match_runbooks(tests.kept('question'), tests.id_of('acme'), tests.id_of('mia'))), 5::bigint,
  'five runbooks are found for a long question');

select * from finish();
rollback;
