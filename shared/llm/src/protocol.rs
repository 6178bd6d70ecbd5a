//! One call through either protocol: written by what is known of the server, sent, written anew after a refusal that
//! teaches something, and read.

use std::future::Future;

use domain::{Capabilities, JsonSchema, Usage};
use serde_json::Value;

use crate::adapt::{self, MAX_REWRITES, Rewrites, Written};
use crate::answer::{Answer, Stop};
use crate::context;
use crate::error::{Error, Kind};
use crate::http::{Failure, Received};
use crate::names::WireNames;
use crate::request::{OutputSchema, Request};
use crate::stop::Ending;
use crate::usage::{Counts, Meter};
use crate::{json_text, thinking, tool_schema, written_calls};

/// A wire format: how a question is written and an answer is read.
pub(crate) trait Protocol: Sync {
    /// The name of the provider that speaks it.
    const PROVIDER: &'static str;

    /// What is to be known of a body to make sense of its refusal.
    fn written(&self, request: &Request, known: &Capabilities) -> Written;

    /// The call's body, by what is known of the server.
    fn body(&self, model: &str, request: &Request, known: &Capabilities) -> Value;

    /// Sends a body once.
    fn send(&self, body: &Value) -> impl Future<Output = Result<Received, Failure>> + Send;

    /// Reads the report of what was used.
    fn counts(report: &Value) -> Counts;

    /// Reads the answer in the body of a response.
    fn read(&self, value: Value, asked: &Asked<'_>, usage: &Usage) -> Result<Answer, Failure>;
}

/// What a response answers.
pub(crate) struct Asked<'a> {
    pub(crate) model: &'a str,
    pub(crate) request: &'a Request,
    pub(crate) names: WireNames<'a>,
    pub(crate) known: &'a Capabilities,
}

/// Makes one call. It is sent again only after refusals, which cost nothing; `known` has what they taught.
pub(crate) async fn call<P: Protocol>(
    protocol: &P,
    model: &str,
    request: &Request,
    known: &mut Capabilities,
) -> Result<Answer, Error> {
    let mut request = request.clone();
    let mut rewrites = Rewrites::default();
    let mut count = 0_usize;
    loop {
        let mut body = protocol.body(model, &request, known);
        let mut sent = body.to_string().len();
        let output_tokens = known.output_tokens(request.max_output_tokens);
        if let Some(tokens) = known.context_tokens
            && context::fit(&mut request, sent, tokens, output_tokens)
        {
            body = protocol.body(model, &request, known);
            sent = body.to_string().len();
        }
        let meter = Meter {
            provider: P::PROVIDER,
            model,
            sent,
            read: P::counts,
            has_output: true,
        };
        let failure = match protocol.send(&body).await {
            Ok(received) => {
                let asked = Asked {
                    model,
                    request: &request,
                    names: WireNames::of(&request.tools),
                    known,
                };
                return read(protocol, received, &asked, &meter);
            }
            Err(failure) => failure,
        };
        count = count.saturating_add(1);
        let written = protocol.written(&request, known);
        let learns = failure.refusal.as_deref().is_some_and(|refusal| {
            count <= MAX_REWRITES && rewrites.after(refusal, written, &mut request, known)
        });
        if !learns {
            return Err(failure.of(&meter));
        }
    }
}

/// Reads a response: what both protocols have in common follows what is their own.
pub(crate) fn read<P: Protocol>(
    protocol: &P,
    received: Received,
    asked: &Asked<'_>,
    meter: &Meter<'_>,
) -> Result<Answer, Error> {
    let Received { value, bytes } = received;
    let usage = meter.usage(value.get("usage"), bytes);
    let mut answer = protocol
        .read(value, asked, &usage)
        .map_err(|failure| Error::from(failure.kind).with_usage(usage))?;
    let text = thinking::stripped(&answer.text);
    if text.len() != answer.text.len() {
        answer.text = text.to_owned();
    }
    written_calls::take(&mut answer, &asked.names);
    if answer.stop == Stop::Calls && answer.calls.is_empty() {
        let lost = "the answer ends with a call and has none".to_owned();
        return Err(Error::from(Kind::Malformed(lost)).with_usage(answer.usage));
    }
    Ok(answer)
}

/// Returns how an answer stops. One that ended for a reason that is not known is whole only if it proves that: by calls
/// with all their arguments, or by JSON of the schema that was asked for.
pub(crate) fn stop_of(
    ending: Ending,
    answer: &Answer,
    asked: &Asked<'_>,
    provider: &str,
) -> Result<Stop, Kind> {
    let whole = match answer.calls.is_empty() {
        true => Stop::End,
        false => Stop::Calls,
    };
    match ending {
        Ending::Whole => Ok(whole),
        // Some say so of a call that they left in the text, and of the call that gives a structured answer.
        Ending::Calls if asked.request.output.is_some() => Ok(whole),
        Ending::Calls => Ok(Stop::Calls),
        Ending::Length => Ok(Stop::Length),
        Ending::Filter => Ok(Stop::Filter),
        Ending::Refusal => Ok(Stop::Refusal),
        Ending::Paused => Ok(Stop::Paused),
        Ending::Broken(reason) => {
            let has_calls = !answer.calls.is_empty() && !reason.eq_ignore_ascii_case("error");
            let is_proven = match &asked.request.output {
                Some(output) => is_of_schema(&answer.text, output),
                None => has_calls && answer.calls.iter().all(|call| call.arguments.is_object()),
            };
            match is_proven {
                true => Ok(whole),
                false => Err(Kind::Unavailable(format!(
                    "{provider} broke its answer off, with the reason {reason:?}"
                ))),
            }
        }
    }
}

fn is_of_schema(text: &str, output: &OutputSchema) -> bool {
    let value = json_text::object(thinking::stripped(text));
    let schema = JsonSchema::parse(&output.schema);
    match (value, schema) {
        (Some(value), Ok(schema)) => schema.check(&value).is_ok(),
        _ => false,
    }
}

/// A tool as it is written.
pub(crate) struct WireTool<'a> {
    pub(crate) name: String,
    pub(crate) description: &'a str,
    pub(crate) schema: Value,
}

/// The tools that can be written, and the system's text with a note on each of the others.
pub(crate) fn tools_of<'a>(
    request: &'a Request,
    names: &WireNames<'_>,
) -> (Vec<WireTool<'a>>, String) {
    let mut system = request.system.clone();
    let mut tools = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match tool_schema::of_tool(tool) {
            Ok(schema) => tools.push(WireTool {
                name: names.theirs(&tool.name),
                description: &tool.description,
                schema,
            }),
            Err(reason) => system.push_str(&adapt::left_out(&tool.name, &reason)),
        }
    }
    (tools, system)
}

/// The form of the answer for servers that are not asked to hold the model to it.
pub(crate) fn schema_in_words(output: &OutputSchema) -> String {
    format!(
        "\nReply with one JSON object of this JSON Schema and write nothing else:\n{}",
        output.schema
    )
}
