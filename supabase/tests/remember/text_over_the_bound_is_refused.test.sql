-- A memory without its end may mean the opposite, so a long one is refused and not cut.
begin;
select plan(5);
select tests.world();
select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent('analyst'))));
select tests.start(tests.get('run'), 'a');

create function pg_temp.remember(p_number integer, p_text text, p_title text default null) returns text language plpgsql as $$
begin
  perform tests.wish(tests.get('run'), 'a', p_number, 'remember', jsonb_strip_nulls(jsonb_build_object('text', p_text, 'title', p_title)));
  return tests.refusal(format('select goalpost_worker.remember(%s, ''a'', 1, %s, null, null)', tests.get('run'), p_number));
end
$$;
select is(pg_temp.remember(1, repeat('ä', 8001)), 'ZG003', 'a text of more than 8000 characters is refused');
select is(pg_temp.remember(2, 'x', repeat('ä', 301)), 'ZG003', 'a title of more than 300 characters is refused');
select is((select count(*) from goalpost.memories), 0::bigint, 'a refused memory leaves nothing');
select is(pg_temp.remember(3, repeat('ä', 8000), repeat('ä', 300)), 'none', 'a memory at the bounds is kept');
select is((select length(text) || ' ' || length(title) from goalpost.memories), '8000 300', 'a memory at the bounds is kept whole');

select * from finish();
rollback;
