//! A stack with a receiver of messages over HTTP.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use local_stack::stack::{Person, Stack};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::{command, schedule_tick, stacks};
use tokio::net::TcpListener;

/// A received message: its path, headers and body.
#[derive(Clone)]
pub(super) struct Received {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Returns the link in a message of Slack's form.
    pub(super) fn link(&self) -> String {
        let body = self.json();
        let block = body["blocks"].as_array().unwrap().last().unwrap().clone();
        let text = block["text"]["text"].as_str().unwrap();
        let link = text.strip_prefix('<').and_then(|text| text.split_once('|'));
        link.unwrap_or_else(|| panic!("no link in {body}"))
            .0
            .to_owned()
    }
}

/// Server that keeps what it receives and answers with the given statuses first, then with 200.
#[derive(Clone, Default)]
pub(super) struct Receiver {
    pub(super) host: String,
    pub(super) received: Arc<Mutex<Vec<Received>>>,
    pub(super) statuses: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            host: listener.local_addr().unwrap().to_string(),
            ..Self::default()
        };
        let own = receiver.clone();
        let keep = move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let message = Received {
                path: uri.path().to_owned(),
                headers,
                body: body.to_vec(),
            };
            own.received.lock().unwrap().push(message);
            let status = own.statuses.lock().unwrap().pop_front().unwrap_or(200);
            StatusCode::from_u16(status).unwrap()
        };
        let router = axum::Router::new().fallback(keep);
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.host)
    }

    pub(super) fn on(&self, path: &str) -> Vec<Received> {
        let received = self.received.lock().unwrap();
        let on_path = |one: &&Received| one.path == format!("/{path}");
        received.iter().filter(on_path).cloned().collect()
    }

    /// Waits until that many messages came to a path, and returns them.
    pub(super) async fn until(&self, path: &str, count: usize) -> Vec<Received> {
        let began = Instant::now();
        loop {
            let received = self.on(path);
            if received.len() >= count {
                return received;
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{} of {count} messages came to /{path}",
                received.len()
            );
            tokio::task::yield_now().await;
        }
    }
}

pub(super) struct World {
    pub(super) stack: Stack,
    pub(super) owner: Client,
    pub(super) receiver: Receiver,
    pub(super) http: reqwest::Client,
}

impl World {
    /// Starts a stack whose demonstration workspace may post to the receiver.
    pub(super) async fn new() -> Self {
        Self::with_environment(&[]).await
    }

    pub(super) async fn with_environment(more: &[(&str, String)]) -> Self {
        let receiver = Receiver::start().await;
        let private = (
            "GOALPOST_PRIVATE_HOSTS",
            format!("{}={DEMO}", receiver.host),
        );
        let stack = stacks::start_with(|mut options| {
            let named = more.iter().chain([&private]);
            options
                .environment
                .extend(named.map(|(name, value)| ((*name).to_owned(), value.clone())));
            options.openai_api_key = Some("sk-test-key".to_owned().into());
            options
        });
        let stack = stack.await.unwrap();
        let owner = Client::of(&stack, Person::Owner);
        let host = json!({"p_workspace_id": DEMO, "p_kind": "webhook", "p_name": receiver.host});
        let set = owner.rpc("set_tool_access", &host).await.unwrap();
        assert!(set.status.is_success(), "{set:?}");
        Self {
            stack,
            owner,
            receiver,
            http: reqwest::Client::new(),
        }
    }

    pub(super) async fn goalpost(
        &self,
        person: Person,
        arguments: &[&str],
        input: &str,
    ) -> (bool, String) {
        let ran = command::run(&self.stack, person, arguments, input)
            .await
            .unwrap();
        let printed = [ran.stdout.as_slice(), ran.stderr.as_slice()].concat();
        (ran.status.success(), String::from_utf8(printed).unwrap())
    }

    /// Adds a target by the command line; returns what it printed.
    pub(super) async fn add(
        &self,
        person: Person,
        kind: &str,
        name: &str,
        more: &[&str],
    ) -> String {
        let arguments = [&["notifications", "add", kind, name], more].concat();
        let (succeeded, printed) = self
            .goalpost(person, &arguments, &self.receiver.url(name))
            .await;
        assert!(succeeded, "{printed}");
        printed
    }

    /// Publishes a runbook of these steps and starts it as the owner; returns the request.
    pub(super) async fn start(&self, name: &str, steps: &Value) -> i64 {
        let runbook = json!({"name": name, "title": name, "description": name, "goal_type": "test",
                             "plan": {"summary": name, "criteria": [], "steps": steps}});
        let apply = json!({"p_workspace_id": DEMO, "p_runbook": runbook});
        let applied = self.owner.rpc("apply_runbook", &apply).await.unwrap();
        assert!(applied.status.is_success(), "{applied:?}");
        let request = json!({"p_workspace_id": DEMO, "p_question": name, "p_runbook": name});
        let begun = self.owner.rpc("accept_request", &request).await.unwrap();
        begun.body["request_id"]
            .as_i64()
            .unwrap_or_else(|| panic!("{begun:?}"))
    }

    pub(super) async fn get(&self, link: &str) -> (u16, HeaderMap, String) {
        let answer = self.http.get(link).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.text().await.unwrap())
    }

    /// Sends the form of the page behind a link.
    pub(super) async fn decide(&self, link: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let (page, token) = link.split_once("?token=").unwrap();
        let encode =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let form: Vec<String> = std::iter::once(&("token", token))
            .chain(fields)
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        let sent = self
            .http
            .post(page)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.join("&"))
            .send();
        let answer = sent.await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Waits until a message has this state, and returns the rows of its occasion.
    pub(super) async fn until_state(&self, occasion: &str, state: &str) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let query = format!("occasion=eq.{occasion}&order=id");
            let rows = self.owner.rows("notifications", &query).await.unwrap();
            if rows
                .iter()
                .any(|row| row["state"] == state && row["attempt"] != 0)
            {
                return rows;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{rows:?}");
            tokio::task::yield_now().await;
        }
    }

    /// Invokes the notifier as its schedule does.
    pub(super) async fn tick(&self) {
        let tick = schedule_tick("notifier");
        self.stack.invoke("notifier", &tick).await.unwrap();
    }
}
