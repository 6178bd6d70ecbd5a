-- ZG003 for none and for too much; the constraint's word for a key or a context out of bounds.
begin;
select plan(6);
select tests.world();

select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''  '')', tests.id_of('acme'))), 'ZG003', 'none');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, null)', tests.id_of('acme'))), 'ZG003', 'null');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, repeat(''x'', 16001))', tests.id_of('acme'))), 'ZG003', 'too long');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, repeat(''x'', 16000))', tests.id_of('acme'))), 'none', 'just short enough');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''q'', repeat(''x'', 256))', tests.id_of('acme'))), '23514', 'a key too long');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''q'', null, ''[]'')', tests.id_of('acme'))), 'ZG003', 'a context that is no object');

select * from finish();
rollback;
