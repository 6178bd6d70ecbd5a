-- Many failed steps are retried at once: by code and time, the oldest first, and one that is refused stops no other.
begin;
select plan(15);
select tests.world();
create function pg_temp.failed(p_code text) returns bigint language plpgsql as $$
declare
  v_run_id constant bigint := tests.planned('a');
begin
  perform tests.start(v_run_id, 'a');
  perform tests.fail(v_run_id, 'a', jsonb_build_object('code', p_code, 'message', 'it broke', 'retryable', false));
  perform tests.report_failure(v_run_id);
  return v_run_id;
end
$$;
create function pg_temp.retry(p_more text default '') returns jsonb language sql as $$
  select tests.json_for('mia', format('select goalpost.retry_dead_letters(%L%s)', tests.id_of('acme'), p_more)) $$;
create function pg_temp.keys(p_answer jsonb) returns text language sql as $$
  select string_agg(format('%s=%s', case (r ->> 'run_id')::bigint when tests.get('one') then 'one' when tests.get('two') then 'two' when tests.get('three') then 'three' else 'other' end, r ->> 'code'), ' ' order by n)
    from jsonb_array_elements(p_answer -> 'retried') with ordinality t (r, n) $$;

-- A failure that its run goes on without, and one in a run that goes on.
select tests.set('tolerant', tests.planned('a, b', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('tolerant'), 'a');
select tests.set('one', pg_temp.failed('model_down'));
select tests.advance_clock('1 hour');
select tests.set('two', pg_temp.failed('broken'));
select tests.set('three', pg_temp.failed('model_down'));
select is(pg_temp.keys(pg_temp.retry(', p_dry_run => true')), 'one=model_down two=broken three=model_down', 'a dry run lists what would be retried');
select is(tests.run_state(tests.get('one')), 'failed', 'a dry run changes nothing');
select is(pg_temp.keys(pg_temp.retry(', p_code => ''model_down'', p_dry_run => true')), 'one=model_down three=model_down', 'a code selects');
select is(pg_temp.keys(pg_temp.retry(format(', p_since => %L, p_dry_run => true', goalpost_private.clock()))), 'two=broken three=model_down', 'a time selects');
select is(pg_temp.retry(', p_limit => 1, p_dry_run => true') -> 'left', '2', 'what is beyond the limit is counted');
select is(pg_temp.retry(', p_code => ''none''') - 'left', '{"retried": [], "refused": []}', 'without a match nothing is retried');

-- The requester of the second has left.
select tests.set('gone', (select count(*) from goalpost.requests));
select tests.person('paul');
insert into goalpost.members (workspace_id, user_id, role) values (tests.id_of('acme'), tests.id_of('paul'), 'member');
update goalpost.workflow_runs set user_id = tests.id_of('paul') where id = tests.get('two');
update goalpost.members set role = 'viewer' where user_id = tests.id_of('paul');
select tests.set('answer', pg_temp.retry()::text);
select is(pg_temp.keys(tests.kept('answer')::jsonb), 'one=model_down three=model_down', 'those that can be retried are');
select matches(tests.kept('answer')::jsonb #>> '{refused,0,reason}', 'may not ask in this workspace', 'one that cannot is listed with its reason');
select is(tests.state(tests.get('one'), 'a') || tests.state(tests.get('three'), 'a'), 'readyready', 'the retried steps are ready');
select is(tests.run_state(tests.get('two')), 'failed', 'the refused run stays failed');
select is(pg_temp.keys(pg_temp.retry()), null, 'nothing is retried twice');

select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letters(%L, p_limit => 0)', tests.id_of('acme'))), 'ZG003', 'a limit of nothing is refused');
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letters(%L, p_limit => 501)', tests.id_of('acme'))), 'ZG003', 'a limit above 500 is refused');
select is(tests.refusal_for('vera', format('select goalpost.retry_dead_letters(%L)', tests.id_of('acme'))), 'ZG002', 'a viewer is refused');
select is(tests.refusal_for('sam', format('select goalpost.retry_dead_letters(%L)', tests.id_of('acme'))), 'ZG001', 'a stranger is refused');
select * from finish();
rollback;
