//! Mutated answers of servers: each is read, or refused with a reason; no part is dropped silently.
//! `GOALPOST_FUZZ_CASES` sets the number of cases of each test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::HashSet;

use super::events::Events;
use super::{answer, listing, message, session};
use crate::ToolError;
use crate::egress::charset;
use domain::read_json;
use fastrand::Rng;
use serde_json::{Value, json};

fn cases() -> u64 {
    let given = std::env::var("GOALPOST_FUZZ_CASES").ok();
    given.map_or(400, |count| count.parse().unwrap())
}

fn odd(rng: &mut Rng) -> Value {
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(100),
        json!(100.0),
        json!(-1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("0"),
        json!("100"),
        json!("true"),
        json!("x\0y"),
        json!("größe/a:b"),
        json!("x".repeat(2_000)),
        json!([]),
        json!({}),
        json!([null]),
        json!({"message": "m"}),
        json!({"error": {"message": ["m"]}}),
        json!([{"type": "text", "text": "t"}]),
        json!({"pattern": "(?=x)"}),
        deep(60),
        deep(100),
    ];
    rng.choice(values).unwrap()
}

/// Collects the positions of all values inside one, as JSON pointers.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(field, &format!("{here}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                places(item, &format!("{here}/{number}"), found);
            }
        }
        _ => {}
    }
}

/// Replaces, removes, doubles or adds one value.
fn mutate(value: &mut Value, rng: &mut Rng) {
    let mut found = Vec::new();
    places(value, "", &mut found);
    let place = rng.choice(found).unwrap();
    let new = odd(rng);
    let (above, name) = place.rsplit_once('/').unwrap_or(("", ""));
    let name = name.replace("~1", "/").replace("~0", "~");
    match rng.usize(..4) {
        0 => match value.pointer_mut(above) {
            Some(Value::Object(fields)) => drop(fields.remove(&name)),
            Some(Value::Array(items)) => drop(items.pop()),
            _ => {}
        },
        1 => match value.pointer_mut(&place) {
            Some(Value::Array(items)) => items.extend(items.first().cloned()),
            Some(one) => *one = json!([one.take()]),
            None => {}
        },
        2 => match value.pointer_mut(&place) {
            Some(Value::Object(fields)) => {
                let names = [
                    "error",
                    "isError",
                    "id",
                    "text",
                    "name",
                    "extra",
                    "toolResult",
                ];
                fields.insert(rng.choice(names).unwrap().to_owned(), new);
            }
            Some(Value::Array(items)) => items.push(new),
            Some(one) => *one = new,
            None => {}
        },
        _ => *value.pointer_mut(&place).unwrap() = new,
    }
}

/// A body as it is sent, and whether its content is unchanged.
struct Sent {
    content_type: &'static str,
    body: Vec<u8>,
    is_whole: bool,
}

fn written(value: &Value, rng: &mut Rng) -> Sent {
    let text = value.to_string();
    let whole = |content_type, body: String| Sent {
        content_type,
        body: body.into_bytes(),
        is_whole: true,
    };
    let note =
        json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}});
    match rng.usize(..12) {
        0 => whole("application/json", format!("\u{feff}{text}")),
        1 => whole("text/plain", format!("\n {text}\r\n")),
        2 => whole("", text),
        3 => whole(
            "text/event-stream",
            format!(": hi\n\ndata: {note}\n\nid: 1\ndata: {text}\n\n"),
        ),
        4 => whole(
            "text/event-stream",
            format!("\u{feff}event: message\r\ndata: {text}\r\r"),
        ),
        5 => whole("text/event-stream; charset=utf-8", format!("data:{text}")),
        6 => Sent {
            content_type: "application/json",
            body: format!("\u{feff}{text}")
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
            is_whole: true,
        },
        7 if !value.is_array() => {
            let body = format!("[{note},{text}]");
            // A list is one level deeper, and readers stop at some depth.
            let is_whole = read_json(&body).is_ok();
            Sent {
                is_whole,
                ..whole("application/json", body)
            }
        }
        8 => {
            let mut body = text.into_bytes();
            body.truncate(rng.usize(..=body.len()));
            Sent {
                content_type: "application/json",
                body,
                is_whole: false,
            }
        }
        9 => {
            let mut body = text.into_bytes();
            for _ in 0..=rng.usize(..3) {
                let at = rng.usize(..body.len());
                body[at] = rng.u8(..);
            }
            let content_type = rng
                .choice(["application/json", "text/event-stream", "text/html"])
                .unwrap();
            Sent {
                content_type,
                body,
                is_whole: false,
            }
        }
        10 => {
            let halved = text.replacen("\"", "\"\\ud83d", 1 + rng.usize(..3));
            let is_whole = halved == text;
            Sent {
                content_type: "application/json",
                body: halved.into_bytes(),
                is_whole,
            }
        }
        _ => whole("application/json", text),
    }
}

/// Reads a body as the client does.
fn read(sent: &Sent, id: u32, rng: &mut Rng) -> Option<Value> {
    if !sent.content_type.starts_with("text/event-stream") {
        return message::in_body(&charset::decode(sent.content_type, &sent.body), id);
    }
    let mut events = Events::default();
    let mut data = Vec::new();
    for chunk in sent.body.chunks(1 + rng.usize(..40)) {
        data.extend(events.take(chunk));
    }
    data.extend(events.finish());
    data.iter().find_map(|data| message::in_text(data, id))
}

/// Returns true if the body answers a request: an object with an error or a result under the id.
fn is_answer(sent: &Value, id: u32) -> bool {
    let shown = sent["id"].to_string();
    let is_same = [id.to_string(), format!("{id}.0"), format!("\"{id}\"")].contains(&shown);
    let has_error = !matches!(sent["error"], Value::Null | Value::Bool(false));
    let has_result = sent.get("result").is_some();
    (is_same && (has_error || has_result)) || (sent["id"].is_null() && has_error)
}

fn assert_reason(error: &ToolError) {
    let codes = [
        "mcp_malformed",
        "mcp_rejected",
        "mcp_tool_failed",
        "result_too_large",
    ];
    assert!(codes.contains(&error.code.as_ref()), "{error:?}");
    let (_, reason) = error.message.split_once(" s").unwrap();
    assert!(
        reason.len() > 10 && error.message.len() < 8_000,
        "{error:?}"
    );
    assert!(
        !error.message.trim_end().ends_with(':'),
        "no reason: {error:?}"
    );
}

/// Returns an answer mutated up to three times, and the client's reading of it.
fn sent_and_read(good: &[Value], id: u32, number: u64) -> (Value, bool, Option<Value>) {
    // A case is its number, so that a failure can be repeated. The first numbers of neighbouring seeds are correlated;
    // those of their forks are not.
    let mut rng = Rng::with_seed(number).fork();
    let mut value = rng.choice(good).unwrap().clone();
    for _ in 0..rng.usize(..4) {
        mutate(&mut value, &mut rng);
    }
    let sent = written(&value, &mut rng);
    let found = read(&sent, id, &mut rng);
    // A lenient reader's changes of U+0000 and of large numbers are no loss.
    let value = read_json(&value.to_string()).unwrap_or_default();
    if sent.is_whole && value.is_object() {
        assert_eq!(found.is_some(), is_answer(&value, id), "{value}");
    }
    if let Some(found) = &found {
        assert!(
            !sent.is_whole || value.is_array() || *found == value,
            "{value}"
        );
    }
    (value, sent.is_whole, found)
}

#[test]
fn mutated_greeting_gives_version_or_reason() {
    let good = ["2024-11-05", "2025-06-18", "2025-11-25"].map(|version| {
        json!({"jsonrpc": "2.0", "id": 0, "result": {
            "protocolVersion": version, "capabilities": {"tools": {"listChanged": true}}, "serverInfo": {"name": "s", "version": "1"}}})
    });
    let mut read = 0;
    for number in 0..cases() {
        let (_, _, found) = sent_and_read(&good, 0, number);
        let Some(found) = found else { continue };
        match session::version_of("docs", found.clone()) {
            Ok(version) => {
                assert_eq!(found["result"]["protocolVersion"], version, "case {number}");
                read += 1;
            }
            Err(error) => assert_reason(&error),
        }
    }
    assert!(read > cases() / 4, "{read}");
}

#[test]
fn mutated_list_reports_every_entry() {
    let schema = json!({"type": "object", "properties": {"to": {"type": "string", "pattern": "^(?!x)"}}, "required": ["to"]});
    let good = [
        json!({"jsonrpc": "2.0", "id": 1, "result": {"nextCursor": "2", "tools": [
            {"name": "echo", "description": "Echoes.", "inputSchema": schema},
            {"name": "repo/search", "description": "Searches.", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": true}},
            {"name": "a b", "inputSchema": {}},
        ]}}),
    ];
    let mut read = 0;
    for number in 0..cases() {
        let (_, _, found) = sent_and_read(&good, 1, number);
        let Some(found) = found else { continue };
        let result = match answer::result("docs", found.clone()) {
            Ok(result) => result,
            Err(error) => {
                assert_reason(&error);
                continue;
            }
        };
        let page = match session::page_of("docs", &result) {
            Ok(page) => page,
            Err(error) => {
                assert_reason(&error);
                continue;
            }
        };
        let _ = listing::next_cursor(result.get("nextCursor"));
        assert_described(page, &listing::describe(page));
        read += 1;
    }
    assert!(read > cases() / 4, "{read}");
}

fn assert_described(page: &[Value], tools: &[Value]) {
    let mut names = HashSet::new();
    for tool in tools {
        let name = tool["name"].as_str().unwrap();
        let is_safe = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
        assert!(
            (1..=64).contains(&name.len()) && name.chars().all(is_safe),
            "{name}"
        );
        assert!(names.insert(name), "{name} is there twice");
        assert!(tool["parameters"].is_object() && tool["description"].is_string());
        assert!(tool["problem"].is_null() || tool["problem"].as_str().unwrap().len() > 10);
        assert!((1..=1_000).contains(&tool["original_name"].as_str().unwrap().len()));
    }
    for entry in page {
        let is_of = |tool: &&Value| tool["original_name"] == entry["name"];
        let named = entry["name"]
            .as_str()
            .filter(|name| !name.trim().is_empty() && name.len() <= 1_000);
        let described = tools.iter().find(is_of);
        assert_eq!(described.is_some(), named.is_some(), "{entry}");
        let Some(tool) = described.filter(|tool| tool["problem"].is_null()) else {
            continue;
        };
        let schema = &entry["inputSchema"];
        assert!(*schema == tool["parameters"] || schema.is_null(), "{entry}");
    }
    let is_problem = |tool: &&Value| !tool["problem"].is_null();
    let unnamed = page.iter().filter(|entry| {
        entry["name"]
            .as_str()
            .is_none_or(|name| name.trim().is_empty() || name.len() > 1_000)
    });
    assert!(unnamed.count() <= tools.iter().filter(is_problem).count());
}

#[test]
fn mutated_result_is_complete_or_has_reason() {
    let content = json!([
        {"type": "text", "text": "first"},
        {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"},
        {"type": "resource", "resource": {"uri": "a:b", "text": "second"}},
        {"type": "resource_link", "uri": "https://example.com/x", "name": "x"},
    ]);
    let answer = |result: Value| json!({"jsonrpc": "2.0", "id": 100, "result": result});
    let good = [
        answer(
            json!({"content": content, "structuredContent": {"rows": [1, 2.5, null]}, "isError": false}),
        ),
        answer(json!({"content": [{"type": "text", "text": "plain"}]})),
        answer(
            json!({"content": [], "structuredContent": {"reason": "no such page"}, "isError": true}),
        ),
        json!({"jsonrpc": "2.0", "id": 100, "error": {"code": -32602, "message": "no such page", "data": {"n": 1}}}),
    ];
    let (mut read, mut refused) = (0, 0);
    for number in 0..cases() {
        let (_, _, found) = sent_and_read(&good, 100, number);
        let Some(found) = found else { continue };
        match answer::of_call("docs", "find", found.clone()) {
            Ok(result) => {
                assert_whole(&found, &result);
                read += 1;
            }
            Err(error) => {
                assert_reason(&error);
                refused += 1;
                let is_sound = found["result"].is_object()
                    && matches!(found["error"], Value::Null | Value::Bool(false))
                    && matches!(found["result"]["isError"], Value::Null | Value::Bool(false));
                assert!(!is_sound, "case {number}: {found} gave {error:?}");
            }
        }
    }
    assert!(
        read > cases() / 8 && refused > cases() / 8,
        "{read} {refused}"
    );
}

/// Asserts that all content of a server's answer is in the result, or is named as omitted.
fn assert_whole(found: &Value, result: &Value) {
    let given = &found["result"];
    assert!(
        given.is_object() && !matches!(given["isError"], Value::Bool(true)),
        "{found}"
    );
    assert!(
        matches!(found["error"], Value::Null | Value::Bool(false)),
        "{found}"
    );
    let text = result["text"].as_str().unwrap();
    let omitted = result["omitted"].as_array().unwrap();
    let blocks = match &given["content"] {
        Value::Null => Vec::new(),
        Value::Array(blocks) => blocks.clone(),
        block => vec![block.clone()],
    };
    let mut texts = 0;
    for block in &blocks {
        let of_kind = match block["type"].as_str() {
            Some("text") | None => &block["text"],
            Some("resource") => &block["resource"]["text"],
            Some("resource_link") => &block["uri"],
            _ => &Value::Null,
        };
        if let Some(words) = of_kind.as_str() {
            assert!(text.contains(words), "{found}: {result}");
            texts += 1;
        }
    }
    assert!(texts + omitted.len() <= blocks.len(), "{found}: {result}");
    assert!(
        blocks.is_empty()
            || !text.is_empty()
            || !omitted.is_empty()
            || texts > 0
            || blocks.iter().all(|block| block == ""),
        "{found}"
    );
    match given.get("structuredContent") {
        Some(structured) => assert_eq!(*structured, result["structured"]),
        None if given.get("content").is_none_or(Value::is_null) => {
            for (name, value) in given.as_object().unwrap() {
                let is_kept = ["_meta", "isError", "content"].contains(&name.as_str())
                    || result["structured"][name] == *value;
                assert!(is_kept, "{found}: {name} is lost");
            }
        }
        None => assert_eq!(result["structured"], Value::Null),
    }
}
