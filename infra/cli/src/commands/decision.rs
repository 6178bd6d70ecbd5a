//! Builds the call of `goalpost approve` from the arguments and the approval.
//!
//! An edit begins with the present subject from the inbox, so that `--set` changes one field and keeps the rest.

use std::io::Read;

use anyhow::Context;
use serde_json::{Value, json};

use super::{Usage, arguments};
use client::Inbox;

/// Builds the call of `decide_approval`. Without an `approval` of that number in the caller's inbox, the database
/// reports its state.
pub(super) fn call(
    arguments: &arguments::Decision,
    approval: Option<&Inbox>,
) -> anyhow::Result<Value> {
    let kind = approval.map_or("", |approval| approval.kind.as_str());
    let (decision, answer) = match (kind, arguments) {
        ("question", arguments) => match &arguments.answer {
            Some(answer) => ("answered", Some(value_of(answer))),
            None => {
                return Err(Usage(
                    "It is a question: give --answer, with JSON or plain text.".to_owned(),
                )
                .into());
            }
        },
        ("outcome_unknown", arguments) => match (&arguments.happened, arguments.not_happened) {
            (Some(result), false) => ("happened", result.as_deref().map(value_of)),
            (None, true) => ("not_happened", None),
            _ => {
                return Err(Usage(
                    "The outcome of the call is unknown: give --happened (with its result, if you have it) or \
                     --not-happened, or reject it to give it up."
                        .to_owned(),
                )
                .into());
            }
        },
        _ => ("approved", arguments.answer.as_deref().map(value_of)),
    };
    Ok(json!({
        "p_approval_id": arguments.id, "p_decision": decision, "p_comment": arguments.comment,
        "p_edited": edited(arguments, approval)?, "p_answer": answer, "p_subject_hash": version(arguments, approval)?,
    }))
}

/// Returns the edited subject; none if it is unchanged.
fn edited(
    arguments: &arguments::Decision,
    approval: Option<&Inbox>,
) -> anyhow::Result<Option<Value>> {
    let mut edited = match &arguments.edit {
        Some(path) => Some(read(path)?),
        None => None,
    };
    for change in &arguments.set {
        let Some((key, value)) = change.split_once('=') else {
            return Err(Usage(format!("--set {change}: write key=value.")).into());
        };
        let current = edited
            .take()
            .or_else(|| approval.and_then(|approval| approval.subject.clone()));
        let mut current = current.unwrap_or_else(|| json!({}));
        put(&mut current, key, value_of(value))?;
        edited = Some(current);
    }
    Ok(edited)
}

/// Sets a field, which may be named by its path: `body.text`, `rows.0.quantity`.
fn put(subject: &mut Value, path: &str, value: Value) -> anyhow::Result<()> {
    let no_such_path = || {
        Usage(format!(
            "--set {path}: the path does not exist; use --edit to change the form."
        ))
    };
    // A field whose own name contains dots precedes a path.
    if let Some(fields) = subject.as_object_mut()
        && (fields.contains_key(path) || !path.contains('.'))
    {
        fields.insert(path.to_owned(), value);
        return Ok(());
    }
    let (above, last) = path.rsplit_once('.').ok_or_else(no_such_path)?;
    let pointer = format!(
        "/{}",
        above
            .replace('~', "~0")
            .replace('/', "~1")
            .replace('.', "/")
    );
    match subject.pointer_mut(&pointer).ok_or_else(no_such_path)? {
        Value::Object(fields) => {
            fields.insert(last.to_owned(), value);
        }
        Value::Array(items) => {
            let item = last.parse::<usize>().ok().and_then(|at| items.get_mut(at));
            *item.ok_or_else(no_such_path)? = value;
        }
        _ => return Err(no_such_path().into()),
    }
    Ok(())
}

/// Parses JSON; any other text is a JSON string.
fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn read(path: &str) -> anyhow::Result<Value> {
    let text = match path {
        "-" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("reading the standard input")?;
            text
        }
        path => std::fs::read_to_string(path).with_context(|| format!("reading {path}"))?,
    };
    serde_json::from_str(&text).with_context(|| format!("{path} holds no JSON"))
}

/// Returns the full hash of the version, if its beginning was given and it is the present one.
fn version(
    arguments: &arguments::Decision,
    approval: Option<&Inbox>,
) -> anyhow::Result<Option<String>> {
    let Some(named) = &arguments.version else {
        return Ok(None);
    };
    let present = approval.and_then(|approval| approval.subject_hash.clone());
    match present {
        Some(present) if !named.is_empty() && present.starts_with(named.as_str()) => {
            Ok(Some(present))
        }
        _ => Ok(Some(named.clone())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may fail loudly"
    )]

    use super::*;

    fn typed() -> arguments::Decision {
        arguments::Decision {
            id: 4,
            comment: None,
            edit: None,
            set: Vec::new(),
            answer: None,
            happened: None,
            not_happened: false,
            version: None,
        }
    }

    fn asked(kind: &str) -> Inbox {
        serde_json::from_value(json!({
            "approval_id": 4, "goal_id": null, "goal_title": null, "question": "May it?", "required_role": "approver",
            "requested_at": "2030-01-01T12:00:00Z", "expires_at": "2030-01-08T12:00:00Z", "kind": kind,
            "subject": {"to": "a", "text": "b"}, "subject_hash": "abcdef", "quorum": 1, "votes": 0,
        }))
        .unwrap()
    }

    #[test]
    fn path_sets_an_inner_field() {
        let subject = json!({"body": {"text": "a", "rows": [{"n": 1}]}, "a.b": 1});
        let set = |change: &str| {
            let mut subject = subject.clone();
            let (path, value) = change.split_once('=').unwrap();
            put(&mut subject, path, value_of(value))
                .map(|()| subject)
                .map_err(|error| error.to_string())
        };
        assert_eq!(set("body.text=b").unwrap()["body"]["text"], "b");
        assert_eq!(set("body.rows.0.n=2").unwrap()["body"]["rows"][0]["n"], 2);
        assert_eq!(set("body.rows.0=3").unwrap()["body"]["rows"][0], 3);
        assert_eq!(set("a.b=2").unwrap()["a.b"], 2);
        assert_eq!(set("new=2").unwrap()["new"], 2);
        for nowhere in ["other.text=b", "body.rows.7=1", "body.text.x=1"] {
            assert!(
                set(nowhere).unwrap_err().contains("does not exist"),
                "{nowhere}"
            );
        }
    }

    #[test]
    fn set_changes_one_field_and_keeps_the_rest() {
        let mut arguments = typed();
        arguments.set = vec!["to=c".to_owned(), "copies=2".to_owned()];
        let call = call(&arguments, Some(&asked("tool_call"))).unwrap();
        assert_eq!(call["p_decision"], "approved");
        assert_eq!(
            call["p_edited"],
            json!({"to": "c", "text": "b", "copies": 2})
        );
        assert_eq!(call["p_answer"], Value::Null);
    }

    #[test]
    fn unedited_subject_is_left_to_the_database() {
        let call = call(&typed(), Some(&asked("step"))).unwrap();
        assert_eq!(call["p_edited"], Value::Null);
        assert_eq!(call["p_subject_hash"], Value::Null);
    }

    #[test]
    fn question_is_answered_with_json_or_text() {
        let mut arguments = typed();
        assert!(call(&arguments, Some(&asked("question"))).is_err());
        arguments.answer = Some("on Monday".to_owned());
        let built = call(&arguments, Some(&asked("question"))).unwrap();
        assert_eq!(built["p_decision"], "answered");
        assert_eq!(built["p_answer"], "on Monday");
        arguments.answer = Some("{\"day\": 1}".to_owned());
        let built = call(&arguments, Some(&asked("question"))).unwrap();
        assert_eq!(built["p_answer"], json!({"day": 1}));
    }

    #[test]
    fn unknown_outcome_requires_happened_or_not_happened() {
        let mut arguments = typed();
        assert!(call(&arguments, Some(&asked("outcome_unknown"))).is_err());
        arguments.not_happened = true;
        let built = call(&arguments, Some(&asked("outcome_unknown"))).unwrap();
        assert_eq!(built["p_decision"], "not_happened");
        arguments.not_happened = false;
        arguments.happened = Some(Some("{\"sent\": 1}".to_owned()));
        let built = call(&arguments, Some(&asked("outcome_unknown"))).unwrap();
        assert_eq!(built["p_decision"], "happened");
        assert_eq!(built["p_answer"], json!({"sent": 1}));
    }

    #[test]
    fn version_may_be_given_by_its_beginning() {
        let mut arguments = typed();
        arguments.version = Some("abc".to_owned());
        let built = call(&arguments, Some(&asked("tool_call"))).unwrap();
        assert_eq!(built["p_subject_hash"], "abcdef");
        arguments.version = Some("xyz".to_owned());
        let built = call(&arguments, Some(&asked("tool_call"))).unwrap();
        assert_eq!(built["p_subject_hash"], "xyz");
    }
}
