//! Mapping of recorded ids to present ones: learned from replies, applied to later calls.

use std::collections::BTreeMap;

use anyhow::{bail, ensure};
use serde_json::{Value, json};

/// Names of fields with ids; arguments have the prefix `p_`.
const KINDS: &[&str] = &[
    "run_id",
    "goal_id",
    "request_id",
    "approval_id",
    "dead_letter_id",
    "notification_id",
    "workspace_id",
];
/// Tables whose `id` is of that kind.
const TABLES: &[(&str, &str)] = &[
    ("requests", "request_id"),
    ("goals", "goal_id"),
    ("approvals", "approval_id"),
    ("dead_letters", "dead_letter_id"),
];

/// Returns the kind of id of a field in a call of this path; none for any other field.
#[must_use]
pub fn kind(path: &str, field: &str) -> Option<&'static str> {
    let field = field.strip_prefix("p_").unwrap_or(field);
    if let Some(kind) = KINDS.iter().find(|kind| **kind == field) {
        return Some(kind);
    }
    let table = path.split('?').next().unwrap_or_default();
    let of_table = TABLES
        .iter()
        .find(|(name, _)| *name == table && field == "id");
    of_table.map(|(_, kind)| *kind)
}

/// Mapping learned so far.
#[derive(Debug, Default)]
pub struct Ids {
    known: BTreeMap<(String, String), Value>,
}

impl Ids {
    /// Learns the present id of a recorded one.
    ///
    /// # Errors
    /// The recorded id already has another present one.
    pub fn learn(&mut self, kind: &str, recorded: &Value, present: &Value) -> anyhow::Result<()> {
        ensure!(!present.is_null(), "the {kind} is null");
        let key = (kind.to_owned(), recorded.to_string());
        match self.known.get(&key) {
            Some(before) if before != present => {
                bail!("the {kind} {recorded} was {before} before and is {present} now")
            }
            _ => {
                self.known.insert(key, present.clone());
                Ok(())
            }
        }
    }

    /// Learns the present epoch of a recorded claim.
    ///
    /// # Errors
    /// The recorded claim has an epoch, and this one has none.
    pub fn learn_lease(&mut self, recorded: &Value, present: &Value) -> anyhow::Result<()> {
        let Some(lease) = lease(recorded, "") else {
            return Ok(());
        };
        let epoch = present.get("lease_epoch").unwrap_or(&Value::Null);
        self.learn(&lease, &json!(null), epoch)
    }

    /// Translates arguments to present ids.
    ///
    /// # Errors
    /// An id appears in no earlier reply.
    pub fn translate(&self, path: &str, arguments: &Value) -> anyhow::Result<Value> {
        match arguments {
            Value::Object(fields) => {
                let lease = lease(arguments, "").or_else(|| lease(arguments, "p_"));
                let mut now = serde_json::Map::new();
                for (name, value) in fields {
                    let value = match (lease.as_deref(), kind(path, name)) {
                        (Some(lease), _) if name.ends_with("lease_epoch") => {
                            self.epoch(lease, value)
                        }
                        (_, Some(kind)) if !value.is_null() => self.known(kind, value)?,
                        // Data of a step is not searched for ids.
                        _ if name == "result" => value.clone(),
                        _ => self.translate(path, value)?,
                    };
                    now.insert(name.clone(), value);
                }
                Ok(Value::Object(now))
            }
            Value::Array(items) => items
                .iter()
                .map(|item| self.translate(path, item))
                .collect(),
            other => Ok(other.clone()),
        }
    }

    /// Translates a query to present ids: `requests?id=eq.3`.
    ///
    /// # Errors
    /// An id appears in no earlier reply.
    pub fn translate_query(&self, path: &str) -> anyhow::Result<String> {
        let Some((table, query)) = path.split_once('?') else {
            return Ok(path.to_owned());
        };
        let mut terms = Vec::new();
        for term in query.split('&') {
            let filter = term.split_once("=eq.");
            let found = filter.and_then(|(name, value)| Some((name, value, kind(path, name)?)));
            terms.push(match found {
                Some((name, value, kind)) => {
                    let recorded = value
                        .parse::<i64>()
                        .map_or_else(|_| json!(value), |id| json!(id));
                    let now = self.known(kind, &recorded)?;
                    format!(
                        "{name}=eq.{}",
                        now.as_str().map_or_else(|| now.to_string(), str::to_owned)
                    )
                }
                None => term.to_owned(),
            });
        }
        Ok(format!("{table}?{}", terms.join("&")))
    }

    fn known(&self, kind: &str, recorded: &Value) -> anyhow::Result<Value> {
        match self.known.get(&(kind.to_owned(), recorded.to_string())) {
            Some(present) => Ok(present.clone()),
            // The seed's own workspaces are the same in every database.
            None if kind == "workspace_id" => Ok(recorded.clone()),
            None => bail!("no reply contained the {kind} that the recorded {recorded} stands for"),
        }
    }

    /// Translates an epoch. An epoch that was never handed out stays the same, and is wrong.
    fn epoch(&self, lease: &str, recorded: &Value) -> Value {
        let known = self.known.get(&(lease.to_owned(), "null".to_owned()));
        known.cloned().unwrap_or_else(|| recorded.clone())
    }
}

/// Returns the identity of a claim, if this is one.
fn lease(value: &Value, prefix: &str) -> Option<String> {
    let field = |name: &str| value.get(format!("{prefix}{name}"));
    let (run_id, key) = (field("run_id")?, field("step_key")?);
    let epoch = field("lease_epoch")?;
    Some(format!("lease {run_id} {key} {epoch}"))
}
