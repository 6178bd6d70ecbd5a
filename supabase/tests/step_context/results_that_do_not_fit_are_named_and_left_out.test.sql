-- What a step is told of others has a cap: a note says what is missing.
begin;
select plan(6);
select tests.world();

update goalpost_private.limits set max_context_bytes = 3000;
select tests.set('run', tests.planned('a, b, c, d:a+b+c'));
select tests.do_complete(tests.get('run'), k, jsonb_build_object('text', repeat(k, 1400))) from unnest(array['a', 'b', 'c']) k;
select tests.set('steps', (tests.claim('tool') #> '{0,context,steps}')::text);
select is(tests.kept('steps')::jsonb #>> '{a,text}', repeat('a', 1400), 'what fits is told');
select is(tests.kept('steps')::jsonb #>> '{b,text}', repeat('b', 1400), 'up to the cap');
select is(tests.kept('steps')::jsonb #>> '{c,text}', null, 'what does not is not');
select matches(tests.kept('steps')::jsonb #>> '{c,omitted}', '^this result has 14[0-9]{2} bytes, .* 3000; ask for less$', 'and that is said');

select tests.do_complete(tests.get('run'), 'd');
select tests.set('judged', (tests.claim('judge') #> '{0,context,steps}')::text);
select is(jsonb_array_length(tests.kept('judged')::jsonb), 4, 'a judge hears of every step');
select is((select count(*) from jsonb_array_elements(tests.kept('judged')::jsonb) s where s -> 'result' ? 'omitted'), 1::bigint,
  'with what fits');

select * from finish();
rollback;
