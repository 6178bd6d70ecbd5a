//! Control tools: calls that only change rows. Here they are only described.
//!
//! `delegate`, `ask_human`, `remember` and `recall` are carried out in the database (`carry_out_call`), `submit_result`
//! in the executor, whose step ends with it. As tools like any other, their arguments are checked, their calls counted
//! and decided by the same rows.

use domain::Tool;
use serde_json::{Value, json};

use crate::result::result_fields;

/// The name of the tool that ends a step with its result.
const SUBMIT_RESULT: &str = "submit_result";

/// The tool that embeds memories of the workspace in the current space. It is no control tool, because a step can be a
/// call of it.
pub const EMBED_MEMORIES: &str = "embed_memories";

pub(crate) fn describe_embed_memories() -> Tool {
    Tool {
        name: EMBED_MEMORIES.into(),
        description: "Embeds the memories and runbooks of the workspace that are not in the space of the configured embedding model.".into(),
        parameters: json!({"type": "object", "properties": {}, "required": [], "additionalProperties": false}),
        result: result_fields(&[
            ("memory_count", "memories that are in the space now"),
            ("runbook_count", "runbooks that are in the space now"),
            ("space", "the space of the configured embedding model"),
        ]),
        idempotent: true,
        timeout_seconds: 600,
        max_calls_per_step: 1,
        ..Tool::default()
    }
}

/// Returns the control tools, in a fixed order.
pub(crate) fn describe() -> Vec<Tool> {
    vec![
        control(
            "delegate",
            "Hands a part of the work to another agent, as a step of this run or as a goal of its own, and gives its result.",
            10,
            json!({
                "type": "object",
                "properties": {
                    "title": {"type": "string", "description": "What is to be done, in a few words.", "minLength": 1, "maxLength": 200},
                    "instructions": {"type": "string", "description": "All that is needed to do the work.", "minLength": 1, "maxLength": 20_000},
                    "as": {"type": "string", "description": "step: one agent does it; goal: it is planned first.", "enum": ["step", "goal"]},
                    "agent": {"type": "string", "description": "Which agent; only for a step.", "maxLength": 63},
                    "expected": {"type": "object", "description": "JSON Schema of the result that is wanted."}
                },
                "required": ["title", "instructions", "as"],
                "additionalProperties": false
            }),
        ),
        control(
            "ask_human",
            "Asks the person whose request this is a question, waits for the answer at no cost, and gives it.",
            5,
            json!({
                "type": "object",
                "properties": {
                    "question": {"type": "string", "description": "The question, with all that a person needs to answer it.", "minLength": 1, "maxLength": 4_000},
                    "answer_schema": {"type": "object", "description": "JSON Schema of the answer; without it, a text."},
                    "options": {"type": "array", "description": "Answers to choose from.", "items": {"type": "string", "maxLength": 200}, "maxItems": 20}
                },
                "required": ["question"],
                "additionalProperties": false
            }),
        ),
        control(
            "remember",
            "Keeps a text for later work: a fact, a lesson, a summary or an artifact.",
            50,
            json!({
                "type": "object",
                "properties": {
                    "text": {"type": "string", "description": "What is to be remembered, to be understood on its own.", "minLength": 1, "maxLength": 8_000},
                    "kind": {"type": "string", "enum": ["fact", "lesson", "summary", "artifact"], "default": "fact"},
                    "scope": {"type": "string", "description": "For whose later work; without one, the goal's, or the asker's where there is no goal.", "enum": ["goal", "user", "agent", "workspace"]},
                    "title": {"type": "string", "maxLength": 200}
                },
                "required": ["text"],
                "additionalProperties": false
            }),
        ),
        control(
            "recall",
            "Looks for what was remembered, by meaning and by words.",
            50,
            json!({
                "type": "object",
                "properties": {
                    "query": {"type": "string", "description": "What is looked for.", "minLength": 1, "maxLength": 2_000},
                    "limit": {"type": "integer", "description": "How many at most.", "minimum": 1, "maximum": 20, "default": 5}
                },
                "required": ["query"],
                "additionalProperties": false
            }),
        ),
        control(
            SUBMIT_RESULT,
            "Ends the step with its result, which must have the form that the step expects.",
            10,
            json!({
                "type": "object",
                "properties": {
                    "result": {"type": "object", "description": "The result of the step."}
                },
                "required": ["result"],
                "additionalProperties": false
            }),
        ),
    ]
}

/// Describes a control tool: the row is the effect, so a repeated call finds it done.
fn control(name: &str, description: &str, max_calls_per_step: u32, parameters: Value) -> Tool {
    Tool {
        name: name.into(),
        description: description.into(),
        parameters,
        idempotent: true,
        control: true,
        // Memories of other steps may come from pages. Each recalled memory states its own trust.
        returns_untrusted: false,
        max_calls_per_step,
        ..Tool::default()
    }
}
