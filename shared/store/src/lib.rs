//! Client of the database for the functions: one Rust function per SQL function, of the same name.
//!
//! Nothing here decides. State changes in SQL, each call is one transaction, and a refusal of the database comes back
//! as an [`Error`] variant that a caller can branch on (mapped from the SQLSTATE, never from message text). This is the
//! only crate that uses `postgrest`, which builds requests and sends none (`http`). Payloads too large for a row are objects of Supabase Storage (`objects`,
//! `payload`), reached with the same token.

mod call;
mod ended_calls;
mod error;
mod header_text;
mod http;
mod journal;
mod memory;
mod notifications;
mod objects;
mod payload;
mod people;
mod rows;
mod runbooks;
mod token;
mod tool_calls;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use postgrest::Postgrest;

use header_text::is_visible_ascii;

pub use call::NO_REPLY;
pub use domain::StepError;
pub use error::{Effect, Error};
pub use journal::{
    CallsBegun, FailedAttempt, JournalRows, Learned, LimitWait, ModelCall, TurnBegun, TurnEnd,
    TurnEnded, TurnRow,
};
pub use memory::{Embedding, MemoriesToEmbed, Memory, MemoryQuery, MemoryToEmbed};
pub use notifications::{LinkDecided, LinkedDecision, NotificationEnd, NotificationOutcome};
pub use objects::MAX_OBJECT_BYTES;
pub use people::{AcceptedRequest, NewRequest, RequestRow};
pub use rows::{
    Claim, ClaimedStep, FinishReply, FinishedStep, FoldReport, ForgetReport, HeldLease, Judged,
    Lease, MessageReply, Outcome, QueryProblem, QueryResult, SweepReport, Verdict,
};
pub use runbooks::{EmbeddedRunbooks, MatchedQuestion, RunbookToEmbed, RunbooksToEmbed};
pub use token::{Freshness, TokenError, TokenFuture, TokenSource};
pub use tool_calls::TableWrite;

/// The largest reply that is read, in bytes. A longer one is an error, not a full memory.
pub const MAX_REPLY_BYTES: usize = 16 * 1024 * 1024;

/// The largest JSON text, in bytes, that stays in its row unless configured otherwise.
pub const DEFAULT_INLINE_BYTES: usize = 65_536;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The address and key of the project, and the time limits of calls.
#[derive(Debug, Clone)]
pub struct Config {
    /// The project's URL, for example `https://abc.supabase.co`; `/rest/v1` is added here.
    pub url: String,
    /// The publishable key, sent as `apikey`. It is no secret and grants nothing by itself.
    pub publishable_key: String,
    /// The longest a call may take, each attempt counted for itself.
    pub timeout: Duration,
    /// The same for `claim_steps` and `finish_steps`, which do more.
    pub claim_timeout: Duration,
    /// The largest JSON text, in bytes, that a payload may have and stay in its row (see [`Store::keep`]).
    pub inline_bytes: usize,
}

impl Config {
    /// Creates a configuration with the default limits (10 s, [`DEFAULT_INLINE_BYTES`]).
    #[must_use]
    pub fn new(url: String, publishable_key: String) -> Self {
        Self {
            url,
            publishable_key,
            timeout: DEFAULT_TIMEOUT,
            claim_timeout: DEFAULT_TIMEOUT,
            inline_bytes: DEFAULT_INLINE_BYTES,
        }
    }
}

/// The connection to one Supabase project. Cheap to clone: clones share their connections.
#[derive(Clone)]
pub struct Store {
    client: Postgrest,
    http: Arc<http::LazyClient>,
    config: Arc<Config>,
    worker_token: Arc<dyn TokenSource>,
}

impl Store {
    /// Builds the client of a function. Build it once, before the run loop: it holds the connections, the first of which a call opens.
    ///
    /// `worker_token` provides the token of role `goalpost_worker` before each worker call, and a renewed one after a
    /// 401.
    ///
    /// # Errors
    /// [`Error::Misconfigured`] if the URL or the key cannot be sent at all.
    pub fn new(config: Config, worker_token: Arc<dyn TokenSource>) -> Result<Self, Error> {
        let client = client(&config)?;
        Ok(Self {
            client,
            http: Arc::default(),
            config: Arc::new(config),
            worker_token,
        })
    }

    /// Returns a client of the same project over connections of its own.
    ///
    /// A connection is driven by the tokio runtime that opened it. A caller on another runtime (the heartbeat, which
    /// busy steps must not starve) needs connections that belong to that runtime.
    #[must_use]
    pub fn with_own_connections(&self) -> Self {
        Self {
            http: Arc::default(),
            ..self.clone()
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("url", &self.config.url)
            .finish_non_exhaustive()
    }
}

/// Builds the client. `postgrest` panics on values that cannot stand in a header, so they are checked first.
fn client(config: &Config) -> Result<Postgrest, Error> {
    let url = config.url.trim_end_matches('/');
    let has_host = ["https://", "http://"]
        .iter()
        .filter_map(|scheme| url.strip_prefix(scheme))
        .any(|rest| !rest.is_empty() && is_visible_ascii(rest));
    if !has_host {
        return Err(Error::Misconfigured {
            message: "the project's URL must be like https://abc.supabase.co; set SUPABASE_URL"
                .to_owned(),
        });
    }
    if !is_visible_ascii(&config.publishable_key) {
        return Err(Error::Misconfigured {
            message:
                "the publishable key holds characters that no key has; set SUPABASE_PUBLISHABLE_KEY"
                    .to_owned(),
        });
    }
    Ok(Postgrest::new(format!("{url}/rest/v1")).insert_header("apikey", &config.publishable_key))
}
