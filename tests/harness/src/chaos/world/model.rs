//! Provider with OpenAI's Chat Completions that answers from the goal's shape.

use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::shared::{SharedState, TOKENS};
use crate::chaos::generate::generate;
use crate::chaos::shape::{Goal, Work, goal_number};
use crate::chaos::wire;
use crate::faults::Point;

pub(super) async fn complete(
    State(known): State<SharedState>,
    Path(sandbox): Path<String>,
    Json(asked): Json<Value>,
) -> Response {
    let answer = answer(&known, &asked);
    let response = match answer {
        Answer::Message(message) => {
            known.answers.fetch_add(1, Ordering::Relaxed);
            Json(completion(&message)).into_response()
        }
        Answer::Refusal(status, sentence) => {
            (status, Json(json!({"error": {"message": sentence}}))).into_response()
        }
    };
    known.faults.reached(Point::AfterModelTurn, &sandbox);
    response
}

enum Answer {
    Message(Value),
    Refusal(StatusCode, &'static str),
}

const UNKNOWN: Answer = Answer::Refusal(
    StatusCode::INTERNAL_SERVER_ERROR,
    "this is about no goal of the run",
);

fn answer(known: &SharedState, asked: &Value) -> Answer {
    let what = asked.pointer("/response_format/json_schema/name");
    let prompt = Prompt::of(asked);
    let name = match what.and_then(Value::as_str) {
        Some("assessment") => prompt.block("question"),
        _ => prompt
            .block("goal")
            .and_then(|goal| goal.get("title").cloned()),
    };
    let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
    let Some(number) = goal_number(name) else {
        return UNKNOWN;
    };
    let goal = generate(known.seed, number);
    let content = match what.and_then(Value::as_str) {
        Some("assessment") => Some(wire::assessment(&goal, &known.effect_url())),
        Some("plan") if is_about_failure(&prompt) => {
            return Answer::Refusal(StatusCode::BAD_REQUEST, "this goal is to fail");
        }
        Some("plan") => plan(known, &goal, name, &prompt),
        Some("verdicts") => verdicts(&goal, name, &prompt),
        _ => return work(known, &goal, &prompt),
    };
    match content {
        Some(content) => {
            Answer::Message(json!({"role": "assistant", "content": content.to_string()}))
        }
        None => UNKNOWN,
    }
}

fn plan(known: &SharedState, goal: &Goal, name: &str, prompt: &Prompt<'_>) -> Option<Value> {
    let plan = goal.plan(name)?;
    let is_second = prompt.has("last plan");
    if plan.is_refused_once && !is_second && !prompt.is_repair() {
        return Some(wire::bad_plan());
    }
    Some(wire::plan(plan, is_second, &known.effect_url()))
}

/// Returns true for a plan after a failed step. It is refused, because that goal must fail.
fn is_about_failure(prompt: &Prompt<'_>) -> bool {
    let reason = prompt
        .block("last plan")
        .and_then(|last| last.get("reason").cloned());
    let has_failed = reason
        .as_ref()
        .and_then(Value::as_str)
        .is_some_and(|reason| reason.contains(" failed: "));
    let inputs = prompt.block("inputs of the goal, in templates goal.context");
    has_failed || inputs.is_some_and(|inputs| inputs.get("tried_before").is_some())
}

/// Returns `met`, except for the first judgement of a goal that is planned twice.
fn verdicts(goal: &Goal, name: &str, prompt: &Prompt<'_>) -> Option<Value> {
    let plan = goal.plan(name)?;
    let steps = prompt.block("steps")?;
    let is_there = |key: &String| {
        let mut keys = steps.as_array().into_iter().flatten();
        keys.any(|step| step.get("key").and_then(Value::as_str) == Some(key))
    };
    let is_met = plan.again.iter().all(|step| is_there(&step.key));
    let verdict = if is_met { "met" } else { "unmet" };
    let step = steps.as_array()?.first()?.get("key")?;
    Some(
        json!({"verdicts": [{"number": 1, "verdict": verdict, "step": step, "evidence": "as the shape says"}]}),
    )
}

fn work(known: &SharedState, goal: &Goal, prompt: &Prompt<'_>) -> Answer {
    let key = prompt.block("instructions of the step");
    let key = key.as_ref().and_then(Value::as_str).unwrap_or_default();
    let Some(Work::Agent { calls, gives_up }) = goal.step(key).map(|step| &step.work) else {
        return UNKNOWN;
    };
    match prompt.results() {
        Results::None if *calls > 0 => {
            let calls = wire::agent_calls(key, *calls, &known.effect_url());
            Answer::Message(json!({"role": "assistant", "content": null, "tool_calls": calls}))
        }
        Results::WithError => Answer::Refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "a call has failed that none was to fail",
        ),
        _ if *gives_up => Answer::Refusal(StatusCode::BAD_REQUEST, "this agent is to give up"),
        _ => Answer::Message(json!({"role": "assistant", "content": format!("{key} is done.")})),
    }
}

fn completion(message: &Value) -> Value {
    let finish = match message.get("tool_calls") {
        Some(_) => "tool_calls",
        None => "stop",
    };
    let (input, output) = TOKENS;
    json!({
        "id": "chatcmpl-chaos", "object": "chat.completion", "created": 1, "model": wire::MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output},
    })
}

/// Content of a prompt: data blocks in the first message of the user, and results of tools.
struct Prompt<'a> {
    text: &'a str,
    messages: &'a [Value],
}

enum Results {
    None,
    Fine,
    WithError,
}

impl<'a> Prompt<'a> {
    fn of(asked: &'a Value) -> Self {
        let messages = asked.get("messages").and_then(Value::as_array);
        let messages = messages.map(Vec::as_slice).unwrap_or_default();
        let text = messages.get(1).and_then(|message| message.get("content"));
        let text = text.and_then(Value::as_str).unwrap_or_default();
        Self { text, messages }
    }

    /// Returns true if a block's name begins so.
    fn has(&self, name: &str) -> bool {
        self.text.contains(&format!("<data name=\"{name}"))
    }

    /// Returns true if an answer was sent back for repair.
    fn is_repair(&self) -> bool {
        self.messages.len() > 2
    }

    fn block(&self, name: &str) -> Option<Value> {
        let (_, rest) = self.text.split_once(&format!("<data name=\"{name}\">\n"))?;
        let (content, _) = rest.split_once("\n</data>")?;
        // A text is quoted as it is, any other value as JSON.
        Some(serde_json::from_str(content).unwrap_or_else(|_| Value::from(content)))
    }

    fn results(&self) -> Results {
        let mut results = Results::None;
        for message in self.messages {
            if message.get("role").and_then(Value::as_str) != Some("tool") {
                continue;
            }
            let content = message.get("content").and_then(Value::as_str);
            if content
                .unwrap_or_default()
                .starts_with("<data name=\"error\"")
            {
                return Results::WithError;
            }
            results = Results::Fine;
        }
        results
    }
}
