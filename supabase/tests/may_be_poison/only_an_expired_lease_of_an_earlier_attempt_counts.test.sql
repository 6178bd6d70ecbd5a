-- A worker may have died of a step if the lease of an attempt before this one ran out.
begin;
select plan(4);

select is(goalpost_private.may_be_poison(2, '{"code": "lease_expired"}'), true, 'a step whose first attempt lost its lease may be what its worker died of');
select is(goalpost_private.may_be_poison(1, '{"code": "lease_expired"}'), false, 'a step on its first attempt has had no worker that could have died of it');
select is(goalpost_private.may_be_poison(2, '{"code": "busy"}'), false, 'a step whose worker reported a failure did not end its worker');
select is(goalpost_private.may_be_poison(2, null), false, 'a step on a later attempt without an error is not suspected');

select * from finish();
rollback;
