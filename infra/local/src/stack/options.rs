//! Options of a stack: its parts, server, database and limits.
//!
//! The defaults are those of `goalpost up`; [`StackOptions::for_tests`] returns a test's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::limits::FunctionLimits;
use crate::binaries::{Binaries, FUNCTIONS};
use crate::fault_hook::FaultHook;
use crate::home::Home;
use crate::keys::ProjectKeys;
use crate::progress::Progress;

/// The database of `goalpost up`.
pub const DATABASE: &str = "goalpost";
/// The API port of `supabase start`.
const USUAL_PORT: u16 = 54321;

/// The largest timeout on AWS (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const LONGEST_INVOCATION: Duration = Duration::from_secs(900);
/// The period of the wakes from outside the database.
const USUAL_SCHEDULE: Duration = Duration::from_secs(60);

/// The state of an optional part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It runs.
    On,
    /// It is left out.
    Off,
}

/// The way of wakes from the database to the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// To each function's URL.
    Direct,
    /// To the gateway, which sends them to the functions' queues.
    Queue,
}

/// The choice of a Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerChoice {
    /// The stack's own cluster, whose data stays.
    Stack,
    /// A cluster that is removed with the stack.
    Throwaway,
    /// The server that all tests of this process share.
    SharedByTests,
}

/// The choice of a database on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseChoice {
    /// This one, created and seeded if it is missing; migrated if migrations are new.
    Kept(String),
    /// This one, created anew.
    Fresh(String),
    /// Migrated and seeded under a name of its own; dropped with its stack, or with the server that tests share.
    Clone,
}

/// The port of the gateway on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// This one, or a free one if it is taken.
    Preferred(u16),
    /// This one and no other.
    Exactly(u16),
    /// Any free one.
    Any,
}

/// Environment variables about models, beside the keys; passed on to every function.
pub const MODEL_VARIABLES: [&str; 10] = [
    "ANTHROPIC_BASE_URL",
    "GOALPOST_EMBEDDING_MODEL",
    "GOALPOST_EMBEDDING_BASE_URL",
    "GOALPOST_EMBEDDING_INPUT",
    "GOALPOST_FALLBACK_MODEL",
    "GOALPOST_MAX_OUTPUT_TOKENS",
    "GOALPOST_MODEL",
    "GOALPOST_MODEL_LONGEST_WAIT_SECONDS",
    "GOALPOST_MODEL_TIMEOUT_SECONDS",
    "OPENAI_BASE_URL",
];

/// Other variables of the operator's environment that the functions read.
const OPERATOR_VARIABLES: [&str; 4] = [
    "GOALPOST_ALLOWED_ORIGINS",
    "GOALPOST_EMAIL_FROM",
    "GOALPOST_EMAIL_URL",
    "GOALPOST_PRIVATE_HOSTS",
];

/// Options of [`Stack::start`](super::Stack::start).
#[derive(Clone)]
pub struct StackOptions {
    /// The state folder; found automatically if not given.
    pub home: Option<Home>,
    /// The Postgres.
    pub server: ServerChoice,
    /// Settings of Postgres (`name=value`) beside the usual ones; the shared server of tests has none.
    pub postgres_settings: Vec<String>,
    /// The database.
    pub database: DatabaseChoice,
    /// The port.
    pub port: Port,
    /// The project's keys; new ones if not given.
    pub keys: Option<ProjectKeys>,
    /// The functions' binaries; built if not given.
    pub binaries: Option<Binaries>,
    /// Limits by function, where they differ from the usual ones.
    pub limits: BTreeMap<String, FunctionLimits>,
    /// More environment for every function, as `OPENAI_BASE_URL`.
    pub environment: BTreeMap<String, String>,
    /// The key of an OpenAI-compatible provider, if there is one.
    pub openai_api_key: Option<SecretString>,
    /// Anthropic's key, if there is one.
    pub anthropic_api_key: Option<SecretString>,
    /// The key of a mail provider, if there is one.
    pub email_api_key: Option<SecretString>,
    /// The mail provider of this machine, which shows mails on a page.
    pub mail: Switch,
    /// The secrets that wakes are signed with, several during a rotation (newest first, separated by a space); a new
    /// one if not given.
    pub wake_secret: Option<SecretString>,
    /// The way of wakes.
    pub transport: Transport,
    /// The sender of `net.http_post`: without it no wake arrives.
    pub pg_net: Switch,
    /// The clock of `cron.job`: without it there is no sweep from inside.
    pub cron: Switch,
    /// The period of wakes of each function from outside; none: never.
    pub outside_schedules: Option<Duration>,
    /// The source of faults; none: no faults are injected.
    pub faults: Option<Arc<dyn FaultHook>>,
    /// The reporter of progress.
    pub progress: Progress,
}

impl StackOptions {
    /// Returns the options of `goalpost up`: its own cluster, the usual ports, everything on, keys from the
    /// environment.
    #[must_use]
    pub fn for_people(home: Home, progress: Progress) -> Self {
        Self::with_environment(home, progress, given)
    }

    fn with_environment(
        home: Home,
        progress: Progress,
        given: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let environment = MODEL_VARIABLES
            .iter()
            .chain(&OPERATOR_VARIABLES)
            .filter_map(|name| Some(((*name).to_owned(), given(name)?)));
        Self {
            home: Some(home),
            server: ServerChoice::Stack,
            postgres_settings: Vec::new(),
            database: DatabaseChoice::Kept(DATABASE.to_owned()),
            port: Port::Preferred(USUAL_PORT),
            keys: None,
            binaries: None,
            limits: FUNCTIONS.into_iter().map(with_longest_timeout).collect(),
            environment: environment.collect(),
            openai_api_key: given("OPENAI_API_KEY").map(SecretString::from),
            anthropic_api_key: given("ANTHROPIC_API_KEY").map(SecretString::from),
            email_api_key: given("EMAIL_API_KEY").map(SecretString::from),
            mail: Switch::Off,
            wake_secret: None,
            transport: Transport::Direct,
            pg_net: Switch::On,
            cron: Switch::On,
            outside_schedules: Some(USUAL_SCHEDULE),
            faults: None,
            progress,
        }
    }

    /// Returns the options of one test: the shared server, a database of its own, any port, wakes on, both clocks off,
    /// so that nothing runs without the test's request.
    #[must_use]
    pub fn for_tests() -> Self {
        Self {
            home: None,
            server: ServerChoice::SharedByTests,
            postgres_settings: Vec::new(),
            database: DatabaseChoice::Clone,
            port: Port::Any,
            keys: None,
            binaries: None,
            limits: BTreeMap::new(),
            environment: BTreeMap::new(),
            openai_api_key: None,
            anthropic_api_key: None,
            email_api_key: None,
            mail: Switch::Off,
            wake_secret: None,
            transport: Transport::Direct,
            pg_net: Switch::On,
            cron: Switch::Off,
            outside_schedules: None,
            faults: None,
            progress: Progress::quiet(),
        }
    }
}

/// Returns the limits of a function with AWS's longest timeout: a reasoning model takes minutes for a plan.
fn with_longest_timeout(function: &str) -> (String, FunctionLimits) {
    let limits = FunctionLimits {
        timeout: LONGEST_INVOCATION,
        ..FunctionLimits::of(function)
    };
    (function.to_owned(), limits)
}

/// Returns a variable of this process, if it is not empty.
#[must_use]
pub fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use secrecy::ExposeSecret as _;

    use super::*;

    fn options_of(given: impl Fn(&str) -> Option<String>) -> StackOptions {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        std::fs::create_dir_all(&workspace).unwrap();
        let home = Home::at(workspace, &folder.path().join("home")).unwrap();
        StackOptions::with_environment(home, Progress::quiet(), given)
    }

    #[test]
    fn functions_receive_variables_named_in_their_errors() {
        let options = options_of(|name| Some(format!("value of {name}")));
        for name in [
            "GOALPOST_EMAIL_FROM",
            "GOALPOST_EMAIL_URL",
            "GOALPOST_MODEL",
            "GOALPOST_PRIVATE_HOSTS",
        ] {
            assert_eq!(options.environment[name], format!("value of {name}"));
        }
        let key = options.email_api_key.unwrap();
        assert_eq!(key.expose_secret(), "value of EMAIL_API_KEY");
        assert!(options_of(|_| None).environment.is_empty());
    }

    #[test]
    fn functions_of_people_have_the_longest_timeout() {
        let options = options_of(|_| None);
        assert_eq!(options.limits.len(), FUNCTIONS.len());
        for (function, limits) in &options.limits {
            assert_eq!(limits.timeout.as_secs(), 900, "{function}");
        }
    }
}
