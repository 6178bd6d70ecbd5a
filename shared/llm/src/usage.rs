//! Tokens that a call used: what the provider reports, and estimates from bytes where it reports nothing that can be
//! read. A count of zero is no report: no call goes without input, and no answer comes without output.

use domain::Usage;
use serde_json::{Deserializer, Value};

/// Bytes per token, fewer than tokenizers need for prose, code and JSON on average: an estimate is too high rather than too
/// low. Texts in scripts of several bytes per letter come close to it.
const BYTES_PER_TOKEN: usize = 3;

/// Counts as a provider reports them, each 0 where it is missing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) input: i64,
    pub(crate) output: i64,
    pub(crate) cached: i64,
    pub(crate) cache_write: i64,
    pub(crate) reasoning: i64,
}

/// A call whose usage is to be known: what was sent, and how the provider's report is read.
pub(crate) struct Meter<'a> {
    pub(crate) provider: &'static str,
    pub(crate) model: &'a str,
    /// Bytes of the request's body.
    pub(crate) sent: usize,
    pub(crate) read: fn(&Value) -> Counts,
    /// False for embeddings: their vectors are no tokens.
    pub(crate) has_output: bool,
}

impl Meter<'_> {
    /// Returns the usage of a response of so many bytes, with its report if it has one.
    pub(crate) fn usage(&self, report: Option<&Value>, received: usize) -> Usage {
        let counts = report.map(self.read).unwrap_or_default();
        let is_unreported = counts.input == 0 || (self.has_output && counts.output == 0);
        let estimated = |count: i64, bytes: usize| match count {
            0 => tokens_of(bytes),
            count => count,
        };
        Usage {
            provider: self.provider.to_owned(),
            model: self.model.to_owned(),
            input_tokens: estimated(counts.input, self.sent),
            output_tokens: match self.has_output {
                true => estimated(counts.output, received),
                false => 0,
            },
            cached_tokens: counts.cached,
            cache_write_tokens: counts.cache_write,
            reasoning_tokens: counts.reasoning,
            is_estimate: is_unreported,
        }
    }
}

fn tokens_of(bytes: usize) -> i64 {
    i64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(i64::MAX)
}

/// Reads a count that is not negative: a number, a number with a fraction, or digits in a string.
pub(crate) fn count(report: &Value, name: &str) -> i64 {
    let value = match report.get(name) {
        Some(Value::String(text)) => serde_json::from_str(text.trim()).unwrap_or_default(),
        Some(value) => value.clone(),
        None => Value::Null,
    };
    let whole = value.as_i64().or_else(|| {
        let number = value.as_f64().filter(|number| number.is_finite())?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a conversion from float to integer saturates"
        )]
        let whole = number.ceil() as i64;
        Some(whole)
    });
    whole.unwrap_or(0).max(0)
}

/// Finds the report in a body that is no JSON as a whole, such as one that was cut off behind it.
pub(crate) fn report_in(body: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(body);
    text.match_indices("\"usage\"").find_map(|(at, name)| {
        let rest = text.get(at + name.len()..)?;
        let rest = rest.trim_start().strip_prefix(':')?;
        let mut values = Deserializer::from_str(rest).into_iter::<Value>();
        values.next()?.ok().filter(Value::is_object)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn meter() -> Meter<'static> {
        Meter {
            provider: "openai",
            model: "m",
            sent: 300,
            read: |report| Counts {
                input: count(report, "in"),
                output: count(report, "out"),
                ..Counts::default()
            },
            has_output: true,
        }
    }

    #[test]
    fn missing_counts_are_estimated_from_bytes() {
        let cases = [
            (json!({"in": 7, "out": 3}), (7, 3, false)),
            (json!({"in": 7}), (7, 20, true)),
            (json!({"in": 0, "out": 0}), (100, 20, true)),
            (json!({"in": -5, "out": null}), (100, 20, true)),
            (json!({"in": "7", "out": 2.2}), (7, 3, false)),
            (json!({"in": "many", "out": []}), (100, 20, true)),
            (json!("none"), (100, 20, true)),
        ];
        for (report, expected) in cases {
            let usage = meter().usage(Some(&report), 60);
            let found = (usage.input_tokens, usage.output_tokens, usage.is_estimate);
            assert_eq!(found, expected, "{report}");
        }
        let usage = meter().usage(None, 61);
        assert_eq!((usage.input_tokens, usage.output_tokens), (100, 21));
    }

    #[test]
    fn report_is_found_in_broken_bodies() {
        let found = report_in(br#"{"usage" : {"in": 7}, "choices": [{"mess"#);
        assert_eq!(found, Some(json!({"in": 7})));
        let second = report_in(br#"{"text": "\"usage\": none", "usage": {"in": 8}"#);
        assert_eq!(second, Some(json!({"in": 8})));
        assert_eq!(report_in(br#"{"usage": {"in": 7"#), None);
        assert_eq!(report_in(b"\xff\"usage\""), None);
    }
}
