//! Calls that a model wrote into its text, as its template has them, because the server did not read them.
//!
//! Only what ends the answer is read as a call: a report that quotes one goes on behind it.

use domain::ToolCallRequest;
use serde_json::{Map, Value};

use crate::answer::{Answer, Stop};
use crate::json_text;
use crate::names::WireNames;

/// What stands around a call (Hermes and Qwen, Granite, Mistral, Llama).
const MARKS: [(&str, &str); 4] = [
    ("<tool_call>", "</tool_call>"),
    ("<function_call>", "</function_call>"),
    ("[TOOL_CALLS]", ""),
    ("<|python_tag|>", ""),
];

/// Reads the calls that end the text, if all of them are of tools that are offered; the text before them stays.
pub(crate) fn take(answer: &mut Answer, names: &WireNames<'_>) {
    if !matches!(answer.stop, Stop::End | Stop::Calls) || !answer.calls.is_empty() {
        return;
    }
    let Some((text, calls)) = calls_at_end(&answer.text, names) else {
        return;
    };
    answer.text = text;
    answer.calls = calls;
    answer.stop = Stop::Calls;
}

/// Returns true if the text begins with a call's mark or ends with one: it is no result.
pub(crate) fn is_unread_call(text: &str) -> bool {
    let text = text.trim();
    MARKS
        .iter()
        .any(|(open, close)| text.starts_with(open) || (!close.is_empty() && text.ends_with(close)))
}

fn calls_at_end(text: &str, names: &WireNames<'_>) -> Option<(String, Vec<ToolCallRequest>)> {
    let whole = text.trim();
    let found = MARKS.iter().find_map(|(open, close)| {
        let at = line_start(whole, open)?;
        let (before, marked) = whole.split_at(at);
        Some((before.trim().to_owned(), blocks(marked, open, close)?))
    });
    // Llama's template has no mark: the call is the whole text.
    let (before, blocks) = found.or_else(|| {
        let is_bare = whole.starts_with('{') && whole.contains("\"name\"");
        is_bare.then(|| (String::new(), vec![whole.to_owned()]))
    })?;
    let values = blocks
        .iter()
        .map(|block| json_text::parse(block.as_bytes()).ok());
    let values: Vec<Value> = values.collect::<Option<_>>()?;
    let asked = values.into_iter().flat_map(|value| match value {
        Value::Array(items) => items,
        value => vec![value],
    });
    let calls: Vec<ToolCallRequest> = asked
        .enumerate()
        .map(|(position, asked)| call(position, &asked, names))
        .collect::<Option<_>>()?;
    (!calls.is_empty()).then_some((before, calls))
}

/// Where the mark first begins a line.
fn line_start(text: &str, mark: &str) -> Option<usize> {
    let mut places = text.match_indices(mark).map(|(at, _)| at);
    places.find(|at| {
        let before = text.get(..*at).unwrap_or_default();
        before.trim_end_matches([' ', '\t']).is_empty()
            || before.trim_end_matches([' ', '\t']).ends_with('\n')
    })
}

/// The contents of the marked blocks, if there is nothing else. The last one may lack its end.
fn blocks(marked: &str, open: &str, close: &str) -> Option<Vec<String>> {
    let mut blocks = Vec::new();
    let mut rest = marked.trim();
    while !rest.is_empty() {
        let inner = rest.strip_prefix(open)?;
        let (block, after) = match close.is_empty() {
            true => (inner, ""),
            false => inner.split_once(close).unwrap_or((inner, "")),
        };
        blocks.push(block.trim().to_owned());
        rest = after.trim();
    }
    Some(blocks)
}

/// A call of a tool that is offered, and nothing but a call.
fn call(position: usize, asked: &Value, names: &WireNames<'_>) -> Option<ToolCallRequest> {
    let asked = asked
        .get("function")
        .filter(|inner| inner.is_object())
        .unwrap_or(asked);
    let name = asked.get("name").and_then(Value::as_str)?;
    let known = ["name", "arguments", "parameters", "id", "type"];
    if !asked
        .as_object()?
        .keys()
        .all(|field| known.contains(&field.as_str()))
    {
        return None;
    }
    let arguments = match asked.get("arguments").or_else(|| asked.get("parameters")) {
        None | Some(Value::Null) => Value::Object(Map::new()),
        Some(Value::String(text)) => json_text::object(text)?,
        Some(value) => value.clone(),
    };
    Some(ToolCallRequest {
        call_id: format!("call_{position}"),
        tool: names.offered(name)?,
        arguments: Some(arguments).filter(Value::is_object)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use domain::Tool;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> (String, Vec<(String, Value)>) {
        let tool = |name: &str| Tool {
            name: name.to_owned(),
            ..Tool::default()
        };
        let tools = [tool("calculate"), tool("crm.find")];
        let mut answer = Answer {
            text: text.to_owned(),
            ..Answer::default()
        };
        take(&mut answer, &WireNames::of(&tools));
        let calls = answer.calls.into_iter();
        (
            answer.text,
            calls.map(|call| (call.tool, call.arguments)).collect(),
        )
    }

    #[test]
    fn calls_at_end_of_text_are_parsed() {
        let one = "{\"name\": \"calculate\", \"arguments\": {\"expression\": \"1+1\"}}";
        let arguments = json!({"expression": "1+1"});
        for (text, before) in [
            (format!("<tool_call>\n{one}\n</tool_call>"), ""),
            (
                format!("Let me see.\n<tool_call>{one}</tool_call>\n"),
                "Let me see.",
            ),
            (format!("<tool_call>{one}"), ""),
            (format!("[TOOL_CALLS][{one}]"), ""),
            (format!("<|python_tag|>{one}"), ""),
            (one.replace("arguments", "parameters"), ""),
            (
                one.replace(
                    "{\"expression\": \"1+1\"}",
                    "\"{\\\"expression\\\": \\\"1+1\\\"}\"",
                ),
                "",
            ),
            (
                format!(
                    "<function_call>{{\"type\": \"function\", \"function\": {one}}}</function_call>"
                ),
                "",
            ),
        ] {
            let expected = (
                before.to_owned(),
                vec![("calculate".to_owned(), arguments.clone())],
            );
            assert_eq!(read(&text), expected, "{text}");
        }
        let two = format!(
            "<tool_call>{one}</tool_call>\n<tool_call>{{\"name\": \"crm_find\"}}</tool_call>"
        );
        let tools: Vec<String> = read(&two).1.into_iter().map(|(tool, _)| tool).collect();
        assert_eq!(tools, ["calculate", "crm.find"]);
    }

    #[test]
    fn text_without_calls_is_unchanged() {
        let one = "{\"name\": \"calculate\", \"arguments\": {}}";
        for text in [
            format!("The page says:\n<tool_call>{one}</tool_call>\nThat is all."),
            format!("It writes <tool_call>{one}</tool_call>"),
            "<tool_call>{\"name\": \"unknown\"}</tool_call>".to_owned(),
            "<tool_call>{\"name\": \"calculate\"".to_owned(),
            "{\"name\": \"calculate\", \"price\": 3}".to_owned(),
            "{\"name\": \"Mia\"}".to_owned(),
        ] {
            assert_eq!(read(&text), (text.clone(), Vec::new()));
        }
        assert!(is_unread_call(
            "<tool_call>{\"name\": \"unknown\"}</tool_call>"
        ));
        assert!(!is_unread_call("a <tool_call> is a tag"));
    }
}
