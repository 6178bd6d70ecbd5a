//! A small HTTP/1.1 server on a free port that sends PostgREST's documented shapes from a script. The code under test
//! talks to it over a real connection.
#![allow(dead_code)]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the SQL function that was called.
    pub(crate) fn function(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }
}

/// The server's reaction to a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Json(u16, Value),
    Text(u16, String),
    /// Never answers.
    Silence,
    /// Closes the connection without an answer.
    Hangup,
}

type Answer = Pin<Box<dyn Future<Output = Reply> + Send>>;
type Script = Arc<dyn Fn(Received) -> Answer + Send + Sync>;

pub(crate) struct Server {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    accepting: AbortHandle,
}

impl Server {
    pub(crate) async fn start<F>(script: impl Fn(Received) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let script: Script = Arc::new(move |request| Box::pin(script(request)));
        let log = Arc::clone(&received);
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self {
            url,
            received,
            accepting: accepting.abort_handle(),
        }
    }

    /// Answers with each reply in turn; the last one stays.
    pub(crate) async fn replying(replies: Vec<Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().peekable());
        Self::start(move |_| {
            let mut replies = replies.lock().unwrap();
            let reply = replies.next().unwrap();
            if replies.peek().is_none() {
                *replies = vec![reply.clone()].into_iter().peekable();
            }
            async move { reply }
        })
        .await
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(stream: TcpStream, script: Script, log: Arc<Mutex<Vec<Received>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        log.lock().unwrap().push(request.clone());
        let (status, text) = match script(request).await {
            Reply::Json(status, value) => (status, value.to_string()),
            Reply::Text(status, text) => (status, text),
            Reply::Silence => std::future::pending().await,
            Reply::Hangup => return,
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nlocation: /elsewhere\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        let _ = stream.write_all(head.as_bytes()).await;
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received {
        method,
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}
