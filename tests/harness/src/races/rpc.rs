//! Calls of racers: the exposed functions that people and functions call.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::session::Call;

/// Lease that does not expire in a race.
pub(super) const LONG_LEASE_SECONDS: i32 = 3600;
/// Lease that expires in a race.
pub(super) const SHORT_LEASE_SECONDS: i32 = 30;

const CLAIM: &str = "select goalpost_worker.claim_steps(
    array(select jsonb_array_elements_text($1::jsonb -> 'kinds')), ($1::jsonb ->> 'limit')::integer,
    ($1::jsonb ->> 'lease_seconds')::integer, coalesce($1::jsonb ->> 'worker', 'races'), null,
    nullif($1::jsonb -> 'holding', 'null'))";
pub(super) const FINISH: &str = "select goalpost_worker.finish_steps(
    $1::jsonb -> 'outcomes', array(select jsonb_array_elements_text($1::jsonb -> 'kinds')),
    ($1::jsonb ->> 'limit')::integer, ($1::jsonb ->> 'lease_seconds')::integer, 'races')";
const HEARTBEAT: &str = "select goalpost_worker.heartbeat_steps($1::jsonb, 30)";
const ACCEPT: &str =
    "select goalpost.accept_request(($1::jsonb ->> 'workspace_id')::uuid, 'a race')";
pub(super) const DECIDE: &str =
    "select goalpost.decide_approval(($1::jsonb ->> 'id')::bigint, $1::jsonb ->> 'decision')";
pub(super) const CANCEL_GOAL: &str = "select goalpost.cancel_goal(($1::jsonb)::bigint)";
pub(super) const CANCEL_REQUEST: &str = "select goalpost.cancel_request(($1::jsonb)::bigint)";
pub(super) const RETRY: &str = "select goalpost.retry_dead_letter(($1::jsonb)::bigint)";
pub(super) const SWEEP_INSIDE: &str = "select goalpost_private.sweep() where $1::jsonb is not null";
pub(super) const SWEEP_OUTSIDE: &str = "select goalpost_worker.sweep() where $1::jsonb is not null";

/// Claim of one step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Lease {
    pub(super) run_id: i64,
    pub(super) step_key: String,
    pub(super) lease_epoch: i64,
}

impl Lease {
    /// Reads the leases of a reply: an array, or the field `claimed`.
    pub(super) fn read(claimed: &Value) -> Vec<Self> {
        let steps = claimed.as_array().into_iter().flatten();
        steps
            .filter_map(|step| Self::deserialize(step).ok())
            .collect()
    }

    /// Returns an outcome that reports completion.
    pub(super) fn completed(&self, result: &Value) -> Value {
        json!({"run_id": self.run_id, "step_key": self.step_key, "lease_epoch": self.lease_epoch,
               "outcome": "completed", "result": result})
    }

    /// Returns an outcome that reports a permanent failure.
    pub(super) fn failed(&self) -> Value {
        json!({"run_id": self.run_id, "step_key": self.step_key, "lease_epoch": self.lease_epoch, "outcome": "failed",
               "error": {"code": "race", "message": "it failed in a race", "retryable": false}})
    }
}

pub(super) fn accept(workspace_id: &str) -> Call {
    Call {
        sql: ACCEPT,
        argument: json!({"workspace_id": workspace_id}),
    }
}

pub(super) fn claim(kinds: &[&str], limit: usize, lease_seconds: i32) -> Call {
    Call {
        sql: CLAIM,
        argument: json!({"kinds": kinds, "limit": limit, "lease_seconds": lease_seconds}),
    }
}

/// Returns a claim of tool steps under the worker's own name; `repeated` if its answer was lost, so that it lists no
/// held step.
pub(super) fn claim_as(worker: usize, limit: usize, repeated: bool) -> Call {
    let holding = if repeated { json!([]) } else { Value::Null };
    Call {
        sql: CLAIM,
        argument: json!({"kinds": ["tool"], "limit": limit, "lease_seconds": SHORT_LEASE_SECONDS,
                         "worker": format!("races {worker}"), "holding": holding}),
    }
}

/// Returns a report of outcomes that claims up to `limit` tool steps.
pub(super) fn finish(outcomes: &[Value], limit: usize, lease_seconds: i32) -> Call {
    Call {
        sql: FINISH,
        argument: json!({"outcomes": outcomes, "kinds": ["tool"], "limit": limit, "lease_seconds": lease_seconds}),
    }
}

pub(super) fn heartbeat(leases: &[Lease]) -> Call {
    Call {
        sql: HEARTBEAT,
        argument: json!(leases),
    }
}

pub(super) fn decide(approval_id: i64, decision: &str) -> Call {
    Call {
        sql: DECIDE,
        argument: json!({"id": approval_id, "decision": decision}),
    }
}

pub(super) fn cancel_goal(goal_id: i64) -> Call {
    Call {
        sql: CANCEL_GOAL,
        argument: json!(goal_id),
    }
}

pub(super) fn cancel_request(request_id: i64) -> Call {
    Call {
        sql: CANCEL_REQUEST,
        argument: json!(request_id),
    }
}

pub(super) fn retry_dead_letter(dead_letter_id: i64) -> Call {
    Call {
        sql: RETRY,
        argument: json!(dead_letter_id),
    }
}

/// Returns the sweep as pg_cron runs it.
pub(super) fn sweep_inside() -> Call {
    Call {
        sql: SWEEP_INSIDE,
        argument: json!({}),
    }
}

/// Returns the sweep as a function calls it.
pub(super) fn sweep_outside() -> Call {
    Call {
        sql: SWEEP_OUTSIDE,
        argument: json!({}),
    }
}
