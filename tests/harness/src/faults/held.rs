//! Steps that each sandbox holds, derived from the replies it received and the outcomes it reported.
//!
//! Faults use this to spare a step's last attempt. It errs on the safe side: a step whose end was not seen counts as
//! held until its sandbox is gone.

use std::collections::HashMap;

use serde_json::Value;

type Step = (i64, String);

/// Attempts held by sandboxes.
#[derive(Debug, Default)]
pub(crate) struct Held {
    by_sandbox: HashMap<String, HashMap<Step, bool>>,
}

impl Held {
    /// Records the steps that a claim returned, a JSON array.
    pub(super) fn claimed(&mut self, sandbox: &str, steps: &Value) {
        for step in steps.as_array().into_iter().flatten() {
            let Some(name) = name(step) else { continue };
            let held = self.by_sandbox.entry(sandbox.to_owned()).or_default();
            held.insert(name, is_last(step));
        }
    }

    /// Records the reply to a report: verdicts, and the next steps.
    pub(super) fn finished(&mut self, sandbox: &str, reply: &Value) {
        if let Some(held) = self.by_sandbox.get_mut(sandbox) {
            for outcome in items(reply, "outcomes") {
                // A refused outcome leaves the step with the sandbox.
                if let Some(name) = name(outcome)
                    && outcome.get("verdict").and_then(Value::as_str) != Some("refused")
                {
                    held.remove(&name);
                }
            }
        }
        if let Some(claimed) = reply.get("claimed") {
            self.claimed(sandbox, claimed);
        }
    }

    /// Records the reply to a heartbeat.
    pub(super) fn renewed(&mut self, sandbox: &str, reply: &Value) {
        let Some(held) = self.by_sandbox.get_mut(sandbox) else {
            return;
        };
        for lease in reply.as_array().into_iter().flatten() {
            if let Some(name) = name(lease)
                && lease.get("held") == Some(&Value::Bool(false))
            {
                held.remove(&name);
            }
        }
    }

    /// Removes a sandbox that is gone.
    pub(super) fn forget(&mut self, sandbox: &str) {
        self.by_sandbox.remove(sandbox);
    }

    pub(super) fn has_last_attempt(&self, sandbox: &str) -> bool {
        let held = self.by_sandbox.get(sandbox);
        held.is_some_and(|held| held.values().any(|is_last| *is_last))
    }

    pub(super) fn holder_of(&self, step_key: &str) -> Option<String> {
        let holds = |held: &HashMap<Step, bool>| held.keys().any(|(_, key)| key == step_key);
        let found = self.by_sandbox.iter().find(|(_, held)| holds(held));
        found.map(|(sandbox, _)| sandbox.clone())
    }
}

/// Returns true if any step of a JSON array is on its last attempt.
pub(super) fn any_is_last(steps: &Value) -> bool {
    steps.as_array().into_iter().flatten().any(is_last)
}

pub(super) fn items<'a>(reply: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    reply
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn is_last(step: &Value) -> bool {
    let number = |name: &str| step.get(name).and_then(Value::as_i64);
    number("attempt") >= number("max_attempts")
}

fn name(step: &Value) -> Option<Step> {
    let run_id = step.get("run_id")?.as_i64()?;
    Some((run_id, step.get("step_key")?.as_str()?.to_owned()))
}
