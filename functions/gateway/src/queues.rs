//! The queues of the functions, from `GOALPOST_QUEUES`.

use std::collections::BTreeMap;

use runtime::Environment;
use url::Url;

const VARIABLE: &str = "GOALPOST_QUEUES";

/// A queue and the endpoint of its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// The queue's URL, such as `https://sqs.eu-central-1.amazonaws.com/123456789012/goalpost-executor`.
    pub url: Url,
    /// The URL without account and name.
    pub endpoint: Url,
}

/// The queue of each function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queues(BTreeMap<String, Queue>);

impl Queues {
    /// Reads `GOALPOST_QUEUES`: `<function>=<queue URL>` pairs, separated by commas.
    pub fn read(environment: &mut Environment) -> Self {
        environment.required(VARIABLE);
        let mut queues = BTreeMap::new();
        for pair in environment.list(VARIABLE) {
            match parse(&pair) {
                Some((function, queue)) => drop(queues.insert(function, queue)),
                None => environment.problem(&format!(
                    "{VARIABLE} has an entry that is not <function>=<queue URL>"
                )),
            }
        }
        Self(queues)
    }

    /// Returns the names of the functions that have a queue.
    pub fn functions(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// Returns the queue of a function.
    #[must_use]
    pub fn get(&self, function: &str) -> Option<&Queue> {
        self.0.get(function)
    }
}

fn parse(pair: &str) -> Option<(String, Queue)> {
    let (function, url) = pair.split_once('=')?;
    let url: Url = url.trim().parse().ok()?;
    let mut endpoint = url.clone();
    // The last two parts of the path are the account and the queue's name.
    endpoint.path_segments_mut().ok()?.pop().pop();
    let is_queue = url.path_segments()?.filter(|part| !part.is_empty()).count() >= 2;
    let function = function.trim();
    (is_queue && !function.is_empty()).then(|| (function.to_owned(), Queue { url, endpoint }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<Queues, runtime::ConfigError> {
        let mut environment: Environment = [(VARIABLE, text)].into_iter().collect();
        let queues = Queues::read(&mut environment);
        environment.finish(queues)
    }

    #[test]
    fn endpoint_is_the_url_without_account_and_name() {
        for (url, endpoint) in [
            (
                "https://sqs.eu-central-1.amazonaws.com/123456789012/goalpost-executor",
                "https://sqs.eu-central-1.amazonaws.com/",
            ),
            (
                "http://127.0.0.1:54321/sqs/000000000000/goalpost-executor",
                "http://127.0.0.1:54321/sqs",
            ),
        ] {
            let queues = read(&format!(" executor={url} ,planner={url}")).unwrap();
            assert_eq!(queues.get("executor").unwrap().endpoint.as_str(), endpoint);
            assert_eq!(queues.functions().count(), 2);
        }
    }

    #[test]
    fn malformed_entries_are_refused_without_their_text() {
        for text in [
            "",
            "executor",
            "executor=canary",
            "executor=https://canary/name",
            "=https://canary/1/name",
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(VARIABLE), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
