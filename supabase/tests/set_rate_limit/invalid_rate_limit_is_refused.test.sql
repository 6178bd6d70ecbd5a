-- ZG003 with a message; strangers get ZG001.
begin;
select plan(10);
select tests.world();

create function pg_temp.set_as(p_name text, p_rest text) returns text language sql as $$ select tests.refusal_for(p_name, format('select goalpost.set_rate_limit(%L, %s)', tests.id_of('acme'), p_rest)) $$;
select is(pg_temp.set_as('petra', '''tool'', ''sql'', 1'), 'ZG002', 'an approver may not set a rate limit');
select is(pg_temp.set_as('sam', '''tool'', ''sql'', 1'), 'ZG001', 'a stranger cannot see the workspace of a rate limit');
select is(pg_temp.set_as('adam', r), 'ZG003', 'refused as a rate limit: ' || r) from unnest(array['''moon'', ''sql'', 1', 'null, ''sql'', 1', '''tool'', '''', 1', '''tool'', ''sql'', -1', '''tool'', ''sql'', 1001', '''tool'', ''sql'', 1, -1', '''tool'', ''sql'', 1, 86401']) r;
select is(pg_temp.set_as('adam', '''tool'', ''sql'', 1000, 86400'), 'none', 'a rate limit at the greatest bounds is accepted');

select * from finish();
rollback;
