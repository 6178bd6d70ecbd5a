//! Reads mutated answers: never a panic, never a result that the answer does not hold, always a reason.
//!
//! `GOALPOST_FUZZ_CASES` is the number of cases per protocol (`.ci/long/fuzz_models`).

mod mutate;

use std::time::Duration;

use domain::{Capabilities, Tool};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;

use crate::answer::{Answer, Stop};
use crate::error::{Charged, Error};
use crate::http;
use crate::key::Key;
use crate::names::WireNames;
use crate::protocol::{self, Asked, Protocol};
use crate::providers::anthropic::Anthropic;
use crate::providers::openai::OpenAi;
use crate::request::{Purpose, Request};
use crate::turn;
use crate::usage::Meter;
use mutate::Case;

const CASES: u64 = 400;

fn request() -> Request {
    let parameters = json!({"type": "object", "properties": {"expression": {"type": "string"}}});
    Request {
        purpose: Purpose::Work,
        model: None,
        system: String::new(),
        messages: Vec::new(),
        tools: vec![Tool {
            name: "calculate".to_owned(),
            parameters,
            ..Tool::default()
        }],
        output: None,
        must_answer: false,
        max_output_tokens: 100,
    }
}

fn read_case<P: Protocol>(protocol: &P, case: &Case, request: &Request) -> Result<Answer, Error> {
    let known = Capabilities::default();
    let meter = Meter {
        provider: P::PROVIDER,
        model: "m",
        sent: 300,
        read: P::counts,
        has_output: true,
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(case.content_type));
    let received = http::received(P::PROVIDER, &headers, &case.body);
    let received = received.map_err(|failure| failure.of(&meter))?;
    let asked = Asked {
        model: "m",
        request,
        names: WireNames::of(&request.tools),
        known: &known,
    };
    protocol::read(protocol, received, &asked, &meter)
}

/// Returns the reason for the end that a body gives.
fn reason(body: &[u8]) -> Option<String> {
    let value = crate::json_text::parse(body).ok()?;
    let reason = value.pointer("/choices/0/finish_reason");
    let reason = reason.or_else(|| value.get("stop_reason"))?;
    reason.as_str().map(str::to_owned)
}

/// The calls of an answer and its text, as far as an agent's step goes on from them.
fn outcome(answer: &Answer) -> Option<(String, Vec<(String, String)>)> {
    if !matches!(answer.stop, Stop::End | Stop::Calls) {
        return None;
    }
    let calls = |answer: &Answer| {
        let calls = answer.calls.iter();
        calls
            .map(|call| (call.tool.clone(), call.arguments.to_string()))
            .collect()
    };
    if let Err(problem) = turn::check(answer) {
        assert!(!problem.is_empty());
        return None;
    }
    let calls: Vec<(String, String)> = calls(answer);
    // The text beside calls is not acted on.
    let text = if calls.is_empty() {
        answer.text.clone()
    } else {
        String::new()
    };
    Some((text, calls))
}

fn fuzz<P: Protocol>(protocol: &P, is_anthropic: bool) {
    let cases = std::env::var("GOALPOST_FUZZ_CASES").ok();
    let cases = cases.and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let request = request();
    let originals = mutate::originals(is_anthropic);
    let (mut read, mut refused) = (0_u64, 0_u64);
    for seed in 0..cases {
        let mut rng = mutate::generator(seed);
        let Some(original) = rng.choice(&originals) else {
            continue;
        };
        let whole = Case {
            content_type: "application/json",
            body: original.to_string().into_bytes(),
            touches_content: false,
        };
        let expected = read_case(protocol, &whole, &request)
            .ok()
            .as_ref()
            .and_then(outcome);
        assert!(expected.is_some(), "the original is read: {original}");
        let case = mutate::mutated(original, &mut rng);
        let body = String::from_utf8_lossy(&case.body).into_owned();
        match read_case(protocol, &case, &request) {
            Err(error) => {
                refused += 1;
                assert!(
                    error.to_string().len() > 20,
                    "seed {seed} has a reason: {error}\n{body}"
                );
                let is_free = error.was_charged() == Charged::No;
                assert!(
                    is_free || error.usage.is_some(),
                    "seed {seed} has its usage: {body}"
                );
            }
            Ok(answer) => {
                read += 1;
                let usage = &answer.usage;
                assert!(
                    usage.input_tokens > 0 && usage.output_tokens > 0,
                    "seed {seed} counts: {usage:?}\n{body}"
                );
                let found = outcome(&answer);
                if let (false, Some(_)) = (case.touches_content, &found) {
                    assert_eq!(found, expected, "seed {seed}: {body}");
                }
                if let (Some(reason), Some((_, calls))) = (reason(&case.body), &found) {
                    let has_calls = !calls.is_empty();
                    let is_broken = ["error", "abort", "?"].contains(&reason.as_str());
                    let calls_nothing = ["tool_calls", "tool_use"].contains(&reason.as_str());
                    let is_wrong = !has_calls && (is_broken || calls_nothing);
                    assert!(
                        !is_wrong,
                        "seed {seed} takes a broken answer for a whole one: {body}"
                    );
                }
                for (_, arguments) in found.iter().flat_map(|(_, calls)| calls) {
                    assert!(arguments.starts_with('{'), "seed {seed}: {body}");
                }
            }
        }
    }
    assert!(
        read > cases / 5 && refused > cases / 20,
        "{read} were read and {refused} refused"
    );
}

#[test]
fn mutated_chat_completions_are_read_right_or_refused() {
    let http = http::client().ok();
    let key = Key::default();
    let client = http.map(|http| OpenAi::new(http, None, key, Duration::from_secs(1)));
    client.iter().for_each(|client| fuzz(client, false));
    assert!(client.is_some());
}

#[test]
fn mutated_messages_are_read_right_or_refused() {
    let http = http::client().ok();
    let key = Key::default();
    let client = http.map(|http| Anthropic::new(http, None, key, Duration::from_secs(1)));
    client.iter().for_each(|client| fuzz(client, true));
    assert!(client.is_some());
}

#[test]
fn errors_of_every_form_are_read() {
    for seed in 0..CASES {
        let (_, body) = mutate::error(&mut mutate::generator(seed));
        let refusal = http::refusal::Refusal::read(&body);
        assert!(refusal.sentence().chars().count() <= 300);
    }
}
