//! Invariants that hold for the rows under any faults, checked by tests and the chaos run from the database alone.
//!
//! They apply when a run is over and at rest: every request has ended or waits for a person. While work is under way, a
//! running step is no violation but would be reported as one.

use std::fmt;

use anyhow::Context;
use serde::Serialize;
use tokio_postgres::Client;

/// Violation of an invariant, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Name of the rule.
    pub rule: &'static str,
    /// Place and description of the violation.
    pub sentence: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.sentence)
    }
}

/// Rule, and the query that finds violations: one sentence per row.
struct Rule {
    name: &'static str,
    query: &'static str,
}

/// Checks all rules. An empty result means that all of them hold.
///
/// # Errors
/// The database does not answer, or this session may not read the tables (the owner may).
pub async fn check(client: &Client) -> anyhow::Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for rule in RULES {
        // The number per rule is limited: a thousand sentences add no information.
        let query = format!(
            "select q.sentence from ({}) q (sentence) limit 20",
            rule.query
        );
        let rows = client.query(&query, &[]).await;
        for row in rows.with_context(|| format!("asking the rule {:?}", rule.name))? {
            violations.push(Violation {
                rule: rule.name,
                sentence: row.get(0),
            });
        }
    }
    Ok(violations)
}

const RULES: &[Rule] = &[
    Rule {
        name: "every request has ended or waits for a person",
        query: "
            select format('request %s is %s; open are: %s', q.id, q.state, coalesce((
                     select string_agg(format(
                              '%s of run %s (%s, attempt %s of %s, epoch %s, lease until %s, run after %s, %s to wait for)',
                              s.key, s.run_id, s.state, s.attempt, s.max_attempts, s.lease_epoch, s.lease_expires_at,
                              s.run_after, s.remaining_dependencies), '; ' order by s.run_id, s.key)
                       from goalpost.workflow_runs r join goalpost.steps s on s.run_id = r.id
                      where r.workspace_id = q.workspace_id and r.request_id = q.id
                        and s.state in ('pending', 'ready', 'running', 'waiting')), 'no steps'))
              from goalpost.requests q
             where q.state in ('submitted', 'accepted')
               and not exists (
                 select from goalpost.approvals a join goalpost.workflow_runs r on r.id = a.run_id
                  where a.state = 'pending' and r.workspace_id = q.workspace_id and r.request_id = q.id)",
    },
    Rule {
        name: "a request, its goals and its runs end together",
        query: "
            select format('run %s is %s and its goal %s is %s', r.id, r.state, g.id, g.state)
              from goalpost.workflow_runs r join goalpost.goals g on g.id = r.goal_id
             where (case r.state when 'running' then 'active' else r.state end) <> g.state
            union all
            select format('run %s runs and its request %s is %s', r.id, q.id, q.state)
              from goalpost.workflow_runs r join goalpost.requests q on q.id = r.request_id
             where r.state = 'running' and q.state <> 'accepted'
            union all
            select format('run %s is %s and its step %s is %s', r.id, r.state, s.key, s.state)
              from goalpost.workflow_runs r join goalpost.steps s on s.run_id = r.id
             where r.state <> 'running' and s.state in ('pending', 'ready', 'running', 'waiting')
            union all
            select format('run %s is %s and an agent is still deployed in it', r.id, r.state)
              from goalpost.workflow_runs r join goalpost.agent_instances i on i.run_id = r.id
             where r.state <> 'running' and i.state = 'open'
            union all
            select format('run %s is %s and its approval %s is pending', r.id, r.state, a.id)
              from goalpost.workflow_runs r join goalpost.approvals a on a.run_id = r.id
             where r.state <> 'running' and a.state = 'pending'",
    },
    Rule {
        name: "one accepted outcome per step",
        // Approvals and sub-goals have no worker: they end without an attempt.
        query: "
            select format('step %s of run %s is %s and has %s accepted attempts', s.key, s.run_id, s.state, count(a.attempt))
              from goalpost.steps s
              left join goalpost.step_attempts a
                on a.run_id = s.run_id and a.step_key = s.key and a.outcome = 'completed'
             group by s.run_id, s.key
            having count(a.attempt) <> case when s.state = 'completed' and s.kind not in ('approval', 'subgoal') then 1 else 0 end
            union all
            select format('step %s of run %s has %s events of its completion', e.step_key, e.run_id, count(*))
              from goalpost.events e
             where e.type = 'step.completed'
             group by e.run_id, e.step_key
            having count(*) > 1",
    },
    Rule {
        name: "attempts are counted from 1, without a gap, within the limit",
        // For a step that a worker ended, each attempt has a row; the last attempt of an open or cancelled step has
        // none.
        query: "
            select format('step %s of run %s is on attempt %s of %s', s.key, s.run_id, s.attempt, s.max_attempts)
              from goalpost.steps s where s.attempt > s.max_attempts
            union all
            select format('step %s of run %s is %s on attempt %s and has attempts %s', s.key, s.run_id, s.state, s.attempt,
                          array_agg(a.attempt order by a.attempt))
              from goalpost.steps s
              join goalpost.step_attempts a on a.run_id = s.run_id and a.step_key = s.key
             group by s.run_id, s.key
            having count(*) <> max(a.attempt) or min(a.attempt) <> 1 or max(a.attempt) > s.attempt
                or (s.state = 'completed' and max(a.attempt) <> s.attempt)",
    },
    Rule {
        name: "a tree's history is dense from 1",
        query: "
            select format('the history of run %s has %s events, numbered %s to %s', e.root_run_id, count(*),
                          min(e.sequence), max(e.sequence))
              from goalpost.events e
             group by e.root_run_id
            having min(e.sequence) <> 1 or max(e.sequence) <> count(*)",
    },
    Rule {
        name: "history folds to the present state of steps",
        // The last final event of a step; a run that is reopened revokes it.
        query: "
            with last as (
              select distinct on (e.run_id, e.step_key) e.run_id, e.step_key, e.type
                from goalpost.events e
               where e.type in ('step.completed', 'step.failed', 'step.skipped', 'step.retried', 'run.reopened')
               order by e.run_id, e.step_key, e.sequence desc)
            select format('step %s of run %s is %s, and its history ends with %s', s.key, s.run_id, s.state, coalesce(l.type, 'nothing'))
              from goalpost.steps s
              left join last l on l.run_id = s.run_id and l.step_key = s.key
             where case l.type
                     when 'step.completed' then s.state <> 'completed'
                     when 'step.failed' then s.state <> 'failed'
                     when 'step.skipped' then s.state <> 'skipped'
                     else s.state in ('completed', 'failed', 'skipped')
                   end",
    },
    Rule {
        name: "history folds to the present state of runs",
        query: "
            with last as (
              select distinct on (e.run_id) e.run_id, e.type
                from goalpost.events e where e.type like 'run.%'
               order by e.run_id, e.sequence desc)
            select format('run %s is %s, and its history ends with %s', r.id, r.state, coalesce(l.type, 'nothing'))
              from goalpost.workflow_runs r
              left join last l on l.run_id = r.id
             where r.state <> case when l.type is null or l.type in ('run.reopened', 'run.started') then 'running'
                                   else replace(l.type, 'run.', '') end",
    },
    Rule {
        name: "no step is held beyond its lease",
        query: "
            select format('step %s of run %s is running, its lease ended at %s, and no sweep reclaimed it', s.key, s.run_id,
                          s.lease_expires_at)
              from goalpost.steps s
             where s.state = 'running' and s.lease_expires_at < goalpost_private.clock()",
    },
    Rule {
        name: "what failed has a dead letter",
        query: "
            select format('step %s of run %s failed and left no dead letter', s.key, s.run_id)
              from goalpost.steps s
             where s.state = 'failed' and s.kind not in ('approval', 'subgoal')
               and not exists (
                 select from goalpost.dead_letters d
                  where d.run_id = s.run_id and d.step_key = s.key and d.attempt = s.attempt)
               -- It led to another plan, or its request to a goal.
               and not exists (
                 select from goalpost.steps p
                  where p.run_id = s.run_id and p.kind = 'plan' and p.revision = s.revision and p.input ? 'reason')
               and not exists (
                 select from goalpost.workflow_runs r
                  where r.id = s.run_id and r.goal_id is null and r.state = 'completed')",
    },
    Rule {
        name: "usage is booked once, and counts only for what was the step's own claim",
        query: "
            select format('usage of step %s of run %s is booked under epoch %s, which it never had', u.step_key, u.run_id, u.lease_epoch)
              from goalpost.usage_events u
              join goalpost.steps s on s.run_id = u.run_id and s.key = u.step_key
             where u.lease_epoch > s.lease_epoch or u.lease_epoch < 1",
    },
    Rule {
        name: "spent is the sum of usage, and reserved that of turns under way",
        query: "select problem from goalpost_private.unbalanced_budgets()",
    },
    Rule {
        name: "every turn that ended is booked once, and no two calls have one key",
        query: "
            select format('turn %s of step %s of run %s is %s and has %s bookings', t.number, t.step_key, t.run_id, t.state, count(u.number))
              from goalpost.step_turns t
              left join goalpost.usage_events u on u.run_id = t.run_id and u.step_key = t.step_key
                                               and u.lease_epoch = t.lease_epoch and u.number = t.number
             where t.state <> 'asked'
             group by t.run_id, t.step_key, t.number
            having count(u.number) <> 1
            union all
            select format('%s calls have the key %s', count(*), c.idempotency_key)
              from goalpost.tool_calls c group by c.idempotency_key having count(*) > 1",
    },
    Rule {
        name: "a step that completed has no call that is still to be made or decided on",
        query: "
            select format('call %s of step %s of run %s is %s', c.number, c.step_key, c.run_id, c.state)
              from goalpost.tool_calls c
              join goalpost.steps s on s.run_id = c.run_id and s.key = c.step_key
             where s.state = 'completed' and c.state not in ('done', 'failed', 'denied')",
    },
    Rule {
        name: "caps hold",
        query: "
            select format('run %s has %s plan revisions', p.run_id, count(*) - 1)
              from goalpost.plan_revisions p, goalpost_private.limits l
             group by p.run_id, l.max_revisions
            having count(*) - 1 > l.max_revisions
            union all
            select format('request %s has %s goals', g.request_id, count(*))
              from goalpost.goals g, goalpost_private.limits l
             group by g.request_id, l.max_goals_per_request
            having count(*) > l.max_goals_per_request
            union all
            select format('goal %s is %s deep', g.id, g.depth)
              from goalpost.goals g, goalpost_private.limits l
             where g.depth > l.max_goal_depth",
    },
];
