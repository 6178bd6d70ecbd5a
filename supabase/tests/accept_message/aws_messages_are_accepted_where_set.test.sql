-- A message of the AWS queue is accepted only where a project admin has set it, once by its id.
begin;
select * from no_plan();
select tests.world(false);
create function pg_temp.accept(p_id text, p_more jsonb default '{}') returns text language plpgsql as $$
begin
  return goalpost_worker.accept_message(p_id, jsonb_build_object('workspace_id', tests.id_of('acme'), 'user_id', tests.id_of('mia'), 'question', 'What is new?') || p_more) ->> 'outcome';
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
select matches(pg_temp.accept('m1'), '^ZG002 requests of the AWS queue are not accepted', 'by default it is refused');
insert into goalpost.project_admins values (tests.id_of('olga'));
select is(tests.json_for('olga', 'select goalpost.set_project_limits(''{"aws_requests": true}'')') -> 'aws_requests', 'true', 'a project admin sets it');
select is(pg_temp.accept('m1'), 'asked', 'then it is accepted');
select is(pg_temp.accept('m1'), 'repeated', 'once');
select is(pg_temp.accept('m2'), 'asked', 'another message is another request');
select is((select format('%s %s', count(*), bool_and(user_id = tests.id_of('mia'))) from goalpost.requests), '2 t', 'of the person that it names');
select is((select count(*) from goalpost.wakes where function = 'intake') > 0, true, 'and intake is woken');
select is(pg_temp.accept('m3', jsonb_build_object('user_id', tests.id_of('sam'))), 'refused', 'a person who is no member is refused');
select is((select reason from goalpost.request_messages where message_id = 'm3'), 'its person is no member of its workspace who may ask', 'with the reason in a row');
select is(pg_temp.accept('m3'), 'asked', 'a message that was refused may be delivered again, mended');
select is((select count(*) from goalpost.request_messages where message_id = 'm3'), 1::bigint, 'and has one row');
select matches(pg_temp.accept(i), '^ZG003', 'an id is required') from unnest(array[null, '', repeat('x', 201)]) i;
update goalpost.workspaces set max_open_requests = 1 where id = tests.id_of('acme');
select matches(pg_temp.accept('m4'), '^ZG006', 'over the cap on open requests the queue keeps the message');
select is((select count(*) from goalpost.request_messages where message_id = 'm4'), 0::bigint, 'without a row');
select is(goalpost_worker.accept_message('m5', null) ->> 'outcome', 'refused', 'no message is no request');
select is(goalpost_worker.accept_message('m6', '"text"') ->> 'outcome', 'refused', 'nor is a text');
select * from finish();
rollback;
