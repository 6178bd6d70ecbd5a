//! A provider that speaks OpenAI's Chat Completions: OpenAI itself, or a server compatible with it.
//!
//! Source of the wire format: OpenAI's API reference, "Create chat completion"
//! (platform.openai.com/docs/api-reference/chat), as OpenAI's own client types show it
//! (github.com/openai/openai-python, src/openai/types/chat). One call is one question: no
//! conversation is kept at the provider, and nothing but the task is sent.

mod call;
mod prompt;
mod wire;

use std::time::Duration;

use domain::{CriterionVerdict, Usage, Verdict};
use reqwest::redirect::Policy;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::answer::{Assessment, Decision, NewGoal, Planned, Turn};
use crate::config::ModelConfig;
use crate::error::{Error, Kind};
use crate::rule;
use crate::task::{Assess, JudgeTask, PlanTask, WorkTask};

const PROVIDER: &str = "openai";
const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
const DEFAULT_MODEL: &str = "gpt-5-mini";

/// Tokens of an answer, reasoning included. A plan is the longest thing that is asked for.
const MAX_PLAN_TOKENS: u32 = 16_000;
const MAX_ANSWER_TOKENS: u32 = 8_000;

/// The client of the provider; cheap to clone.
#[derive(Debug, Clone)]
pub struct OpenAi {
    http: reqwest::Client,
    base_url: String,
    key: Option<SecretString>,
    model: String,
    timeout: Duration,
}

impl OpenAi {
    pub(crate) fn new(config: ModelConfig) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            // A redirect would carry the key to whoever it names.
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("goalpost/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Kind::Unavailable(error.to_string()))?;
        let base_url = config
            .openai_base_url
            .unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        Ok(Self {
            http,
            base_url: base_url.trim_end_matches('/').to_owned(),
            key: config.openai_api_key,
            model: config.model.unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
            timeout: config.timeout,
        })
    }

    /// The model that is asked unless an agent names another.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    pub(crate) async fn assess(&self, task: &Assess) -> Result<(Assessment, Vec<Usage>), Error> {
        let messages = prompt::assess(task);
        let read = |value: &Value| assessment(value, task);
        self.ask_json(
            "assessment",
            &messages,
            &prompt::assessment_schema(),
            MAX_ANSWER_TOKENS,
            read,
        )
        .await
    }

    pub(crate) async fn plan(&self, task: &PlanTask) -> Result<(Planned, Vec<Usage>), Error> {
        let messages = prompt::plan(task);
        let read = |value: &Value| {
            // Whether it is a good plan is the check's to say; here it only has to be one.
            let has_steps = value.get("steps").is_some_and(Value::is_array);
            has_steps
                .then(|| value.clone())
                .ok_or_else(|| "there is no array \"steps\"".to_owned())
        };
        let (plan, usage) = self
            .ask_json(
                "plan",
                &messages,
                &prompt::plan_schema(),
                MAX_PLAN_TOKENS,
                read,
            )
            .await?;
        let reasons = vec![format!("planned by {}", self.model)];
        Ok((
            Planned {
                plan,
                runbook_id: None,
                reasons,
            },
            usage,
        ))
    }

    pub(crate) async fn work(&self, task: &WorkTask) -> Result<(Turn, Vec<Usage>), Error> {
        let named = task.agent.as_ref().and_then(|agent| agent.model.as_deref());
        let request = json!({
            "model": named.unwrap_or(&self.model),
            "messages": prompt::work(task),
        });
        let request = prompt::with_tools(request, task);
        let reply = self.ask(request, MAX_ANSWER_TOKENS).await?;
        let usage = vec![reply.usage.clone()];
        let calls = reply.calls().map_err(|kind| Error {
            kind,
            usage: usage.clone(),
        })?;
        if !calls.is_empty() {
            return Ok((Turn::Calls(calls), usage));
        }
        let last = task
            .turns
            .iter()
            .flat_map(|turn| &turn.calls)
            .rev()
            .find_map(|call| call.result.as_ref());
        Ok((Turn::Done(rule::result_of(last, Some(reply.text))), usage))
    }

    pub(crate) async fn judge(
        &self,
        task: &JudgeTask,
    ) -> Result<(Vec<CriterionVerdict>, Vec<Usage>), Error> {
        let messages = prompt::judge(task);
        let read = |value: &Value| verdicts(value, task);
        self.ask_json(
            "verdicts",
            &messages,
            &prompt::verdicts_schema(),
            MAX_ANSWER_TOKENS,
            read,
        )
        .await
    }

    /// Asks for JSON, and once more with what was wrong when it cannot be read.
    async fn ask_json<T>(
        &self,
        name: &str,
        messages: &[Value],
        schema: &Value,
        max_tokens: u32,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<(T, Vec<Usage>), Error> {
        let mut messages = messages.to_vec();
        let mut usage = Vec::new();
        let mut problem = String::new();
        for _ in 0..2 {
            let request = json!({
                "model": self.model,
                "messages": messages,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": name, "schema": schema, "strict": false},
                },
            });
            let reply = self.ask(request, max_tokens).await;
            let reply = reply.map_err(|mut error| {
                error.usage.splice(0..0, usage.drain(..));
                error
            })?;
            usage.push(reply.usage.clone());
            let value = serde_json::from_str::<Value>(wire::without_fence(&reply.text));
            match value
                .map_err(|error| error.to_string())
                .and_then(|value| read(&value))
            {
                Ok(answer) => return Ok((answer, usage)),
                Err(reason) => problem = reason,
            }
            messages.push(json!({"role": "assistant", "content": reply.text}));
            messages.push(json!({
                "role": "user",
                "content": format!("That cannot be read: {problem}. Reply with the whole JSON object again and nothing else."),
            }));
        }
        Err(Error {
            kind: Kind::Malformed(problem),
            usage,
        })
    }
}

fn assessment(value: &Value, task: &Assess) -> Result<Assessment, String> {
    let decision = match value.get("decision").and_then(Value::as_str) {
        Some("answer") => {
            let text = value
                .get("text")
                .and_then(Value::as_str)
                .filter(|text| !text.trim().is_empty());
            Decision::Answer {
                text: text.ok_or("\"answer\" needs a \"text\"")?.to_owned(),
            }
        }
        Some("steps") => {
            let steps = value
                .get("steps")
                .and_then(Value::as_array)
                .filter(|steps| !steps.is_empty());
            Decision::Steps {
                steps: steps.ok_or("\"steps\" needs \"steps\"")?.clone(),
            }
        }
        Some("goal") => {
            let goal = value.get("goal").cloned().unwrap_or_default();
            let goal: NewGoal =
                serde_json::from_value(goal).map_err(|error| format!("\"goal\": {error}"))?;
            Decision::Goal { goal }
        }
        _ => return Err("\"decision\" must be answer, steps or goal".into()),
    };
    let (own_score, mut reasons) = rule::complexity(&task.question);
    let score = value
        .get("score")
        .and_then(Value::as_f64)
        .unwrap_or(own_score)
        .clamp(0.0, 1.0);
    let given = value
        .get("reasons")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    reasons.extend(given.filter_map(Value::as_str).map(str::to_owned).take(5));
    Ok(Assessment {
        decision,
        score,
        reasons,
    })
}

/// One verdict for each criterion that was asked about; what the model left out is unknown.
fn verdicts(value: &Value, task: &JudgeTask) -> Result<Vec<CriterionVerdict>, String> {
    let list = value
        .get("verdicts")
        .cloned()
        .ok_or("there is no array \"verdicts\"")?;
    let given: Vec<CriterionVerdict> =
        serde_json::from_value(list).map_err(|error| error.to_string())?;
    let verdict_on = |number: i32| {
        let found = given
            .iter()
            .find(|verdict| verdict.number == number)
            .cloned();
        found.unwrap_or_else(|| CriterionVerdict {
            number,
            verdict: Verdict::Unknown,
            evidence: "the model gave no verdict".into(),
        })
    };
    Ok(task
        .criteria
        .iter()
        .map(|criterion| verdict_on(criterion.number))
        .collect())
}

#[cfg(test)]
mod tests;
