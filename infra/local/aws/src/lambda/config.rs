//! Configuration of the host: its functions, and the limits of each.
//!
//! The defaults are those of AWS, except where a person would have to wait a minute; each such difference is
//! documented.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use secrecy::SecretString;

/// Largest synchronous request, in bytes, as AWS counts it.
pub const MAX_REQUEST_BYTES: usize = 6_291_456;
/// Largest response, in bytes. AWS allows a little more for it than for the request.
pub const MAX_RESPONSE_BYTES: usize = 6_291_556;
/// Largest payload of an `Event` invocation, in bytes.
pub const MAX_EVENT_BYTES: usize = 1_048_576;

/// Configuration of a [`Host`](super::Host).
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The functions that may be invoked.
    pub functions: Vec<FunctionConfig>,
    /// The folder of the `<function>.log` files; created if it is missing.
    pub log_folder: PathBuf,
    /// The `AWS_SESSION_TOKEN` of every sandbox, which the secrets endpoint requires.
    pub session_token: SecretString,
    /// The key that the Invoke API requires of its callers (`Authorization: Bearer`), in place of a signature by IAM
    /// credentials.
    pub invoke_key: SecretString,
    /// Named in ARNs and in the sandboxes' environment.
    pub region: String,
    /// Twelve digits, named in ARNs.
    pub account_id: String,
    /// The lifetime of a sandbox without work. AWS does not document it; minutes have been observed.
    pub idle_sandbox_lifetime: Duration,
    /// The time limit for a sandbox until it requests its first invocation (AWS: 10 s).
    pub init_timeout: Duration,
    /// The pauses before the retries of a failed `Event` invocation; their number is the number of
    /// retries (AWS: 1 min and 2 min).
    pub event_retry_pauses: Vec<Duration>,
}

impl HostConfig {
    /// Creates a host without functions, with a fresh session token and a fresh invoke key.
    pub fn new(log_folder: impl Into<PathBuf>) -> Self {
        Self {
            functions: Vec::new(),
            log_folder: log_folder.into(),
            session_token: SecretString::from(uuid::Uuid::new_v4().simple().to_string()),
            invoke_key: SecretString::from(uuid::Uuid::new_v4().simple().to_string()),
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            idle_sandbox_lifetime: Duration::from_secs(300),
            init_timeout: Duration::from_secs(10),
            event_retry_pauses: vec![Duration::from_secs(1), Duration::from_secs(2)],
        }
    }
}

/// Configuration of one function.
#[derive(Clone, Debug)]
pub struct FunctionConfig {
    /// The deployed name; appears in URLs, so letters, digits, `-` and `_` only.
    pub name: String,
    /// The program to run: `bootstrap` in a deployed zip.
    pub program: PathBuf,
    /// The function's own environment variables (never secrets: those are read at run time).
    pub environment: BTreeMap<String, String>,
    /// The time limit of one invocation, after which its sandbox is killed (AWS default: 3 s).
    pub timeout: Duration,
    /// The cap on sandboxes: AWS calls it reserved concurrency. At least 1.
    pub max_sandboxes: usize,
    /// The memory size that the function reads from its environment; nothing here enforces it.
    pub memory_megabytes: u32,
    /// 1 for default functions. More than 1 behaves as Lambda Managed Instances do: several
    /// invocations at once, never frozen, and a timeout ends one invocation but not its sandbox.
    pub invocations_per_sandbox: usize,
    /// The number of synchronous invocations that may wait once the cap is reached, before callers receive 429. AWS
    /// allows none. `Event` invocations always wait.
    pub max_waiting: usize,
}

impl FunctionConfig {
    /// Creates a function with AWS's defaults and ten sandboxes.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(3),
            max_sandboxes: 10,
            memory_megabytes: 128,
            invocations_per_sandbox: 1,
            max_waiting: 0,
        }
    }

    /// Returns the number of synchronous invocations that may be running or waiting.
    pub(super) fn admitted(&self) -> usize {
        self.max_sandboxes * self.invocations_per_sandbox + self.max_waiting
    }

    /// Returns true if sandboxes run between invocations and survive a timeout.
    pub(super) fn is_managed_instance(&self) -> bool {
        self.invocations_per_sandbox > 1
    }

    /// Refuses a configuration that could never run.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        anyhow::ensure!(
            !self.name.is_empty() && self.name.len() <= 64 && self.name.chars().all(plain),
            "the function name {:?} is not usable: use 1 to 64 letters, digits, '-' and '_'",
            self.name
        );
        anyhow::ensure!(
            self.program.is_file(),
            "the function {} has no program at {}: build it first (cargo build -p {})",
            self.name,
            self.program.display(),
            self.name
        );
        anyhow::ensure!(
            self.max_sandboxes > 0 && self.invocations_per_sandbox > 0,
            "the function {} could never run: max_sandboxes and invocations_per_sandbox must be at least 1",
            self.name
        );
        Ok(())
    }
}
