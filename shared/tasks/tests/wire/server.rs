//! A server that gives its replies in order and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use llm::ModelCaller as _;
use llm::{Message, Model, ModelConfig, Purpose, Request};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const KEY: &str = "sk-canary-7f3a";

/// One reply.
#[derive(Clone)]
pub enum Reply {
    /// The whole head after `HTTP/1.1 `, and a body of its length.
    Whole(String, String),
    /// The same with a body that may be no text.
    Bytes(String, Vec<u8>),
    /// A body that ends before the length that was promised.
    Cut(String),
    /// Nothing, ever.
    Silence,
    /// A body without end.
    Endless,
}

impl Reply {
    pub fn json(body: Value) -> Self {
        Self::Whole(
            "200 OK\r\ncontent-type: application/json".into(),
            body.to_string(),
        )
    }

    pub fn status(head: &str, body: Value) -> Self {
        Self::Whole(
            format!("{head}\r\ncontent-type: application/json"),
            body.to_string(),
        )
    }
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The request line and headers, in lower case but for the line.
    pub head: String,
    pub body: Value,
    pub bytes: usize,
}

pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let mut replies: VecDeque<Reply> = replies.into_iter().collect();
        let kept = asked.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let asked = read(&mut stream).await;
                kept.lock().unwrap().push(asked);
                let unscripted = Reply::status(
                    "418 I'm a teapot",
                    json!({"error": {"message": "nothing is scripted"}}),
                );
                let reply = replies.pop_front().unwrap_or(unscripted);
                tokio::spawn(answer(stream, reply));
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The bodies of what was asked.
    pub fn bodies(&self) -> Vec<Value> {
        self.asked().into_iter().map(|asked| asked.body).collect()
    }

    pub fn openai(&self) -> ModelConfig {
        ModelConfig {
            openai_api_key: Some(KEY.to_owned().into()),
            openai_base_url: Some(format!("{}/v1/", self.url)),
            model: Some("gpt-test".into()),
            timeout: MINUTE,
            ..ModelConfig::default()
        }
    }

    pub fn anthropic(&self) -> ModelConfig {
        ModelConfig {
            anthropic_api_key: Some(KEY.to_owned().into()),
            anthropic_base_url: Some(self.url.clone()),
            model: Some("claude-test".into()),
            timeout: MINUTE,
            ..ModelConfig::default()
        }
    }
}

pub fn model(config: ModelConfig) -> Model {
    Model::new(config).unwrap()
}

/// A plain question.
pub fn question(text: &str) -> Request {
    Request {
        purpose: Purpose::Work,
        model: None,
        system: "Be short.".into(),
        messages: vec![Message::User {
            content: text.into(),
        }],
        tools: Vec::new(),
        output: None,
        must_answer: false,
        max_output_tokens: 77,
    }
}

pub async fn ask(model: &Model, request: Request) -> Result<llm::Answer, llm::Error> {
    model.direct().call(request).await
}

/// Reads one request.
async fn read(stream: &mut TcpStream) -> Asked {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0_u8; 8192];
        let count = stream.read(&mut chunk).await.unwrap();
        assert!(count > 0, "the request broke off");
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let (line, headers) = head.split_once("\r\n").unwrap();
        let head = format!("{line}\r\n{}\r\n", headers.to_lowercase());
        let length = head.lines().find_map(|line| {
            line.strip_prefix("content-length: ")
                .map(|length| length.parse::<usize>().unwrap())
        });
        let is_get = line.starts_with("GET ");
        if is_get || body.len() >= length.unwrap() {
            return Asked {
                head,
                body: if is_get {
                    Value::Null
                } else {
                    serde_json::from_str(body).unwrap()
                },
                bytes: body.len(),
            };
        }
    }
}

async fn answer(mut stream: TcpStream, reply: Reply) {
    match reply {
        Reply::Whole(head, body) => {
            let text = format!(
                "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Reply::Bytes(head, body) => {
            let head = format!(
                "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body).await;
            let _ = stream.shutdown().await;
        }
        Reply::Cut(body) => {
            let text = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len() + 100
            );
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Reply::Silence => std::future::pending().await,
        Reply::Endless => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
            let mut sent = stream.write_all(head.as_bytes()).await;
            let chunk = [b' '; 65_536];
            while sent.is_ok() {
                sent = stream.write_all(&chunk).await;
            }
        }
    }
}
