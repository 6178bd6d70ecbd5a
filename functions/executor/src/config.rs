//! Configuration of the executor, in addition to that of all functions.

use domain::PrivateHosts;
use domain::private_hosts::PRIVATE_HOSTS;
use llm::ModelConfig;
use runtime::{Config, Environment};
use tools::HttpPolicy;

/// The executor's configuration.
pub struct ExecutorConfig {
    /// The language model; its keys are secrets, read later.
    pub model: ModelConfig,
    /// `GOALPOST_LONGEST_CONVERSATION_BYTES`: longer conversations of agents are summarized.
    pub longest_conversation_bytes: usize,
    /// The policy of the tools that use HTTP.
    pub http: HttpPolicy,
    /// The mail provider; without it, no mail is sent.
    pub email: Option<Email>,
}

/// The mail provider; its key is a secret, read later.
#[derive(Debug, PartialEq, Eq)]
pub struct Email {
    /// `GOALPOST_EMAIL_URL`: the provider's endpoint.
    pub url: String,
    /// `GOALPOST_EMAIL_FROM`: the sender.
    pub from: String,
}

/// About four times the number of tokens: half of the context of smaller models.
const LONGEST_CONVERSATION_BYTES: usize = 240_000;

impl ExecutorConfig {
    /// Reads the executor's own variables.
    pub(crate) fn read(environment: &mut Environment, common: &Config) -> Self {
        Self {
            model: journal::read_model_config(environment),
            longest_conversation_bytes: environment.parsed(
                "GOALPOST_LONGEST_CONVERSATION_BYTES",
                LONGEST_CONVERSATION_BYTES,
                1..=100_000_000,
            ),
            http: HttpPolicy {
                private_hosts: private_hosts(environment),
                denied_hosts: own_host(&common.supabase_url).into_iter().collect(),
                ..HttpPolicy::default()
            },
            email: email(environment),
        }
    }
}

/// Returns the host of the project's own API, which no tool may call: a key or token of another user would be used
/// there. An address (as a local stack has) is none of a public host, and refused for that.
fn own_host(supabase_url: &str) -> Option<String> {
    let (_, rest) = supabase_url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host
        .split(':')
        .next()?
        .trim_end_matches('.')
        .to_ascii_lowercase();
    let is_name = host.contains('.') && host.parse::<std::net::IpAddr>().is_err();
    is_name.then_some(host)
}

/// Reads `GOALPOST_EMAIL_URL` and `GOALPOST_EMAIL_FROM`, both or neither.
fn email(environment: &mut Environment) -> Option<Email> {
    let url = environment.optional("GOALPOST_EMAIL_URL");
    let from = environment.optional("GOALPOST_EMAIL_FROM");
    match (url, from) {
        (Some(url), Some(from)) => Some(Email { url, from }),
        (None, None) => None,
        _ => {
            environment.problem(
                "GOALPOST_EMAIL_URL and GOALPOST_EMAIL_FROM are set together, or neither is",
            );
            None
        }
    }
}

/// Reads `GOALPOST_PRIVATE_HOSTS`: the hosts inside the operator's network that tools may call, and for which
/// workspaces.
fn private_hosts(environment: &mut Environment) -> PrivateHosts {
    let text = environment.optional(PRIVATE_HOSTS).unwrap_or_default();
    PrivateHosts::parse(&text).unwrap_or_else(|error| {
        environment.problem(&error.to_string());
        PrivateHosts::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn own_host_is_denied_unless_an_address() {
        assert_eq!(
            own_host("https://Abc.supabase.co/").as_deref(),
            Some("abc.supabase.co")
        );
        assert_eq!(
            own_host("https://abc.supabase.co.:443").as_deref(),
            Some("abc.supabase.co")
        );
        for local in [
            "http://127.0.0.1:54321",
            "http://localhost:54321",
            "nonsense",
            "",
        ] {
            assert_eq!(own_host(local), None, "{local}");
        }
    }

    #[test]
    fn mail_requires_provider_and_sender() {
        let read = |pairs: &[(&str, &str)]| {
            let mut environment: Environment = pairs.iter().copied().collect();
            let email = email(&mut environment);
            environment.finish(email)
        };
        let (url, from) = (
            ("GOALPOST_EMAIL_URL", "https://m.example/"),
            ("GOALPOST_EMAIL_FROM", "a@b.example"),
        );
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(
            read(&[url, from])
                .unwrap()
                .map(|email| email.from)
                .as_deref(),
            Some("a@b.example")
        );
        for half in [url, from] {
            assert!(
                read(&[half])
                    .unwrap_err()
                    .to_string()
                    .contains("set together")
            );
        }
    }

    #[test]
    fn private_host_without_workspace_is_a_problem() {
        let read = |text: &str| {
            let mut environment: Environment = [(PRIVATE_HOSTS, text)].into_iter().collect();
            let hosts = private_hosts(&mut environment);
            environment.finish(hosts)
        };
        let named = "127.0.0.1:80=3f2504e0-4f89-41d3-9a0c-0305e82c3301";
        assert_eq!(read(named).unwrap().len(), 1);
        assert!(read("").unwrap().is_empty());
        let error = read("hooks.local:80").unwrap_err().to_string();
        assert!(error.contains("host[:port]=<workspace id>"), "{error}");
    }
}
