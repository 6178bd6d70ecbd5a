-- Invalid limits get ZG003 with a message, strangers ZG001; a limit of 0 places removes the one of its key alone.
begin;
select * from no_plan();
select tests.world();

create function pg_temp.set_as(p_name text, p_rest text) returns text language sql as $$ select tests.refusal_for(p_name, format('select goalpost.set_rate_limit(%L, %s)', tests.id_of('acme'), p_rest)) $$;
select is(pg_temp.set_as('petra', '''tool'', ''sql'', 1'), 'ZG002', 'an approver may not set a rate limit');
select is(pg_temp.set_as('sam', '''tool'', ''sql'', 1'), 'ZG001', 'a stranger cannot see the workspace of a rate limit');
select is(pg_temp.set_as('adam', r), 'ZG003', 'refused as a rate limit: ' || r) from unnest(array['''moon'', ''sql'', 1', 'null, ''sql'', 1', '''tool'', '''', 1', '''tool'', ''sql'', -1', '''tool'', ''sql'', 1001', '''tool'', ''sql'', 1, -1', '''tool'', ''sql'', 1, 86401']) r;
select is(pg_temp.set_as('adam', '''tool'', ''sql'', 1000, 86400'), 'none', 'a rate limit at the greatest bounds is accepted');

select is(pg_temp.set_as('adam', format('''tool'', %L, 1', U&'s\200Bql')), 'ZG003', 'a name with hidden characters is refused');
select is(tests.refusal_for(p, format('select goalpost.set_rate_limit(%L, %s)', tests.id_of(w), r)), 'none', format('%s limits %s', p, r))
  from (values ('adam', 'acme', '''tool'', ''sql'', 3, 0'), ('adam', 'acme', '''agent'', ''sql'', 1, 0'), ('adam', 'acme', '''tool'', ''http'', 2, 0'), ('sam', 'elsewhere', '''tool'', ''sql'', 2, 0')) d (p, w, r);
select is(pg_temp.set_as('adam', '''tool'', ''sql'', 1, 0'), 'none', 'a limit is lowered');
create function pg_temp.limits() returns text language sql as $$
  select string_agg(format('%s %s %s %s of %s', l.scope, l.name, l.per_seconds, l.slots, (select count(*) from goalpost_private.limit_slots s where s.limit_id = l.id)), ', ' order by l.workspace_id = tests.id_of('acme'), l.scope, l.name, l.per_seconds)
    from goalpost.rate_limits l where l.workspace_id in (tests.id_of('acme'), tests.id_of('elsewhere')) $$;
select is(pg_temp.limits(), 'tool sql 0 2 of 2, agent sql 0 1 of 1, tool http 0 2 of 2, tool sql 0 1 of 1, tool sql 86400 1000 of 1000', 'each limit has its places');
select is(pg_temp.set_as('adam', '''tool'', ''sql'', 0, 0'), 'none', 'a limit of 0 places is accepted');
select is(pg_temp.limits(), 'tool sql 0 2 of 2, agent sql 0 1 of 1, tool http 0 2 of 2, tool sql 86400 1000 of 1000', 'it removes the limit of its key, and no other');

select * from finish();
rollback;
