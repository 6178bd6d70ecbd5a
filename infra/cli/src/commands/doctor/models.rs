//! Checks of the models: one tiny question to each, one text to embed.
//!
//! A running stack keeps its keys to itself, so the models are called with the keys in doctor's own environment. A
//! missing key is reported.

use std::time::{Duration, Instant};

use domain::Capabilities;
use llm::{Candidate, Candidates, Message, Model, ModelConfig, Purpose, Request, TaskMethod};
use local_stack::stack::{MODEL_VARIABLES, StackOptions, given};

use super::check::Check;
use crate::commands::state::Models;

/// The longest wait for a model.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest wait for a server's address.
const CONNECTING: Duration = Duration::from_secs(5);

/// Room for a model that reasons before it answers.
const ENOUGH_TOKENS: u32 = 1_024;

const OPENAI_KEY: &str = "OPENAI_API_KEY";
const ANTHROPIC_KEY: &str = "ANTHROPIC_API_KEY";

/// Returns the settings of models that a stack is started with, without the keys.
pub(in crate::commands) fn of(options: &StackOptions) -> Models {
    let is_variable = |name: &str| MODEL_VARIABLES.contains(&name);
    let environment = options.environment.iter();
    let keys = [
        (ANTHROPIC_KEY, options.anthropic_api_key.is_some()),
        (OPENAI_KEY, options.openai_api_key.is_some()),
    ];
    Models {
        environment: environment
            .filter(|(name, _)| is_variable(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        keys: keys
            .into_iter()
            .filter(|(_, is_given)| *is_given)
            .map(|(name, _)| name.to_owned())
            .collect(),
    }
}

/// Checks the models of this environment. A hosted project's functions may have been given others.
pub(super) async fn of_environment() -> Vec<Check> {
    let read = |name: &str| Some((name.to_owned(), given(name)?));
    let models = Models {
        environment: MODEL_VARIABLES.into_iter().filter_map(read).collect(),
        keys: [ANTHROPIC_KEY, OPENAI_KEY]
            .into_iter()
            .filter(|name| given(name).is_some())
            .map(str::to_owned)
            .collect(),
    };
    if models.keys.is_empty() && models.environment.is_empty() {
        return vec![Check::note(
            "model",
            "the models of the functions are in their own settings, which cannot be read from here",
            "Set the same variables (GOALPOST_MODEL, ANTHROPIC_API_KEY, OPENAI_API_KEY …) for doctor too, so that it calls them.",
        )];
    }
    check(&models).await
}

/// Returns the errors in a stack's settings of models, without a model call.
pub(in crate::commands) fn wrong_settings(models: &Models) -> Vec<String> {
    ModelConfig::read(|name| models.environment.get(name).cloned()).1
}

/// Returns a sentence for each model server that does not answer at its address, without a model call.
pub(in crate::commands) async fn unreachable(models: &Models) -> Vec<String> {
    let Ok(model) = Model::new(with_some_keys(models)) else {
        return Vec::new();
    };
    let problems = model.unreachable_servers(CONNECTING).await;
    problems.unwrap_or_default()
}

/// Returns the models that a stack pays for: the one that answers, the fallback and the one that embeds.
pub(super) fn paid(models: &Models) -> Vec<Candidate> {
    let Ok(model) = Model::new(with_some_keys(models)) else {
        return Vec::new();
    };
    let embedding = model
        .embedding_call(llm::TextRole::Query, &[])
        .map(|call| call.candidate);
    let candidates = model.resolve(None).ok();
    let called = candidates.iter().flat_map(Candidates::iter).cloned();
    called.chain(embedding).collect()
}

/// Returns a stack's settings with invalid keys: the presence of a key decides which providers there are.
fn with_some_keys(models: &Models) -> ModelConfig {
    let (config, _) = ModelConfig::read(|name| models.environment.get(name).cloned());
    let some_key = |name: &str| {
        let is_given = models.keys.iter().any(|theirs| theirs == name);
        is_given.then(|| String::from("given").into())
    };
    ModelConfig {
        anthropic_api_key: some_key(ANTHROPIC_KEY),
        openai_api_key: some_key(OPENAI_KEY),
        ..config
    }
}

/// Returns the models that would be called, with the result of a call.
pub(super) async fn check(models: &Models) -> Vec<Check> {
    check_with(models, given).await
}

async fn check_with(models: &Models, key: impl Fn(&str) -> Option<String>) -> Vec<Check> {
    let (config, problems) = ModelConfig::read(|name| models.environment.get(name).cloned());
    if !problems.is_empty() {
        return vec![Check::bad(
            "model",
            problems.join("; "),
            "Set it right and start again.",
        )];
    }
    let missing = models.keys.iter().find(|name| key(name).is_none());
    if let Some(missing) = missing {
        return vec![Check::note(
            "model",
            format!("functions were given {missing}, and doctor was not"),
            format!("Set {missing} for doctor too, to have it tried."),
        )];
    }
    // A key that the functions do not have would select another model than theirs.
    let their_key = |name: &str| {
        let is_theirs = models.keys.iter().any(|theirs| theirs == name);
        key(name).filter(|_| is_theirs).map(Into::into)
    };
    let config = ModelConfig {
        anthropic_api_key: their_key(ANTHROPIC_KEY),
        openai_api_key: their_key(OPENAI_KEY),
        timeout: PATIENCE,
        ..config
    };
    match Model::new(config) {
        Ok(model) => vec![language(&model).await, embeddings(&model).await],
        Err(error) => vec![Check::bad("model", error.to_string(), "")],
    }
}

/// Calls the model that answers, and its fallback.
async fn language(model: &Model) -> Check {
    if model.task_method() == TaskMethod::Rules {
        return Check::note(
            "model",
            "none, the offline model: runbooks and tools work, free questions do not",
            "Start with a key to have one: OPENAI_API_KEY=… or ANTHROPIC_API_KEY=… cargo goalpost up (OPENAI_BASE_URL for another server)",
        );
    }
    let candidates = match model.resolve(None) {
        Ok(candidates) => candidates,
        Err(error) => return Check::bad("model", error.to_string(), ""),
    };
    let mut seen = Vec::new();
    for (position, candidate) in candidates.iter().enumerate() {
        let place = if position == 0 { "" } else { "fallback " };
        let name = format!("{place}{}/{}", candidate.provider, candidate.model);
        match ask(model, candidate).await {
            Ok(answer) => seen.push(format!("{name} {answer}")),
            Err(error) => {
                seen.push(format!("{name}: {error}"));
                return Check::bad("model", seen.join("; "), advice(candidate));
            }
        }
    }
    Check::good("model", seen.join("; "))
}

fn advice(candidate: &Candidate) -> &'static str {
    if candidate.provider == llm::ANTHROPIC {
        "Check ANTHROPIC_API_KEY, GOALPOST_MODEL, ANTHROPIC_BASE_URL and the network."
    } else {
        "Check OPENAI_API_KEY, GOALPOST_MODEL, OPENAI_BASE_URL and the network."
    }
}

async fn ask(model: &Model, candidate: &Candidate) -> Result<String, llm::Error> {
    let request = Request {
        purpose: Purpose::Work,
        model: None,
        system: "You are asked whether you can be reached. Reply with one word.".to_owned(),
        messages: vec![Message::User {
            content: "Can you?".to_owned(),
        }],
        tools: Vec::new(),
        output: None,
        must_answer: false,
        max_output_tokens: ENOUGH_TOKENS,
    };
    let begun = Instant::now();
    let answer = model
        .call(candidate, &request, &mut Capabilities::default())
        .await?;
    Ok(format!(
        "answers ({:.1} s, {} tokens)",
        begun.elapsed().as_secs_f64(),
        answer.usage.input_tokens + answer.usage.output_tokens
    ))
}

async fn embeddings(model: &Model) -> Check {
    match model
        .embed(llm::TextRole::Query, &["Can you?".to_owned()])
        .await
    {
        Ok((embedded, None)) => Check::good(
            "embeddings",
            format!("{}, built in: finds shared words", embedded.space),
        ),
        Ok((embedded, Some(_))) => Check::good("embeddings", format!("{} answers", embedded.space)),
        Err(error) => Check::bad(
            "embeddings",
            error.to_string(),
            "Check GOALPOST_EMBEDDING_MODEL; `lexical` is built in and needs no provider.",
        ),
    }
}

#[cfg(test)]
mod tests;
