//! Learns what a server takes from what it refuses: a refusal costs nothing, so the call is written anew without what
//! was refused and sent again. What was learned of server and model ([`Capabilities`]) goes to the caller, who keeps it.
//!
//! Refusals are read by the provider's sentence, since neither statuses nor codes tell these cases apart.

use domain::{Capabilities, LimitParameter};

use crate::context;
use crate::http::refusal::Refusal;
use crate::names::WireNames;
use crate::request::Request;

/// How often one call is written anew.
pub(crate) const MAX_REWRITES: usize = 8;

/// How often results are cut.
const MAX_CUTS: usize = 4;

/// Words for a question that is longer than the model takes.
const TOO_LONG: [&str; 16] = [
    "context_length",
    "context length",
    "context window",
    "context size",
    "context limit",
    "contextwindow",
    "maximum context",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "input too long",
    "input token count",
    "too many input tokens",
    "reduce the length",
    "exceed_context_size",
    "request_too_large",
];

/// Words before or behind the size of a context.
const CONTEXT_SIZES: [&str; 10] = [
    "context length is",
    "context length of",
    "context window of",
    "context window is",
    "context size of",
    "context size (",
    "tokens allowed (",
    "limited to",
    "context limit:",
    "tokens >",
];

/// Words for a limit of an answer, and for a number that is beyond it.
const LIMITS: [&str; 5] = [
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "maximum tokens",
    "output tokens",
];
const BEYOND: [&str; 8] = [
    "too large",
    "too high",
    "at most",
    "maximum",
    "less than",
    "lower than",
    "range",
    "exceed",
];

/// Words for a parameter that is not taken.
const NOT_TAKEN: [&str; 9] = [
    "unsupported",
    "not supported",
    "unrecognized",
    "unrecognised",
    "unknown",
    "extra inputs",
    "not permitted",
    "not allowed",
    "unexpected",
];

/// Words for the form of a structured answer.
const FORMATS: [&str; 8] = [
    "response_format",
    "json_schema",
    "json schema in format",
    "json_object",
    "output_config",
    "output_format",
    "structured output",
    "guided",
];

/// What was changed already in one call.
#[derive(Debug, Default)]
pub(crate) struct Rewrites {
    cuts: usize,
    is_renamed: bool,
}

/// How the refused call was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    /// The name of its limit, if the protocol has two.
    pub(crate) limit: Option<LimitParameter>,
    /// Whether the model can be asked not to reason.
    pub(crate) can_stop_reasoning: bool,
}

impl Rewrites {
    /// Changes the request, or what is known of the server, so that what was refused is not sent again. False: nothing
    /// is left to change.
    pub(crate) fn after(
        &mut self,
        refusal: &Refusal,
        written: Written,
        request: &mut Request,
        known: &mut Capabilities,
    ) -> bool {
        let text = format!("{} {}", refusal.message, refusal.codes.join(" ")).to_lowercase();
        let mentions = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if refusal.is_too_large || mentions(&TOO_LONG) {
            return self.shorten(refusal, &text, request, known);
        }
        let asked = known.output_tokens(request.max_output_tokens);
        if mentions(&LIMITS)
            && mentions(&BEYOND)
            && let Some(most) = highest_below(&text, asked)
        {
            known.max_output_tokens = Some(most);
            return true;
        }
        if let Some(limit) = written.limit.filter(|_| !self.is_renamed)
            && text.contains(limit.as_str())
            && (text.contains(limit.other().as_str()) || mentions(&NOT_TAKEN))
        {
            self.is_renamed = true;
            known.limit_parameter = Some(limit.other());
            return true;
        }
        if request.output.is_some()
            && mentions(&FORMATS)
            && let Some(weaker) = known.output_format.unwrap_or_default().weaker()
        {
            known.output_format = Some(weaker);
            return true;
        }
        if written.can_stop_reasoning
            && known.reasons_with_tools != Some(false)
            && text.contains("reasoning_effort")
        {
            known.reasons_with_tools = Some(false);
            return true;
        }
        leave_out_tool(&text, &refusal.sentence(), request)
    }

    /// A limit that is named bounds the answer first; what is still too long loses the largest results.
    fn shorten(
        &mut self,
        refusal: &Refusal,
        text: &str,
        request: &mut Request,
        known: &mut Capabilities,
    ) -> bool {
        let before = known.output_tokens(request.max_output_tokens);
        let named = refusal.context_tokens.or_else(|| context_size(text));
        if let Some(tokens) = named.and_then(|tokens| u32::try_from(tokens).ok()) {
            known.context_tokens = Some(tokens);
        }
        if known.output_tokens(request.max_output_tokens) < before {
            return true;
        }
        self.cuts += 1;
        self.cuts <= MAX_CUTS && context::cut_largest(request, 2)
    }
}

/// Leaves a tool out whose schema is refused, with a note; the refusal names it or gives its place in the list.
fn leave_out_tool(text: &str, sentence: &str, request: &mut Request) -> bool {
    let is_of_tools = ["schema", "function", "tools", "properties", "parameters"];
    if !is_of_tools.iter().any(|word| text.contains(word)) {
        return false;
    }
    let names = WireNames::of(&request.tools);
    let quoted = |name: &str| {
        let name = name.to_lowercase();
        ["'", "\"", "`"]
            .iter()
            .any(|mark| text.contains(&format!("{mark}{name}{mark}")))
    };
    let by_place = ["tools.", "tools[", "functions[", "function_declarations["]
        .iter()
        .find_map(|word| number_after(text, word))
        .and_then(|place| usize::try_from(place).ok());
    let by_name = request
        .tools
        .iter()
        .position(|tool| quoted(&names.theirs(&tool.name)));
    let Some(place) = by_name
        .or(by_place)
        .filter(|place| *place < request.tools.len())
    else {
        return false;
    };
    let tool = request.tools.remove(place);
    let reason = format!("the provider refuses its schema: {sentence}");
    request.system.push_str(&left_out(&tool.name, &reason));
    true
}

/// The note on a tool that is not offered.
pub(crate) fn left_out(tool: &str, reason: &str) -> String {
    format!("\nThe tool {tool} cannot be called now: {reason}.")
}

/// The size of the context that a sentence names.
fn context_size(text: &str) -> Option<u64> {
    let behind = CONTEXT_SIZES
        .iter()
        .find_map(|word| number_after(text, word));
    behind
        .or_else(|| number_before(text, "maximum context"))
        .or_else(|| number_before(text, "context size"))
        .filter(|tokens| *tokens >= 256)
}

fn number_after(text: &str, word: &str) -> Option<u64> {
    let (_, rest) = text.split_once(word)?;
    // `190000 + 20000 > 200000`: a sum stands before what it exceeds.
    let sentence = rest.split(", ").next().unwrap_or(rest);
    let rest = match sentence.split_once('>') {
        Some((sum, limit)) if sum.contains('+') => limit,
        _ => rest,
    };
    numbers(rest.get(..rest.len().min(40)).unwrap_or(rest))
        .next()
        .map(|(number, _)| number)
        .filter(|_| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()))
}

fn number_before(text: &str, word: &str) -> Option<u64> {
    let (before, _) = text.split_once(word)?;
    let (number, end) = numbers(before).last()?;
    before.get(end..)?.trim().is_empty().then_some(number)
}

/// The highest number that is lower than what was asked.
fn highest_below(text: &str, asked: u32) -> Option<u32> {
    let below = numbers(text).filter_map(|(number, _)| u32::try_from(number).ok());
    below.filter(|number| (64..asked).contains(number)).max()
}

/// Whole numbers of a text, with or without thousands separators, and where each ends. Digits within a name are none.
fn numbers(text: &str) -> impl Iterator<Item = (u64, usize)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if !byte.is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let mut digits = String::new();
        while let Some(byte) = bytes.get(at) {
            let is_separator = *byte == b','
                && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
                && bytes.get(at + 2).is_some_and(u8::is_ascii_digit)
                && bytes.get(at + 3).is_some_and(u8::is_ascii_digit);
            if byte.is_ascii_digit() {
                digits.push(char::from(*byte));
            } else if !is_separator {
                break;
            }
            at += 1;
        }
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        let begins_name = bytes.get(at).is_some_and(|next| next.is_ascii_alphabetic());
        let ends_name = start
            .checked_sub(1)
            .and_then(|before| bytes.get(before))
            .is_some_and(is_part);
        let number = digits.parse().ok().filter(|_| !begins_name && !ends_name);
        found.extend(number.map(|number: u64| (number, at)));
    }
    found.into_iter()
}

#[cfg(test)]
mod tests;
