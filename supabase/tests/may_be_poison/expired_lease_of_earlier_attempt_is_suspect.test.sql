-- A step may have ended its worker if the lease of an attempt before this one expired.
begin;
select plan(4);

select is(goalpost_private.may_be_poison(2, '{"code": "lease_expired"}'), true, 'a second attempt after an expired lease is suspected');
select is(goalpost_private.may_be_poison(1, '{"code": "lease_expired"}'), false, 'a step on its first attempt is not suspected');
select is(goalpost_private.may_be_poison(2, '{"code": "busy"}'), false, 'a step whose failure was reported is not suspected');
select is(goalpost_private.may_be_poison(2, null), false, 'a step on a later attempt without an error is not suspected');

select * from finish();
rollback;
