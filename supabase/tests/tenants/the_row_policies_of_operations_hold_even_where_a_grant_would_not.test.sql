-- Private tables are granted to nobody; would somebody grant them, their policies would still show them to operators
-- alone. And signing in means a person, not only a role.
begin;
select plan(5);
select tests.world();

grant select on goalpost_private.limits, goalpost_private.endpoints to authenticated;
select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 10, 8);
insert into goalpost.project_admins values (tests.id_of('olga'));
select is(tests.value_for('olga', 'select count(*) from goalpost_private.limits'), '1', 'an operator sees the limits');
select is(tests.value_for('mia', 'select count(*) from goalpost_private.limits'), '0', 'others do not');
select is(tests.value_for('olga', 'select count(*) from goalpost_private.endpoints'), '1', 'an operator sees the endpoints');
select is(tests.value_for('mia', 'select count(*) from goalpost_private.endpoints'), '0', 'others do not see them');
do $$
begin
  perform set_config('role', 'authenticated', true);
  perform tests.keep('tools', (select count(*) from goalpost.tools));
  perform set_config('role', 'none', true);
end
$$;
select is(tests.the('tools'), 0::bigint, 'without a person there are no tools to see');

select * from finish();
rollback;
