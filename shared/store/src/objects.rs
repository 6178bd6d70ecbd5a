//! Objects of Supabase Storage in the bucket `goalpost`: put once, read back, never changed, deleted with their work.
//!
//! Storage answers nearly every refusal with HTTP 400 and gives the reason in the body (`code`, and `statusCode` as a
//! text); and a refused token looks like a refused right, so either is repeated once with a new token. As in
//! supabase/storage, `src/internal/errors/codes.ts`; the stand-in's fidelity page has the details.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{RequestBuilder, Response, Url};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::call::{Credential, MAX_REPEATS, pause};
use crate::error::shortened;
use crate::{Effect, Error, Freshness, Store};

/// The most bytes that an object may have: the bucket's own limit.
pub const MAX_OBJECT_BYTES: usize = 10 * 1024 * 1024;

const BUCKET: &str = "goalpost";

/// The failure of a request, before it becomes an [`Error`].
enum Failure {
    /// 409: an object of this name exists.
    AlreadyThere,
    /// The token was refused, or the right; the answer does not distinguish them.
    Rights(Error),
    Other(Error),
}

impl Store {
    /// Stores an object; an existing one is left as it is, so the name should follow from the bytes. `path` is its
    /// name: parts of letters, digits, `.`, `_` and `-`, with `/` between them.
    ///
    /// Safe to repeat.
    ///
    /// # Errors
    /// [`Error::PayloadTooLarge`] above [`MAX_OBJECT_BYTES`], [`Error::NotAllowed`], [`Error::NotFound`] where the
    /// bucket is missing (apply the migrations), [`Error::Unavailable`], [`Error::Unauthorized`].
    pub async fn put_object(
        &self,
        path: &str,
        bytes: Vec<u8>,
        content_type: &str,
    ) -> Result<(), Error> {
        if bytes.len() > MAX_OBJECT_BYTES {
            return Err(Error::PayloadTooLarge {
                message: format!(
                    "{path} has {} bytes; an object may have {MAX_OBJECT_BYTES}",
                    bytes.len()
                ),
            });
        }
        let url = self.object_url("", path)?;
        let content_type =
            HeaderValue::from_str(content_type).map_err(|_| Error::InvalidInput {
                message: format!("the content type of {path} cannot stand in a header"),
            })?;
        let bytes = Bytes::from(bytes);
        let client = self.http.get()?;
        let request = || {
            client
                .post(url.clone())
                .header(CONTENT_TYPE, content_type.clone())
                .body(bytes.clone())
        };
        match self.exchange(path, Effect::Unknown, request).await {
            Ok(_) | Err(Failure::AlreadyThere) => Ok(()),
            Err(Failure::Rights(error) | Failure::Other(error)) => Err(error),
        }
    }

    /// Reads an object. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, [`Error::ObjectDamaged`] above [`MAX_OBJECT_BYTES`],
    /// [`Error::NotAllowed`], [`Error::Unavailable`], [`Error::Unauthorized`].
    pub async fn get_object(&self, path: &str) -> Result<Vec<u8>, Error> {
        // The shorter address, meant for public buckets too, treats an expired token as none, and the bucket as
        // missing.
        let url = self.object_url("authenticated/", path)?;
        let client = self.http.get()?;
        let request = || client.get(url.clone());
        match self.exchange(path, Effect::None, request).await {
            Ok(bytes) => Ok(bytes),
            Err(Failure::Rights(error) | Failure::Other(error)) => Err(error),
            Err(Failure::AlreadyThere) => Err(Error::Rejected {
                code: "http_409".to_owned(),
                message: format!("Storage refused to give {path}"),
                details: None,
                hint: None,
            }),
        }
    }

    /// Deletes an object; one that is gone already is no error. Permitted for objects of deleted work only
    /// (`forget_work`). Safe to repeat.
    ///
    /// # Errors
    /// [`Error::NotAllowed`], [`Error::Unavailable`], [`Error::Unauthorized`].
    pub async fn delete_object(&self, path: &str) -> Result<(), Error> {
        let url = self.object_url("", path)?;
        let client = self.http.get()?;
        let request = || client.delete(url.clone());
        match self.exchange(path, Effect::None, request).await {
            Ok(_) | Err(Failure::AlreadyThere | Failure::Other(Error::NotFound { .. })) => Ok(()),
            Err(Failure::Rights(error) | Failure::Other(error)) => Err(error),
        }
    }

    fn object_url(&self, way: &str, path: &str) -> Result<Url, Error> {
        if !is_object_path(path) {
            return Err(Error::InvalidInput {
                message: format!("{:?} is no name of an object", shortened(path)),
            });
        }
        let address = self.config.url.trim_end_matches('/');
        let url = format!("{address}/storage/v1/object/{way}{BUCKET}/{path}");
        Url::parse(&url).map_err(|_| Error::Misconfigured {
            message: "the project's URL must be like https://abc.supabase.co; set SUPABASE_URL"
                .to_owned(),
        })
    }

    /// Sends a request, again with a new token where rights were refused, and again where Storage is unavailable.
    async fn exchange(
        &self,
        path: &str,
        effect: Effect,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Vec<u8>, Failure> {
        let mut freshness = Freshness::Cached;
        let mut was_renewed = false;
        let mut repeats = 0;
        loop {
            let token = self.token(Credential::Worker, freshness).await;
            freshness = Freshness::Cached;
            let token = token.map_err(Failure::Other)?;
            let request = request()
                .header("apikey", &self.config.publishable_key)
                .bearer_auth(token.expose_secret());
            let sent = timeout(self.config.timeout, send(path, effect, request)).await;
            let failure = match sent {
                Ok(Ok(body)) => return Ok(body),
                Ok(Err(failure)) => failure,
                Err(_) => unavailable("Storage gave no reply within the time limit", effect),
            };
            match &failure {
                Failure::Rights(_) if !was_renewed => {
                    was_renewed = true;
                    freshness = Freshness::Renewed;
                    continue;
                }
                Failure::Other(error) if error.is_retryable() && repeats < MAX_REPEATS => {}
                _ => return Err(failure),
            }
            sleep(pause(repeats)).await;
            repeats = repeats.saturating_add(1);
        }
    }
}

async fn send(path: &str, effect: Effect, request: RequestBuilder) -> Result<Vec<u8>, Failure> {
    let response = request.send().await.map_err(|error| {
        if error.is_connect() {
            unavailable("no connection to the project's Storage", Effect::None)
        } else {
            unavailable(
                "the connection to Storage broke before a reply came",
                effect,
            )
        }
    })?;
    let status = response.status();
    let body = read(path, effect, response).await?;
    if status.is_success() {
        Ok(body)
    } else {
        Err(refusal(path, effect, status.as_u16(), &body))
    }
}

async fn read(path: &str, effect: Effect, mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let chunk = chunk
            .map_err(|_| unavailable("the connection broke within Storage's reply", effect))?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len().saturating_add(chunk.len()) > MAX_OBJECT_BYTES {
            return Err(Failure::Other(Error::ObjectDamaged {
                path: path.to_owned(),
                reason: format!("it has more than {MAX_OBJECT_BYTES} bytes"),
            }));
        }
        body.extend_from_slice(&chunk);
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    /// The actual status; a text, or a number from other components.
    status_code: Value,
    /// Newer than `error`, and left out by some versions.
    code: Option<String>,
    message: Option<String>,
}

/// Reads an answer that is no success: the code in the body, then the status in the body, then the one of HTTP.
fn refusal(path: &str, effect: Effect, status: u16, body: &[u8]) -> Failure {
    let body: Body = serde_json::from_slice(body).unwrap_or_default();
    let in_body = match &body.status_code {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|code| u16::try_from(code).ok()),
        _ => None,
    };
    let status = in_body.unwrap_or(status);
    let reason = shortened(body.message.as_deref().unwrap_or("no reason given"));
    let message = format!("{path}: {reason}");
    let code = body.code.unwrap_or_default();
    match (code.as_str(), status) {
        ("KeyAlreadyExists" | "ResourceAlreadyExists", _) | (_, 409) => Failure::AlreadyThere,
        ("NoSuchBucket", _) => Failure::Other(Error::NotFound {
            message: format!(
                "the project has no bucket `{BUCKET}`; apply the migrations where Storage is on"
            ),
        }),
        ("NoSuchKey", _) | (_, 404) => Failure::Other(Error::NotFound { message }),
        ("InvalidJWT" | "ExpiredToken", _) | (_, 401) => {
            Failure::Rights(Error::Unauthorized { message })
        }
        ("AccessDenied", _) | (_, 403) => Failure::Rights(Error::NotAllowed { message }),
        ("EntityTooLarge", _) | (_, 413) => Failure::Other(Error::PayloadTooLarge { message }),
        (_, 423 | 429 | 500..) => Failure::Other(Error::Unavailable {
            code: Some(code).filter(|code| !code.is_empty()),
            message: format!("Storage answered {status} ({reason})"),
            effect,
        }),
        _ => Failure::Other(Error::Rejected {
            code: match code.is_empty() {
                true => format!("http_{status}"),
                false => shortened(&code),
            },
            message,
            details: None,
            hint: None,
        }),
    }
}

fn unavailable(message: &str, effect: Effect) -> Failure {
    Failure::Other(Error::unavailable(message, effect))
}

/// Returns true for the plain names of Goalpost's objects: nothing in them is resolved, escaped or read twice on the
/// way.
fn is_object_path(path: &str) -> bool {
    path.len() <= 1_000
        && path.split('/').all(|part| {
            !part.is_empty()
                && !matches!(part, "." | "..")
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        })
}
