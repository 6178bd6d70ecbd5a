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
    /// Where `http_get` and `webhook` may go.
    pub http: HttpPolicy,
}

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
    let config = ExecutorConfig {
        common: Config::read(&mut environment),
        model,
        http: HttpPolicy {
            private_hosts: private_hosts(&mut environment),
            ..HttpPolicy::default()
        },
    };
    environment.finish(config)
}

/// `GOALPOST_PRIVATE_HOSTS`: `host:port` pairs that `webhook` may call though they are inside one's own network.
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
