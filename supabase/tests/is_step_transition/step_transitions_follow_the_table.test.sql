-- The whole transition table: a direct update tries every pair of step states. The allowed pairs pass, all others are
-- refused with ZG004 for every role.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.bare_run());
create temp table state (state text);
insert into state values
  ('pending'), ('ready'), ('running'), ('waiting'), ('completed'), ('failed'), ('skipped'), ('cancelled');
create temp table allowed (from_state text, to_state text);
insert into allowed values
  ('pending', 'ready'), ('pending', 'running'), ('pending', 'waiting'), ('pending', 'skipped'), ('pending', 'cancelled'),
  ('ready', 'running'), ('ready', 'cancelled'),
  ('running', 'completed'), ('running', 'failed'), ('running', 'ready'), ('running', 'waiting'), ('running', 'cancelled'),
  ('waiting', 'ready'), ('waiting', 'completed'), ('waiting', 'failed'), ('waiting', 'cancelled'),
  ('failed', 'ready'), ('failed', 'waiting'),
  ('cancelled', 'pending');

select tests.bare_step(tests.get('run'), f.state || '_to_' || t.state, f.state)
  from state f cross join state t;

select is(
         tests.refusal(format(
           'update goalpost.steps
               set state = %L, lease_expires_at = case when %2$L = ''running'' then now() end, result = null,
                   ended_at = case when %2$L in (''completed'', ''failed'', ''skipped'', ''cancelled'') then now() end
             where run_id = %3$s and key = %4$L',
           t.state, t.state, tests.get('run'), f.state || '_to_' || t.state)),
         case when f.state = t.state or a.from_state is not null then 'none' else 'ZG004' end,
         format('the transition %s -> %s', f.state, t.state))
  from state f cross join state t
  left join allowed a on a.from_state = f.state and a.to_state = t.state
 order by f.state, t.state;

-- A judge may judge again; otherwise its transitions are the same.
select tests.bare_step(tests.get('run'), 'judged_' || t.state, 'completed', 'judge') from state t;
select is(
         tests.refusal(format(
           'update goalpost.steps
               set state = %L, lease_expires_at = case when %1$L = ''running'' then now() end, result = null,
                   ended_at = case when %1$L in (''completed'', ''failed'', ''skipped'', ''cancelled'') then now() end
             where run_id = %s and key = %L', t.state, tests.get('run'), 'judged_' || t.state)),
         case when t.state in ('completed', 'pending') then 'none' else 'ZG004' end,
         format('the transition completed -> %s of a judge', t.state))
  from state t order by t.state;

select * from finish();
rollback;
