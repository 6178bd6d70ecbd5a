//! Reads the environment, once, at the start. One error names every variable that is missing or malformed, so that a
//! deployment is repaired in one go.

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use secrecy::SecretString;

/// The environment lacks required variables, or has malformed ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is incomplete: {}; set these variables on the function", .problems.join("; "))]
pub struct ConfigError {
    /// One sentence per variable. Values are not repeated, they might be secrets.
    pub problems: Vec<String>,
}

/// The environment, with the problems found so far.
pub struct Environment {
    variables: HashMap<String, String>,
    problems: Vec<String>,
}

impl Environment {
    /// Reads the process's environment. Variables that are not UTF-8 count as missing.
    #[must_use]
    pub fn from_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            variables,
            problems: Vec::new(),
        }
    }

    /// Returns a variable that must be set. If it is not, the result is empty and [`Environment::finish`] reports it.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problems.push(format!("{name} is missing"));
            String::new()
        })
    }

    /// Returns a variable that may be set. An empty one counts as absent.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        self.variables
            .get(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    /// Returns a list separated by commas; absent is empty.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        self.optional(name)
            .unwrap_or_default()
            .split(',')
            .map(|item| item.trim().to_owned())
            .filter(|item| !item.is_empty())
            .collect()
    }

    /// Records a problem of a variable, without its value, for [`Environment::finish`].
    pub fn problem(&mut self, sentence: &str) {
        self.problems.push(sentence.to_owned());
    }

    /// Returns a value with a default, within bounds.
    pub fn parsed<T>(&mut self, name: &str, default: T, bounds: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.optional(name) else {
            return default;
        };
        match text.parse() {
            Ok(value) if bounds.contains(&value) => value,
            _ => {
                self.problems.push(format!(
                    "{name} is not a number from {} to {}",
                    bounds.start(),
                    bounds.end()
                ));
                default
            }
        }
    }

    /// Returns the value that was read with it, unless there was a problem.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem found.
    pub fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() {
            return Ok(value);
        }
        Err(ConfigError {
            problems: self.problems,
        })
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self {
            variables: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            problems: Vec::new(),
        }
    }
}

/// The place of the secrets, and the way to them.
#[derive(Debug, Clone)]
pub struct SecretsConfig {
    /// `GOALPOST_SECRETS_PREFIX`, for example `/goalpost/production`.
    pub prefix: String,
    /// `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`; AWS's default is 2773.
    pub extension_port: u16,
    /// `AWS_SESSION_TOKEN`, which the extension requires.
    pub session_token: SecretString,
}

impl SecretsConfig {
    /// Reads the variables of the secrets: all that the gateway and the rotation share with the other functions.
    pub fn read(environment: &mut Environment) -> Self {
        Self {
            prefix: environment.required("GOALPOST_SECRETS_PREFIX"),
            session_token: environment.required("AWS_SESSION_TOKEN").into(),
            extension_port: environment.parsed(
                "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT",
                2773,
                1..=u16::MAX,
            ),
        }
    }
}

/// The configuration that the functions which work on steps share.
#[derive(Debug, Clone)]
pub struct Config {
    /// `SUPABASE_URL`.
    pub supabase_url: String,
    /// `SUPABASE_PUBLISHABLE_KEY`.
    pub publishable_key: String,
    /// The place of the secrets.
    pub secrets: SecretsConfig,
    /// `GOALPOST_BATCH`: the steps that one invocation works on at once.
    pub batch: usize,
    /// `GOALPOST_LEASE_SECONDS`: the length of a lease without a heartbeat.
    pub lease_seconds: u32,
    /// The sandbox, from `AWS_LAMBDA_LOG_STREAM_NAME`, or the function's name: identifies the worker in rows.
    pub worker_name: String,
}

impl Config {
    /// Reads the common part. A function reads its own variables from the same environment, then finishes it.
    pub fn read(environment: &mut Environment) -> Self {
        let worker_name = environment
            .optional("AWS_LAMBDA_LOG_STREAM_NAME")
            .map(|stream| sandbox_of(&stream).to_owned())
            .or_else(|| environment.optional("AWS_LAMBDA_FUNCTION_NAME"));
        Self {
            supabase_url: environment.required("SUPABASE_URL"),
            publishable_key: environment.required("SUPABASE_PUBLISHABLE_KEY"),
            secrets: SecretsConfig::read(environment),
            batch: environment.parsed("GOALPOST_BATCH", 10, 1..=100),
            lease_seconds: environment.parsed("GOALPOST_LEASE_SECONDS", 30, 5..=900),
            worker_name: worker_name.unwrap_or_else(|| "unnamed".to_owned()),
        }
    }
}

/// Returns the part of a log stream's name that identifies the sandbox: `2026/11/22/[$LATEST]0123456789abcdef…` gives
/// the first 8 digits. The rest is the date and the version; it would be written with every step, twice.
fn sandbox_of(stream: &str) -> &str {
    let name = stream.rsplit(']').next().unwrap_or(stream);
    name.get(..8).unwrap_or(name)
}

/// Checks Lambda's own variables: `lambda_runtime` panics where they are missing, with a message that does not help.
pub(crate) fn check_lambda(environment: &mut Environment) -> Result<(), ConfigError> {
    for name in [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
    ] {
        environment.required(name);
    }
    let mut problems = std::mem::take(&mut environment.problems);
    if problems.is_empty() {
        return Ok(());
    }
    problems
        .push("Lambda sets these: start the function there or with `cargo goalpost up`".to_owned());
    Err(ConfigError { problems })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    use super::*;

    const COMPLETE: [(&str, &str); 4] = [
        ("SUPABASE_URL", "https://abc.supabase.co"),
        ("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_x"),
        ("GOALPOST_SECRETS_PREFIX", "/goalpost/local"),
        ("AWS_SESSION_TOKEN", "session"),
    ];

    #[test]
    fn every_bad_variable_is_named_at_once() {
        let mut environment: Environment = [
            ("SUPABASE_URL", " "),
            ("GOALPOST_BATCH", "0"),
            ("GOALPOST_LEASE_SECONDS", "soon"),
        ]
        .into_iter()
        .collect();
        let config = Config::read(&mut environment);
        let text = environment.finish(config).unwrap_err().to_string();
        for part in [
            "SUPABASE_URL is missing",
            "SUPABASE_PUBLISHABLE_KEY is missing",
            "GOALPOST_SECRETS_PREFIX is missing",
            "AWS_SESSION_TOKEN is missing",
            "GOALPOST_BATCH is not a number from 1 to 100",
            "GOALPOST_LEASE_SECONDS is not a number from 5 to 900",
        ] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }

    #[test]
    fn unset_variables_get_defaults() {
        let mut environment: Environment = COMPLETE.into_iter().collect();
        let config = Config::read(&mut environment);
        let config = environment.finish(config).unwrap();
        assert_eq!(
            (
                config.batch,
                config.lease_seconds,
                config.secrets.extension_port
            ),
            (10, 30, 2773)
        );
    }

    #[test]
    fn debug_output_of_config_hides_session_token() {
        let mut environment: Environment = COMPLETE.into_iter().collect();
        environment
            .variables
            .insert("AWS_SESSION_TOKEN".to_owned(), "canary".to_owned());
        assert!(!format!("{:?}", Config::read(&mut environment)).contains("canary"));
    }

    #[test]
    fn worker_name_comes_from_log_stream() {
        for (stream, name) in [
            (
                "2026/11/22/[$LATEST]0123456789abcdef0123456789abcdef",
                "01234567",
            ),
            ("2026/11/22/[7]short", "short"),
            ("local", "local"),
            ("[$LATEST]ümlaut-in-no-stream", "ümlaut-"),
        ] {
            assert_eq!(sandbox_of(stream), name, "{stream}");
        }
    }

    #[test]
    fn list_is_split_at_commas_and_trimmed() {
        let environment: Environment = [("HOSTS", " a.org, ,b.org ")].into_iter().collect();
        assert_eq!(environment.list("HOSTS"), ["a.org", "b.org"]);
        assert!(environment.list("NONE").is_empty());
    }

    #[test]
    fn start_outside_lambda_explains_itself() {
        let error = check_lambda(&mut COMPLETE.into_iter().collect()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("AWS_LAMBDA_RUNTIME_API is missing")
        );
        assert!(error.to_string().contains("cargo goalpost up"));
    }
}
