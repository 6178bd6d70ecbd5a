//! Tasks to messages and schemas. Whatever did not come from us goes into a delimited data block.

use serde_json::{Value, json};

use crate::task::{Assess, CallOutcome, JudgeTask, PlanTask, WorkTask};

const ASSESS: &str = include_str!("../../prompts/assess.md");
const PLAN: &str = include_str!("../../prompts/plan.md");
const WORK: &str = include_str!("../../prompts/work.md");
const JUDGE: &str = include_str!("../../prompts/judge.md");

/// JSON between tags. No `<` is left in it, so nothing inside can end the block.
fn data(name: &str, value: &Value) -> String {
    format!(
        "<data name=\"{name}\">\n{}\n</data>",
        value.to_string().replace('<', "\\u003c")
    )
}

fn messages(system: &str, blocks: &[(&str, Value)]) -> Vec<Value> {
    let blocks: Vec<String> = blocks
        .iter()
        .map(|(name, value)| data(name, value))
        .collect();
    vec![
        json!({"role": "system", "content": system}),
        json!({"role": "user", "content": blocks.join("\n\n")}),
    ]
}

pub(super) fn assess(task: &Assess) -> Vec<Value> {
    let blocks = [
        ("question", json!(task.question)),
        ("context", task.context.clone()),
        ("tools", json!(task.tools)),
        ("tables", json!(task.tables)),
        ("now", json!(task.now)),
    ];
    messages(ASSESS, &blocks)
}

pub(super) fn plan(task: &PlanTask) -> Vec<Value> {
    let mut blocks = vec![
        ("goal", json!(task.goal)),
        ("question", json!(task.question)),
        ("agents", json!(task.agents)),
        ("tools", json!(task.tools)),
        ("tables", json!(task.tables)),
        ("limits", json!(task.limits)),
        ("now", json!(task.now)),
    ];
    if let Some(previous) = &task.previous {
        // Keys are unique in a run, so a revision needs new ones.
        blocks.push((
            "what the last plan came to; use other step keys",
            previous.clone(),
        ));
    }
    if let Some(rejected) = &task.rejected {
        blocks.push(("your refused plan", rejected.clone()));
    }
    if !task.problems.is_empty() {
        blocks.push(("problems of your refused plan", json!(task.problems)));
    }
    messages(PLAN, &blocks)
}

pub(super) fn judge(task: &JudgeTask) -> Vec<Value> {
    let blocks = [
        ("goal", json!(task.goal)),
        ("question", json!(task.question)),
        ("criteria", json!(task.criteria)),
        ("steps", json!(task.steps)),
    ];
    messages(JUDGE, &blocks)
}

/// The task, then the turns so far as the provider's own messages. Ids only tie results to calls within this request.
pub(super) fn work(task: &WorkTask) -> Vec<Value> {
    let role = task.agent.as_ref().map(|agent| agent.role.clone());
    let blocks = [
        ("instructions of the step", json!(task.instructions)),
        ("your role", json!(role)),
        ("goal", json!(task.goal)),
        ("question", json!(task.question)),
        ("parameters", task.parameters.clone()),
        ("results of earlier steps", json!(task.steps)),
        ("tables", json!(task.tables)),
        ("now", json!(task.now)),
    ];
    let mut messages = messages(WORK, &blocks);
    for (turn, past) in task.turns.iter().enumerate() {
        let id = |call: usize| format!("call_{turn}_{call}");
        let calls: Vec<Value> = past
            .calls
            .iter()
            .enumerate()
            .map(|(number, call)| {
                json!({
                    "id": id(number), "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments.to_string()},
                })
            })
            .collect();
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": calls}));
        for (number, call) in past.calls.iter().enumerate() {
            messages.push(
                json!({"role": "tool", "tool_call_id": id(number), "content": came_of(call)}),
            );
        }
    }
    messages
}

fn came_of(call: &CallOutcome) -> String {
    match &call.result {
        Some(result) => data("result", result),
        None => data(
            "error",
            &json!({"code": call.error_code, "message": call.error}),
        ),
    }
}

/// Adds the tools that the agent may call; a request without any must not have the field.
pub(super) fn with_tools(mut request: Value, task: &WorkTask) -> Value {
    let allowed = |name: &String| {
        task.agent
            .as_ref()
            .is_none_or(|agent| agent.tools.contains(name))
    };
    let tools: Vec<Value> = task.tools.iter().filter(|tool| allowed(&tool.name)).map(|tool| json!({
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    })).collect();
    if let (false, Some(fields)) = (tools.is_empty(), request.as_object_mut()) {
        fields.insert("tools".into(), Value::Array(tools));
    }
    request
}

pub(super) fn assessment_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "decision": {"type": "string", "enum": ["answer", "steps", "goal"]},
            "text": {"type": "string"},
            "steps": {"type": "array", "items": {"type": "object"}},
            "goal": {
                "type": "object",
                "properties": {"title": {"type": "string"}, "description": {"type": "string"}, "goal_type": {"type": "string"}},
                "required": ["title", "description"]
            },
            "score": {"type": "number"},
            "reasons": {"type": "array", "items": {"type": "string"}}
        },
        "required": ["decision", "score", "reasons"]
    })
}

pub(super) fn plan_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "summary": {"type": "string"},
            "criteria": {"type": "array", "items": {
                "type": "object",
                "properties": {"description": {"type": "string"}, "check": {"type": ["string", "null"]}},
                "required": ["description"]
            }},
            "steps": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "key": {"type": "string"},
                    "kind": {"type": "string", "enum": ["agent", "tool", "approval", "subgoal"]},
                    "agent": {"type": ["string", "null"]},
                    "title": {"type": "string"},
                    "depends_on": {"type": "array", "items": {"type": "string"}},
                    "input": {"type": "object"},
                    "condition": {"type": ["object", "null"]},
                    "on_failure": {"type": "string", "enum": ["fail", "continue"]}
                },
                "required": ["key", "kind", "title", "depends_on", "input"]
            }},
            "report": {
                "type": ["object", "null"],
                "properties": {"title": {"type": "string"}, "body": {"type": "string"}},
                "required": ["title", "body"]
            }
        },
        "required": ["summary", "steps"]
    })
}

pub(super) fn verdicts_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "verdicts": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "number": {"type": "integer"},
                    "verdict": {"type": "string", "enum": ["met", "unmet", "unknown"]},
                    "evidence": {"type": "string"}
                },
                "required": ["number", "verdict", "evidence"]
            }}
        },
        "required": ["verdicts"]
    })
}
