//! A client of Supabase's API with the rights of an ordinary user: REST, Auth, and intake's URL.
//!
//! The client has no rights of its own. It sends the publishable key and the person's token, and Postgres decides which
//! rows they may read. The same code serves the local stack and a hosted project.

mod error;
mod rows;
mod session;
mod work;

use std::time::Duration;

use anyhow::Context;
use reqwest::{Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub use error::{Error, Place};
pub use rows::{
    Accepted, Answered, Approval, Criterion, DeadLetter, Event, Goal, Inbox, Progress, Question,
    Request, Run, Step, Usage, Workspace,
};
pub use session::{Renewal, Session};
pub use work::Work;

/// The schema of all tables and functions for people.
const SCHEMA: &str = "goalpost";
/// Longer than intake may take to answer a `Prefer: wait`.
const TIMEOUT: Duration = Duration::from_secs(40);

/// The result of a call.
pub type Result<T> = std::result::Result<T, Error>;

/// A client of one project, with the rights of one person.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    key: String,
    token: Option<SecretString>,
    intake: Option<String>,
    place: Place,
}

impl Client {
    /// Creates a client of the project at `url` (as `http://127.0.0.1:54321` or `https://….supabase.co`).
    ///
    /// # Errors
    /// The address is invalid, or the HTTP client cannot be created.
    pub fn new(url: &str, key: &str, place: Place) -> anyhow::Result<Self> {
        let parsed = url::Url::parse(url)
            .with_context(|| format!("{url:?} is not a URL: write https://….supabase.co"))?;
        anyhow::ensure!(
            matches!(parsed.scheme(), "http" | "https"),
            "{url:?} is not an http(s) URL"
        );
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .tcp_nodelay(true)
            .build()
            .context("making the HTTP client")?;
        Ok(Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            token: None,
            intake: None,
            place,
        })
    }

    /// Sets the token of the person whose rights apply.
    #[must_use]
    pub fn with_token(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// Sends questions to intake's function URL instead of the RPC.
    #[must_use]
    pub fn with_intake(mut self, url: impl Into<String>) -> Self {
        self.intake = Some(url.into());
        self
    }

    /// Returns the project's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Reads rows of a table or view: `query` is PostgREST's, as `[("state", "eq.active")]`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn select<T: DeserializeOwned>(
        &self,
        table: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<T>> {
        self.select_from(SCHEMA, table, query).await
    }

    /// Reads rows of a table or view of another schema, such as the project's own.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn select_from<T: DeserializeOwned>(
        &self,
        schema: &str,
        table: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<T>> {
        let request = self
            .request(Method::GET, &format!("/rest/v1/{table}"))
            .query(query);
        self.read(request.header("Accept-Profile", schema)).await
    }

    /// Calls one of the people's functions.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn call<T: DeserializeOwned>(&self, function: &str, arguments: &Value) -> Result<T> {
        let request = self.request(Method::POST, &format!("/rest/v1/rpc/{function}"));
        self.read(request.header("Content-Profile", SCHEMA).json(arguments))
            .await
    }

    /// Sends a question: to intake's URL where one is set, else to the RPC that intake itself calls.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ask(&self, question: &Question) -> Result<Accepted> {
        let body = json!(question);
        let Some(intake) = &self.intake else {
            let fields = body.as_object().into_iter().flatten();
            let arguments: Map<String, Value> = fields
                .map(|(name, value)| (format!("p_{name}"), value.clone()))
                .collect();
            return self.call("accept_request", &Value::Object(arguments)).await;
        };
        self.read(self.authorized(self.http.post(intake)).json(&body))
            .await
    }

    /// Sends a question to intake's URL and waits there for the answer, up to 25 seconds.
    ///
    /// # Errors
    /// See [`Error`]; also if no intake URL is set.
    pub async fn ask_and_wait(&self, workspace: Uuid, question: &str) -> Result<Answered> {
        let Some(intake) = &self.intake else {
            return Err(Error::Unexpected {
                message: "the address of intake is not known".to_owned(),
            });
        };
        let body = json!({"workspace_id": workspace, "question": question});
        self.read(
            self.authorized(self.http.post(intake))
                .header("Prefer", "wait=25")
                .json(&body),
        )
        .await
    }

    /// Returns the workspaces that this person is a member of.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn workspaces(&self) -> Result<Vec<Workspace>> {
        self.select(
            "workspaces",
            &[("select", "id,name".into()), ("order", "name".into())],
        )
        .await
    }

    /// Returns the events of a request's tree after the event `after`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn events(&self, root_run_id: i64, after: i64) -> Result<Vec<Event>> {
        let query = [
            ("root_run_id", format!("eq.{root_run_id}")),
            ("sequence", format!("gt.{after}")),
            ("order", "sequence".to_owned()),
            ("limit", "1000".to_owned()),
        ];
        self.select("events", &query).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.authorized(self.http.request(method, format!("{}{path}", self.url)))
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("apikey", &self.key);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status().as_u16();
        let body = body(response)
            .await
            .map_err(|error| self.unreachable(&error))?;
        if !(200..300).contains(&status) {
            return Err(Error::of_answer(status, &body, self.place));
        }
        serde_json::from_slice(&body).map_err(|error| Error::Unexpected {
            message: format!("the answer of {} is not as expected: {error}", self.url),
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Error::Unreachable {
            url: self.url.clone(),
            reason: cause.to_string(),
            place: self.place,
        }
    }
}

async fn body(response: Response) -> reqwest::Result<Vec<u8>> {
    Ok(response.bytes().await?.to_vec())
}

#[cfg(test)]
mod tests;
