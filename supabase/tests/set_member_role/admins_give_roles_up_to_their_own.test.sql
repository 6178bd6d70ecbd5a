-- A person gives no role above their own, and does not change people with a higher role.
begin;
select * from no_plan();
select tests.world();

select tests.person('outsider');
insert into goalpost.members values (tests.id_of('acme'), tests.person('new'), 'viewer');
select is(tests.refusal_for(c.who, format('select goalpost.set_member_role(%L, %L, %L)', tests.id_of('acme'), tests.id_of(c.whom), c.role)), c.refusal, format('%s makes %s %s: %s', c.who, c.whom, coalesce(c.role, 'null'), c.refusal))
  from (values
    ('adam', 'new', 'viewer', 'none'), ('adam', 'new', 'admin', 'none'), ('adam', 'new', 'owner', 'ZG002'),
    ('adam', 'olga', 'viewer', 'ZG002'), ('adam', 'mia', 'approver', 'none'),
    ('petra', 'new', 'viewer', 'ZG002'), ('mia', 'mia', 'owner', 'ZG002'), ('vera', 'sam', 'viewer', 'ZG002'),
    ('sam', 'sam', 'owner', 'ZG001'), ('adam', 'absent', 'viewer', 'ZG001'), ('adam', 'outsider', 'viewer', 'ZG001'), ('adam', 'new', 'king', 'ZG003'), ('adam', 'new', null, 'ZG003'),
    ('olga', 'new', 'owner', 'none')) c (who, whom, role, refusal);
select is((select role from goalpost.members where workspace_id = tests.id_of('acme') and user_id = tests.id_of('new')), 'owner', 'the role that was given last holds');
select is((select count(*) from goalpost.members where user_id = tests.id_of('new')), 1::bigint, 'a person has one row of membership');

select * from finish();
rollback;
