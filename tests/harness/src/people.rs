//! People as clients of a running stack: they have its URL, the publishable key and their own token, nothing else.

#![expect(
    clippy::indexing_slicing,
    reason = "serde_json's indexing gives null for what is not there"
)]

use std::time::Duration;

use anyhow::Context as _;
use local_stack::stack::{Person, Stack};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Longer than intake's limit for `Prefer: wait`, and than any call under faults.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Workspace that `supabase/seeds/10_people.sql` creates for the owner and the approver.
pub const DEMO: &str = "00000000-0000-4000-8000-0000000000a1";

/// Signed-in person.
pub struct Client {
    http: reqwest::Client,
    rest_url: String,
    intake_url: String,
    publishable_key: String,
    token: String,
}

/// Status and JSON body.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Body; null without one.
    pub body: Value,
}

impl Answer {
    /// Returns the body of a success.
    ///
    /// # Errors
    /// The call was refused; the message has the status and the body.
    pub fn into_body(self) -> anyhow::Result<Value> {
        anyhow::ensure!(self.status.is_success(), "{}: {}", self.status, self.body);
        Ok(self.body)
    }
}

impl Client {
    /// Returns the client of a demonstration person.
    #[must_use]
    pub fn of(stack: &Stack, person: Person) -> Self {
        Self {
            http: reqwest::Client::new(),
            rest_url: format!("{}/rest/v1", stack.url()),
            intake_url: stack.function_url("intake"),
            publishable_key: stack.publishable_key().to_owned(),
            token: secret(&stack.token(person)),
        }
    }

    /// Replaces the token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// Sends the person's calls to the REST surface through this address.
    #[must_use]
    pub fn through(mut self, url: &str) -> Self {
        self.rest_url = format!("{url}/rest/v1");
        self
    }

    /// POSTs to intake; `prefer` is the header of that name.
    ///
    /// # Errors
    /// The stack does not answer.
    pub async fn post(&self, body: &Value, prefer: Option<&str>) -> anyhow::Result<Answer> {
        let mut request = self
            .http
            .post(&self.intake_url)
            .bearer_auth(&self.token)
            .json(body);
        if let Some(prefer) = prefer {
            request = request.header("prefer", prefer);
        }
        send(request).await
    }

    /// POSTs any bytes as JSON to any address of the stack, with schema `goalpost` where there are several.
    ///
    /// # Errors
    /// The stack does not answer.
    pub async fn post_bytes(&self, url: &str, body: Vec<u8>) -> anyhow::Result<Answer> {
        let request = self
            .http
            .post(url)
            .header("apikey", &self.publishable_key)
            .header("content-profile", "goalpost")
            .header("content-type", "application/json")
            .bearer_auth(&self.token);
        send(request.body(body)).await
    }

    /// GETs any address of the stack.
    ///
    /// # Errors
    /// The stack does not answer.
    pub async fn get(&self, url: &str) -> anyhow::Result<Answer> {
        send(self.http.get(url).bearer_auth(&self.token)).await
    }

    /// Sends a question in the demonstration workspace and waits as long as intake allows.
    ///
    /// # Errors
    /// The stack does not answer.
    pub async fn ask(&self, question: &str) -> anyhow::Result<Answer> {
        self.post(
            &json!({"workspace_id": DEMO, "question": question}),
            Some("wait"),
        )
        .await
    }

    /// Sends a question in the demonstration workspace without waiting, for requests that will wait for a person.
    ///
    /// # Errors
    /// The stack does not answer.
    pub async fn begin(&self, question: &str) -> anyhow::Result<Answer> {
        self.post(&json!({"workspace_id": DEMO, "question": question}), None)
            .await
    }

    /// Calls a function of schema `goalpost` as supabase-js does.
    ///
    /// # Errors
    /// The stack does not answer.
    pub async fn rpc(&self, function: &str, arguments: &Value) -> anyhow::Result<Answer> {
        let request = self.rest(Method::POST, &format!("rpc/{function}"));
        send(request.json(arguments)).await
    }

    /// Lets the tools of the workspace Demo reach a host, domain, schema or table.
    ///
    /// # Errors
    /// The stack does not answer, or this person may not.
    pub async fn allow(&self, kind: &str, name: &str) -> anyhow::Result<()> {
        let call = json!({"p_workspace_id": DEMO, "p_kind": kind, "p_name": name});
        let answer = self.rpc("set_tool_access", &call).await?;
        anyhow::ensure!(answer.status.is_success(), "{kind} {name}: {answer:?}");
        Ok(())
    }

    /// Reads a table or view of schema `goalpost`; `query` is in PostgREST's syntax.
    ///
    /// # Errors
    /// The stack does not answer, or not with rows.
    pub async fn rows(&self, table: &str, query: &str) -> anyhow::Result<Vec<Value>> {
        let answer = send(self.rest(Method::GET, &format!("{table}?{query}"))).await?;
        anyhow::ensure!(answer.status.is_success(), "{table}?{query}: {answer:?}");
        answer.body.as_array().cloned().context("not an array")
    }

    /// Reads rows as [`Self::rows`] does, as soon as there are this many.
    ///
    /// # Errors
    /// There are not within a minute.
    pub async fn until_rows(
        &self,
        table: &str,
        query: &str,
        count: usize,
    ) -> anyhow::Result<Vec<Value>> {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let rows = self.rows(table, query).await?;
            if rows.len() >= count {
                return Ok(rows);
            }
            anyhow::ensure!(
                std::time::Instant::now() < deadline,
                "{table}?{query} has no {count} rows: {rows:?}"
            );
            tokio::task::yield_now().await;
        }
    }

    /// Inserts a row into a table of schema `goalpost`.
    ///
    /// # Errors
    /// The stack does not answer.
    pub async fn insert(&self, table: &str, row: &Value) -> anyhow::Result<Answer> {
        let request = self
            .rest(Method::POST, table)
            .header("prefer", "return=minimal");
        send(request.json(row)).await
    }

    /// Polls a request until its state changes by itself no more: it has ended, or waits for a person.
    ///
    /// # Errors
    /// It is still moving after a minute; the message contains its state.
    pub async fn until_settled(&self, request_id: i64) -> anyhow::Result<Value> {
        self.until(request_id, true).await
    }

    /// Waits until a request has ended, whatever else waits for people.
    ///
    /// # Errors
    /// It does not within a minute.
    pub async fn until_ended(&self, request_id: i64) -> anyhow::Result<Value> {
        self.until(request_id, false).await
    }

    async fn until(&self, request_id: i64, or_approval: bool) -> anyhow::Result<Value> {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let rows = self
                .rows("requests", &format!("id=eq.{request_id}"))
                .await?;
            let request = rows.into_iter().next().context("no such request")?;
            let goes_on = matches!(request["state"].as_str(), Some("submitted" | "accepted"));
            let waits =
                or_approval && !self.rows("approvals", "state=eq.pending").await?.is_empty();
            if !goes_on || waits {
                return Ok(request);
            }
            if std::time::Instant::now() > deadline {
                let steps = self
                    .rows("steps", "select=run_id,key,state,error&order=run_id,key")
                    .await?;
                anyhow::bail!("request {request_id} did not settle: {request:#}\n{steps:#?}");
            }
            tokio::task::yield_now().await;
        }
    }

    /// Decides the one waiting approval.
    ///
    /// # Errors
    /// There is none, or the decision is refused.
    pub async fn decide(&self, decision: &str) -> anyhow::Result<Answer> {
        let inbox = self
            .rows("inbox", "select=approval_id,question,shown")
            .await?;
        let waiting = inbox
            .first()
            .context("nothing waits for this person's decision")?;
        let arguments = json!({"p_approval_id": waiting["approval_id"], "p_decision": decision, "p_comment": "by a test"});
        self.rpc("decide_approval", &arguments).await
    }

    fn rest(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}/{path}", self.rest_url))
            .header("apikey", &self.publishable_key)
            .header("accept-profile", "goalpost")
            .header("content-profile", "goalpost")
            .bearer_auth(&self.token)
    }
}

async fn send(request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
    let response = request.timeout(TIMEOUT).send().await?;
    let status = response.status();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, body })
}

fn secret(secret: &secrecy::SecretString) -> String {
    use secrecy::ExposeSecret as _;
    secret.expose_secret().to_owned()
}
