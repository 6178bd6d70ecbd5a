-- A caller without an account, a member without the role and a stranger are refused for three different reasons.
begin;
select plan(5);
select tests.world();

create function pg_temp.refusal(p_person text) returns text language plpgsql as $$
begin
  perform tests.speak_as(p_person);
  perform goalpost_private.require_role(tests.id_of('acme'), 'admin');
  return 'none';
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
select is(pg_temp.refusal('adam'), 'none', 'a member with the role is not refused');
select is(pg_temp.refusal('olga'), 'none', 'a member with a higher role is not refused');
select is(pg_temp.refusal('mia'), 'ZG002 this needs the role admin; yours is member', 'the refusal of a member names the required role');
select is(pg_temp.refusal('sam'), 'ZG001 there is no such thing, or it is not yours to see', 'a stranger gets the refusal of an invisible workspace');
select is(pg_temp.refusal(null), 'ZG002 sign in first', 'a caller who is not signed in gets the request to sign in');

select * from finish();
rollback;
