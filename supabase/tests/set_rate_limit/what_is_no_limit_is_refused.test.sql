-- ZG003 with a sentence; strangers see nothing.
begin;
select plan(10);
select tests.world();

create function pg_temp.set_as(p_name text, p_rest text) returns text language sql as $$ select tests.refusal_for(p_name, format('select goalpost.set_rate_limit(%L, %s)', tests.id_of('acme'), p_rest)) $$;
select is(pg_temp.set_as('petra', '''tool'', ''sql'', 1'), 'ZG002', 'an approver');
select is(pg_temp.set_as('sam', '''tool'', ''sql'', 1'), 'ZG001', 'a stranger');
select is(pg_temp.set_as('adam', r), 'ZG003', r) from unnest(array['''moon'', ''sql'', 1', 'null, ''sql'', 1', '''tool'', '''', 1', '''tool'', ''sql'', -1', '''tool'', ''sql'', 1001', '''tool'', ''sql'', 1, -1', '''tool'', ''sql'', 1, 86401']) r;
select is(pg_temp.set_as('adam', '''tool'', ''sql'', 1000, 86400'), 'none', 'the most there is');

select * from finish();
rollback;
