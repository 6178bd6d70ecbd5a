//! The HTML of the page on which a person decides: no script, nothing loaded, every text escaped and made visible.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::visible;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::{LinkDecided, LinkedDecision};
use trigger::HttpReply;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
pre{background:#f2f2f2;padding:1rem;white-space:pre-wrap;overflow-wrap:anywhere}\
dt{font-weight:600}dd{margin:0 0 .5rem}textarea{width:100%;min-height:4rem;box-sizing:border-box}\
button{font:inherit;padding:.5rem 1.2rem;margin:1rem .5rem 0 0}.problem{color:#a00000;font-weight:600}";

/// The most characters of the context beside the subject. The subject itself is never cut: a person approves all of it.
const MAX_CONTEXT_CHARS: usize = 20_000;

/// Returns the page with what is decided on and its form; `problem`: what was wrong with the form before.
pub(crate) fn form(
    linked: &LinkedDecision,
    token: &SecretString,
    problem: Option<&str>,
) -> HttpReply {
    let mut body = format!("<h1>{}</h1>", escaped(&linked.question));
    if let Some(problem) = problem {
        add(
            &mut body,
            &format!("<p class=\"problem\">{}</p>", escaped(problem)),
        );
    }
    add(&mut body, "<dl>");
    let quorum = match linked.quorum {
        ..=1 => None,
        quorum => Some(format!(
            "{quorum} different people; {} have approved it",
            linked.votes
        )),
    };
    let facts = [
        ("Workspace", Some(linked.workspace.clone())),
        ("Goal", linked.goal_title.clone()),
        ("Asked for by", linked.requester.clone()),
        ("Tool", linked.tool.clone()),
        ("Needs", quorum),
        ("Until", Some(linked.expires_at.clone())),
        ("You decide as", linked.person.clone()),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            add(
                &mut body,
                &format!("<dt>{name}</dt><dd>{}</dd>", escaped(&fact)),
            );
        }
    }
    add(&mut body, "</dl>");
    if let Some(subject) = present(linked.subject.as_ref()) {
        add(
            &mut body,
            &format!(
                "<h2>What is decided on</h2><pre>{}</pre>",
                escaped(&written(subject))
            ),
        );
    }
    if let Some(shown) = present(linked.shown.as_ref()) {
        add(&mut body, &context(shown));
    }
    add(&mut body, &inputs(linked, token));
    page(200, "A decision", &body)
}

/// Returns the page after a decision.
pub(crate) fn decided(decided: &LinkDecided) -> HttpReply {
    let sentence = match (decided.state.as_str(), &decided.waits_for) {
        ("pending", Some(waits_for)) => {
            let votes = decided.quorum.zip(decided.votes);
            let votes = votes.map_or_else(String::new, |(quorum, votes)| {
                format!(" {votes} of {quorum} have approved it.")
            });
            format!("Your decision is recorded.{votes} It waits for: {waits_for}.")
        }
        ("approved", _) => "Your decision is recorded, and the work goes on.".to_owned(),
        ("rejected", _) => "It is rejected.".to_owned(),
        (state, _) => format!("It is {state}."),
    };
    let body = format!(
        "<h1>{}</h1><p>This link cannot be used again.</p>",
        escaped(&sentence)
    );
    page(200, "Decided", &body)
}

/// Returns the page for a link that decides nothing.
pub(crate) fn refused(status: u16, message: &str) -> HttpReply {
    let body = format!(
        "<h1>{}</h1><p>Nothing was decided here. <code>goalpost approvals</code> shows what waits for you.</p>",
        escaped(message)
    );
    page(status, "No decision", &body)
}

/// Returns true if answers of a schema are text as people write it: no schema, strings, or a choice of strings.
pub(crate) fn takes_text(schema: Option<&Value>) -> bool {
    let Some(schema) = schema.filter(|schema| schema.is_object()) else {
        return true;
    };
    choices(schema).is_some() || schema.get("type").and_then(Value::as_str) == Some("string")
}

/// Returns the strings among which an answer chooses.
fn choices(schema: &Value) -> Option<Vec<&str>> {
    schema
        .get("enum")?
        .as_array()?
        .iter()
        .map(Value::as_str)
        .collect()
}

fn inputs(linked: &LinkedDecision, token: &SecretString) -> String {
    // Relative: intake may lie behind a path.
    let mut form = format!(
        "<form method=\"post\" action=\"decide\"><input type=\"hidden\" name=\"token\" value=\"{}\">",
        escaped(token.expose_secret())
    );
    if linked.kind == "question" {
        add(&mut form, &answer_input(linked.answer_schema.as_ref()));
    }
    add(
        &mut form,
        "<label>Comment<textarea name=\"comment\" maxlength=\"4000\"></textarea></label>",
    );
    for decision in &linked.decisions {
        let label = match decision.as_str() {
            "approved" => "Approve",
            "rejected" => "Reject",
            "answered" => "Answer",
            "happened" => "It has happened",
            "not_happened" => "It has not happened: do it again",
            other => other,
        };
        let decision = escaped(decision);
        add(
            &mut form,
            &format!(
                "<button name=\"decision\" value=\"{decision}\">{}</button>",
                escaped(label)
            ),
        );
    }
    add(&mut form, "</form>");
    form
}

fn answer_input(schema: Option<&Value>) -> String {
    if let Some(choices) = schema.and_then(choices) {
        let mut input = "<label>Answer<select name=\"answer\">".to_owned();
        for choice in choices {
            let choice = escaped(choice);
            add(
                &mut input,
                &format!("<option value=\"{choice}\">{choice}</option>"),
            );
        }
        add(&mut input, "</select></label><br>");
        return input;
    }
    let hint = match schema.filter(|_| !takes_text(schema)) {
        Some(schema) => format!(
            " (JSON of this form)<pre>{}</pre>",
            escaped(&written(schema))
        ),
        None => String::new(),
    };
    format!("<label>Answer{hint}<textarea name=\"answer\"></textarea></label>")
}

/// Returns the context in a part that is opened on demand, cut where it is long.
fn context(shown: &Value) -> String {
    let text = written(shown);
    let kept: String = text.chars().take(MAX_CONTEXT_CHARS).collect();
    let cut = if kept.len() < text.len() {
        "<p>The rest: <code>goalpost approvals</code></p>"
    } else {
        ""
    };
    format!(
        "<details><summary>Context</summary><pre>{}</pre>{cut}</details>",
        escaped(&kept)
    )
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| {
        !value.is_null() && value.as_object().is_none_or(|fields| !fields.is_empty())
    })
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string()),
    }
}

/// Escapes a text for HTML, in elements and in quoted attributes, and makes hidden characters visible.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

fn add(html: &mut String, part: &str) {
    // Writing to a string does not fail.
    let _ = html.write_str(part);
}

fn page(status: u16, title: &str, body: &str) -> HttpReply {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} – Goalpost</title><style>{STYLE}</style></head><body>{body}</body></html>"
    );
    let style = BASE64.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    HttpReply::html(status, html)
        .with_header("content-security-policy", &policy)
        .with_header("referrer-policy", "no-referrer")
        .with_header("x-content-type-options", "nosniff")
        .with_header("x-frame-options", "DENY")
        .with_header("x-robots-tag", "noindex")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::json;

    use super::*;

    fn linked(more: &Value) -> LinkedDecision {
        let mut linked = json!({"person": "mia@tests.example", "workspace": "Demo", "goal_title": null, "question": "Send it?",
            "kind": "tool_call", "tool": "email", "subject": {"to": "a@b.example"}, "shown": {}, "answer_schema": null,
            "decisions": ["approved", "rejected"], "requester": null, "quorum": 1, "votes": 0, "expires_at": "2030-01-01"});
        linked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(linked).unwrap()
    }

    fn page_of(more: &Value) -> String {
        let token = SecretString::from("7.token".to_owned());
        form(&linked(more), &token, None).into_value()["body"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn texts_of_others_are_escaped_everywhere() {
        let hostile = "<script>alert(1)</script>\"'&\u{202e}";
        let html = page_of(&json!({
            "question": hostile, "workspace": hostile, "goal_title": hostile, "tool": hostile, "requester": hostile,
            "subject": {hostile: hostile}, "shown": {hostile: hostile}, "kind": "question", "decisions": [hostile],
            "answer_schema": {"enum": [hostile]}
        }));
        assert!(
            !html.contains("<script") && !html.contains('\u{202e}'),
            "{html}"
        );
        assert!(
            html.contains(
                "value=\"&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\u{202e}\""
            )
        );
    }

    #[test]
    fn page_runs_no_script_and_stays_out_of_frames() {
        let reply = refused(404, "No such link.").into_value();
        let policy = reply["headers"]["content-security-policy"]
            .as_str()
            .unwrap();
        for part in [
            "default-src 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(
            !policy.contains("script-src") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(reply["headers"]["referrer-policy"], "no-referrer");
        assert_eq!(reply["headers"]["cache-control"], "no-store");
    }

    #[test]
    fn answer_is_chosen_written_or_json() {
        let input = |schema: Value| {
            page_of(
                &json!({"kind": "question", "decisions": ["answered"], "answer_schema": schema}),
            )
        };
        assert!(
            input(json!({"enum": ["red", "blue"]}))
                .contains("<option value=\"blue\">blue</option>")
        );
        assert!(!input(json!({"type": "string"})).contains("JSON of this form"));
        assert!(!input(Value::Null).contains("JSON of this form"));
        assert!(input(json!({"type": "object"})).contains("JSON of this form"));
    }

    #[test]
    fn subject_is_shown_whole_and_context_is_cut() {
        let long = "x".repeat(300_000);
        let html = page_of(&json!({"subject": {"text": long}, "shown": {"text": long}}));
        assert!(html.contains(&long) && html.contains("The rest:"));
        assert_eq!(html.matches(&long).count(), 1);
    }
}
