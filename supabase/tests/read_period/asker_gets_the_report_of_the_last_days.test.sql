-- A step that is a call of period_report reads the report of its workspace's last days, as the asker of its request.
begin;
select plan(11);
select tests.world();
select tests.set('run', tests.planned('reads, adds', '{"reads": {"input": {"tool": "period_report", "arguments": {}}}, "adds": {"input": {"tool": "calculate", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'reads');
select tests.start(tests.get('run'), 'adds');
update goalpost.requests set created_at = created_at - interval '1 hour' where workspace_id = tests.id_of('acme');

-- Undone, since the call's transaction ends there: it is read-only after the report.
create function pg_temp.read(p_days integer default 7, p_key text default 'reads', p_lease_epoch bigint default null) returns jsonb language plpgsql as $$
declare
  v_read jsonb;
begin
  begin
    v_read := goalpost_worker.read_period(
      tests.get('run'), p_key, coalesce(p_lease_epoch, (tests.step(tests.get('run'), p_key)).lease_epoch), p_days);
    raise exception using errcode = 'TT001';
  exception
    when sqlstate 'TT001' then return v_read;
  end;
end
$$;
create function pg_temp.refused(p_call text) returns text language sql as $$ select tests.refusal('select pg_temp.read(' || p_call || ')') $$;

select is(pg_temp.read() ->> 'workspace', (select name from goalpost.workspaces where id = tests.id_of('acme')), 'the report is that of the step''s workspace');
select is((pg_temp.read() ->> 'until')::timestamptz, goalpost_private.clock(), 'the period ends now');
select is((pg_temp.read(30) ->> 'since')::timestamptz, goalpost_private.clock() - interval '30 days', 'the period begins the given days before');
select is(
  jsonb_path_query_array(pg_temp.read(), '$.work.requests[*].requests'),
  (select jsonb_agg(c.n order by c.state) from (
     select q.state, count(*) as n from goalpost.requests q where q.workspace_id = tests.id_of('acme') group by q.state) c),
  'requests of the workspace are counted');
select is(pg_temp.refused('0'), 'ZG003', 'a period of no day is refused');
select is(pg_temp.refused('367'), 'ZG003', 'a period of more than a year is refused');
select is(pg_temp.refused('null'), 'ZG003', 'a period without a number is refused');
select is(pg_temp.refused($$7, 'adds'$$), 'ZG003', 'a step that calls another tool reads no report');
select is(pg_temp.refused($$7, 'reads', 0$$), 'ZG009', 'a step of an earlier claim reads no report');
update auth.users set banned_until = 'infinity' where id = tests.id_of('mia');
select is(pg_temp.read() ->> 'refused', 'ZG002', 'an asker whose account is banned reads no report');
update auth.users set banned_until = null where id = tests.id_of('mia');
insert into goalpost_private.request_claims (request_id, workspace_id, claims, taken_at)
select r.request_id, r.workspace_id, jsonb_build_object('sub', r.user_id), goalpost_private.clock() - interval '25 hours'
  from goalpost.workflow_runs r where r.id = tests.get('run')
on conflict (workspace_id, request_id) do update set taken_at = excluded.taken_at;
select is(pg_temp.read() ->> 'waits_for', 'renewal', 'claims past their lifetime wait for the requester');
select * from finish();
rollback;
