//! The model call of a judgement: its blocks and the schema of its answer.

use llm::{Purpose, Request};
use serde_json::{Value, json};

use super::JudgeTask;
use crate::blocks::{described_goal, inputs_of, present, structured};
use crate::results;

const PROMPT: &str = include_str!("../../prompts/judge.md");

pub(crate) fn request(task: &JudgeTask) -> Request {
    let blocks = present(vec![
        ("goal", described_goal(&task.goal)),
        ("question", json!(task.question)),
        ("inputs of the goal", inputs_of(&task.goal)),
        ("steps", results::of_ended_steps(&json!(task.steps))),
        ("report", json!(task.report)),
        ("criteria", json!(task.criteria)),
        ("now", json!(task.now)),
    ]);
    structured(Purpose::Judge, PROMPT, &blocks, ("verdicts", schema()))
}

/// Closed in every object, so that providers can hold a model to it.
fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "verdicts": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "number": {"type": "integer"},
                    "verdict": {"type": "string", "enum": ["met", "unmet", "unknown"]},
                    "step": {"type": ["string", "null"]},
                    "evidence": {"type": "string"}
                },
                "required": ["number", "verdict", "step", "evidence"],
                "additionalProperties": false
            }},
            "contradictions": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "steps": {"type": "array", "items": {"type": "string"}},
                    "difference": {"type": "string"}
                },
                "required": ["steps", "difference"],
                "additionalProperties": false
            }}
        },
        "required": ["verdicts", "contradictions"],
        "additionalProperties": false
    })
}
