-- There must be somebody who can let others in.
begin;
select plan(3);
select tests.world();

select is(tests.refusal_for('olga', format('select goalpost.set_member_role(%L, %L, ''member'')', tests.id_of('acme'), tests.id_of('olga'))), 'ZG004', 'the only one');
select tests.value_for('olga', format('select goalpost.set_member_role(%L, %L, ''owner'')', tests.id_of('acme'), tests.id_of('adam')));
select is(tests.refusal_for('olga', format('select goalpost.set_member_role(%L, %L, ''member'')', tests.id_of('acme'), tests.id_of('olga'))), 'none', 'one of two');
select is(tests.refusal_for('adam', format('select goalpost.set_member_role(%L, %L, ''member'')', tests.id_of('acme'), tests.id_of('adam'))), 'ZG004', 'the only one again');

select * from finish();
rollback;
