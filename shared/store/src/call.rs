//! One call of the REST API: its time limit, its token, its repeats, and the size of its reply.
//!
//! `postgrest` builds the request; this module sends it.

use std::time::Duration;

use postgrest::Builder;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::header_text::is_visible_ascii;
use crate::http::Request;
use crate::{Effect, Error, Freshness, MAX_REPLY_BYTES, Store, error};

/// The most repeats of a call after its first attempt.
pub(crate) const MAX_REPEATS: u32 = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The code of a call that got no reply within its time limit.
pub const NO_REPLY: &str = "no_reply";

/// The token that a call is made with.
#[derive(Clone, Copy)]
pub(crate) enum Credential<'a> {
    Worker,
    Caller(&'a SecretString),
}

/// The failed calls that may be made again.
#[derive(Clone, Copy)]
pub(crate) enum Repeat {
    Always,
    IfWithoutEffect,
}

#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) schema: &'static str,
    pub(crate) function: &'static str,
    pub(crate) credential: Credential<'a>,
    pub(crate) repeat: Repeat,
    pub(crate) timeout: Duration,
}

impl Call<'_> {
    pub(crate) fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    fn may_repeat(self, error: &Error) -> bool {
        match error {
            // A statement that ran into its time limit would do so again.
            Error::Unavailable {
                code: Some(code), ..
            } if code == "57014" => false,
            Error::Unavailable { effect, .. } => match self.repeat {
                Repeat::Always => true,
                Repeat::IfWithoutEffect => *effect == Effect::None,
            },
            _ => false,
        }
    }
}

impl Store {
    pub(crate) async fn rpc<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        arguments: &Value,
    ) -> Result<T, Error> {
        self.rpc_or_again(call, arguments, arguments).await
    }

    /// Calls a function like `rpc`, with other arguments for repeats.
    pub(crate) async fn rpc_or_again<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        first: &Value,
        again: &Value,
    ) -> Result<T, Error> {
        let client = self.client.clone().schema(call.schema);
        let request = |arguments: &Value| client.rpc(call.function, arguments.to_string());
        self.run(call, request(first), || request(again)).await
    }

    pub(crate) async fn select<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        query: impl FnOnce(Builder) -> Builder,
    ) -> Result<T, Error> {
        let client = self.client.clone().schema(call.schema);
        let request = query(client.from(call.function));
        self.run(call, request.clone(), || request.clone()).await
    }

    async fn run<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        first: Builder,
        again: impl Fn() -> Builder,
    ) -> Result<T, Error> {
        let client = self.http.get()?;
        let mut request = Request::of(first)?;
        let mut repeats = 0;
        let mut freshness = Freshness::Cached;
        let mut was_renewed = false;
        loop {
            let token = self.token(call.credential, freshness).await?;
            let sent = request.with(client).bearer_auth(token.expose_secret());
            let failure = match send(call, sent).await {
                Ok(reply) => return decode(call.function, &reply),
                Err(failure) => failure,
            };
            freshness = Freshness::Cached;
            let is_worker = matches!(call.credential, Credential::Worker);
            if is_worker && !was_renewed && matches!(failure, Error::Unauthorized { .. }) {
                was_renewed = true;
                freshness = Freshness::Renewed;
            } else if repeats < MAX_REPEATS && call.may_repeat(&failure) {
                sleep(pause(repeats)).await;
                repeats = repeats.saturating_add(1);
                request = Request::of(again())?;
            } else {
                return Err(failure);
            }
        }
    }

    pub(crate) async fn token(
        &self,
        credential: Credential<'_>,
        freshness: Freshness,
    ) -> Result<SecretString, Error> {
        let token = match credential {
            Credential::Caller(token) => token.clone(),
            Credential::Worker => {
                self.worker_token
                    .token(freshness)
                    .await
                    .map_err(|error| Error::NoToken {
                        message: error.message,
                    })?
            }
        };
        if is_visible_ascii(token.expose_secret()) {
            return Ok(token);
        }
        Err(Error::Unauthorized {
            message: "the token is empty or holds characters that no token has".to_owned(),
        })
    }
}

async fn send(call: Call<'_>, request: RequestBuilder) -> Result<Vec<u8>, Error> {
    let exchange = async {
        let response = request.send().await;
        let mut response = response.map_err(|error| {
            if error.is_connect() {
                Error::unavailable("no connection to the project's API", Effect::None)
            } else {
                Error::unavailable("the connection broke before a reply came", Effect::Unknown)
            }
        })?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await.map_err(|_| {
                Error::unavailable("the connection broke within the reply", Effect::Unknown)
            })?;
            let Some(chunk) = chunk else { break };
            if body.len().saturating_add(chunk.len()) > MAX_REPLY_BYTES {
                return Err(malformed(
                    call.function,
                    &format!("more than {MAX_REPLY_BYTES} bytes"),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        if (200..300).contains(&status) {
            Ok(body)
        } else {
            Err(error::from_reply(status, &body))
        }
    };
    timeout(call.timeout, exchange).await.unwrap_or_else(|_| {
        Err(Error::Unavailable {
            code: Some(NO_REPLY.to_owned()),
            message: "no reply within the time limit".to_owned(),
            effect: Effect::Unknown,
        })
    })
}

/// Parses a reply. An error of `serde_json` can quote the data, so only its position is passed on.
fn decode<T: DeserializeOwned>(function: &'static str, reply: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(reply).map_err(|error| {
        let kind = match error.classify() {
            serde_json::error::Category::Data => "unexpected field or type",
            serde_json::error::Category::Eof => "cut short",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "no JSON",
        };
        malformed(function, &format!("{kind} at column {}", error.column()))
    })
}

fn malformed(function: &'static str, reason: &str) -> Error {
    Error::Malformed {
        function,
        reason: reason.to_owned(),
    }
}

/// Returns a pause that doubles at each repeat, with as much again at random, so that functions that failed together do
/// not return together.
pub(crate) fn pause(repeats: u32) -> Duration {
    let pause = FIRST_PAUSE.saturating_mul(1 << repeats.min(8));
    pause.saturating_add(pause.mul_f64(fastrand::f64()))
}
