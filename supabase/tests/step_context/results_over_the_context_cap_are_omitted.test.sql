-- The results in a context have a cap: a note names the omitted ones.
begin;
select plan(6);
select tests.world();

update goalpost_private.limits set max_context_bytes = 3000;
select tests.set('run', tests.planned('a, b, c, d:a+b+c'));
select tests.do_complete(tests.get('run'), k, jsonb_build_object('text', repeat(k, 1400))) from unnest(array['a', 'b', 'c']) k;
select tests.set('steps', (tests.claim('tool') #> '{0,context,steps}')::text);
select is(tests.kept('steps')::jsonb #>> '{a,text}', repeat('a', 1400), 'a result that fits the cap is included');
select is(tests.kept('steps')::jsonb #>> '{b,text}', repeat('b', 1400), 'a second result that fits the cap is included');
select is(tests.kept('steps')::jsonb #>> '{c,text}', null, 'a result beyond the cap is omitted');
select matches(tests.kept('steps')::jsonb #>> '{c,omitted}', '^this result has 14[0-9]{2} bytes, .* 3000; ask for less$', 'an omitted result has a note with its size');

select tests.do_complete(tests.get('run'), 'd');
select tests.set('judged', (tests.claim('judge') #> '{0,context,steps}')::text);
select is(jsonb_array_length(tests.kept('judged')::jsonb), 4, 'a judge receives an entry for every step');
select is((select count(*) from jsonb_array_elements(tests.kept('judged')::jsonb) s where s -> 'result' ? 'omitted'), 1::bigint,
  'one result does not fit the judge''s cap and is omitted');

select * from finish();
rollback;
