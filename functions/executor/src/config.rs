//! What the executor reads from its environment, beside what all functions read.

use std::collections::BTreeSet;

use model::ModelConfig;
use runtime::{Config, ConfigError, Environment};
use tools::HttpPolicy;

/// The executor's configuration.
pub struct ExecutorConfig {
    /// What all functions have in common.
    pub common: Config,
    /// The language model; its keys are secrets and come later.
    pub model: ModelConfig,
    /// A conversation of an agent that is longer is summed up: `GOALPOST_LONGEST_CONVERSATION_BYTES`.
    pub longest_conversation_bytes: usize,
    /// Where the tools that speak HTTP may go.
    pub http: HttpPolicy,
    /// How mails are sent; without it, none are.
    pub email: Option<Email>,
}

/// The mail provider; its key is a secret and comes later.
#[derive(Debug, PartialEq, Eq)]
pub struct Email {
    /// `GOALPOST_EMAIL_URL`: where a mail is posted to.
    pub url: String,
    /// `GOALPOST_EMAIL_FROM`: who sends.
    pub from: String,
}

/// A quarter as many tokens, about: half of what smaller models can read.
const LONGEST_CONVERSATION_BYTES: usize = 240_000;

/// Reads it.
///
/// # Errors
/// Names everything that is missing.
pub fn from_env() -> Result<ExecutorConfig, ConfigError> {
    let mut environment = Environment::from_process();
    let (model, problems) = ModelConfig::read(|name| environment.optional(name));
    for problem in &problems {
        environment.problem(problem);
    }
    let common = Config::read(&mut environment);
    let longest = environment.parsed(
        "GOALPOST_LONGEST_CONVERSATION_BYTES",
        LONGEST_CONVERSATION_BYTES,
        1..=100_000_000,
    );
    let config = ExecutorConfig {
        model,
        longest_conversation_bytes: longest,
        http: HttpPolicy {
            private_hosts: private_hosts(&mut environment),
            denied_hosts: own_host(&common.supabase_url).into_iter().collect(),
            ..HttpPolicy::default()
        },
        email: email(&mut environment),
        common,
    };
    environment.finish(config)
}

/// The project's own API, which no tool calls: a key or token of somebody else's would be used there. An address (as a
/// local stack has) is none of a public host, and refused for that.
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

/// `GOALPOST_EMAIL_URL` and `GOALPOST_EMAIL_FROM`, both or neither.
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

/// `GOALPOST_PRIVATE_HOSTS`: `host:port` pairs that `webhook`, `http`, MCP and mail may call though they are inside one's own network.
fn private_hosts(environment: &mut Environment) -> BTreeSet<String> {
    let hosts = environment.list("GOALPOST_PRIVATE_HOSTS");
    let is_pair = |entry: &String| {
        entry.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok()
        })
    };
    if !hosts.iter().all(is_pair) {
        environment
            .problem("GOALPOST_PRIVATE_HOSTS is not a list of host:port, separated by commas");
    }
    hosts.iter().map(|host| host.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_projects_own_host_is_denied_and_an_address_is_not_a_host() {
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
    fn mail_needs_a_provider_and_a_sender() {
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
    fn private_hosts_are_pairs_of_host_and_port() {
        let read = |text: &str| {
            let mut environment: Environment =
                [("GOALPOST_PRIVATE_HOSTS", text)].into_iter().collect();
            let hosts = private_hosts(&mut environment);
            environment.finish(hosts)
        };
        assert_eq!(
            read("127.0.0.1:80, Hooks.local:8080").unwrap(),
            ["127.0.0.1:80".to_owned(), "hooks.local:8080".to_owned()].into()
        );
        assert!(read("").unwrap().is_empty());
        for wrong in [
            "hooks.local",
            "hooks.local:",
            ":80",
            "http://hooks.local:80",
            "a:80,b",
            "a:99999",
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(
                error.contains("GOALPOST_PRIVATE_HOSTS is not a list"),
                "{wrong}: {error}"
            );
        }
    }
}
