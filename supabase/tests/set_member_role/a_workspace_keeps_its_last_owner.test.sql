-- A workspace without an owner could not admit members.
begin;
select plan(3);
select tests.world();

select is(tests.refusal_for('olga', format('select goalpost.set_member_role(%L, %L, ''member'')', tests.id_of('acme'), tests.id_of('olga'))), 'ZG004', 'the only owner may not become a member');
select tests.value_for('olga', format('select goalpost.set_member_role(%L, %L, ''owner'')', tests.id_of('acme'), tests.id_of('adam')));
select is(tests.refusal_for('olga', format('select goalpost.set_member_role(%L, %L, ''member'')', tests.id_of('acme'), tests.id_of('olga'))), 'none', 'one of two owners may become a member');
select is(tests.refusal_for('adam', format('select goalpost.set_member_role(%L, %L, ''member'')', tests.id_of('acme'), tests.id_of('adam'))), 'ZG004', 'the owner who is left may not become a member');

select * from finish();
rollback;
