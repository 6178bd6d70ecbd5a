//! The set-up of the tests: the example functions' programs, a host, and a prompter that sends commands to invocations.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use axum::Router;
use bytes::Bytes;
use local_aws::lambda::{
    FunctionConfig, FunctionStats, Host, HostConfig, InvocationType, Refusal, Reply,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// The authorization of callers of the Invoke API.
pub(crate) const INVOKE_KEY: &str = "key-of-the-invoke-api";

/// Far above any duration here; only a failed test waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the program of an example. `cargo test` has built it, unless only some targets were selected.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("examples")
        .join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(format!("{name}.rs"));
    let changed = |path: &Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    if changed(&program) < changed(&source) {
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--package",
                env!("CARGO_PKG_NAME"),
                "--example",
                name,
            ])
            .status()
            .unwrap();
        assert!(built.success(), "the example {name} cannot be built");
    }
    program
}

/// A host with one function, and a folder for its logs.
pub(crate) struct Stage {
    pub(crate) host: Host,
    pub(crate) folder: TempDir,
}

impl Stage {
    pub(crate) async fn with(function: FunctionConfig) -> Self {
        Self::set(function, |_| {}).await
    }

    pub(crate) async fn set(
        function: FunctionConfig,
        adjust: impl FnOnce(&mut HostConfig),
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = HostConfig::new(folder.path());
        config.functions.push(function);
        config.event_retry_pauses = vec![Duration::from_millis(1), Duration::from_millis(1)];
        config.invoke_key = INVOKE_KEY.to_owned().into();
        adjust(&mut config);
        Self {
            host: Host::start(config).await.unwrap(),
            folder,
        }
    }

    pub(crate) async fn invoke(&self, payload: Value) -> Result<Value, Refusal> {
        let name = self.host.stats()[0].name.clone();
        let payload = Bytes::from(payload.to_string());
        match in_time(
            self.host
                .invoke(&name, payload, InvocationType::RequestResponse),
        )
        .await?
        .reply
        {
            Reply::Payload(payload) => Ok(serde_json::from_slice(&payload).unwrap()),
            Reply::FunctionError(error) => {
                Ok(json!({"failed": serde_json::from_slice::<Value>(&error).unwrap()}))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Invokes without waiting for the answer.
    pub(crate) fn begin(&self, payload: Value) -> tokio::task::JoinHandle<Result<Value, Refusal>> {
        let stage = Self {
            host: self.host.clone(),
            folder: TempDir::new().unwrap(),
        };
        tokio::spawn(async move { stage.invoke(payload).await })
    }

    pub(crate) fn stats(&self) -> FunctionStats {
        self.host.stats().remove(0)
    }

    pub(crate) async fn until(&self, is_so: impl Fn(&FunctionStats) -> bool) -> FunctionStats {
        in_time(self.host.wait_for(&self.stats().name, is_so))
            .await
            .unwrap()
    }

    /// Serves the host's routes for people; returns their address.
    pub(crate) async fn serve(&self) -> String {
        serve(self.host.router()).await
    }
}

/// Serves routes for as long as the test runs.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

pub(crate) fn echo() -> FunctionConfig {
    let mut function = FunctionConfig::new("echo", example("echo"));
    // Tests about time limits set their own.
    function.timeout = Duration::from_secs(60);
    function
}

pub(crate) fn raw(behaviour: &str) -> FunctionConfig {
    let mut function = FunctionConfig::new("raw", example("raw_runtime"));
    function.timeout = Duration::from_secs(60);
    function
        .environment
        .insert("BEHAVIOUR".to_owned(), behaviour.to_owned());
    function
}

/// Sends commands to invocations of the echo function, one by one.
pub(crate) struct Prompter {
    listener: TcpListener,
}

/// One invocation that waits for its command.
pub(crate) struct Cue {
    pub(crate) event: Value,
    pub(crate) request_id: String,
    pub(crate) process_id: u64,
    connection: BufReader<TcpStream>,
}

impl Prompter {
    pub(crate) async fn new() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub(crate) fn address(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    /// Returns the echo function, with this prompter as its `ASK`.
    pub(crate) fn echo(&self) -> FunctionConfig {
        let mut function = echo();
        function
            .environment
            .insert("ASK".to_owned(), self.address());
        function
    }

    pub(crate) async fn cue(&self) -> Cue {
        let (connection, _) = in_time(self.listener.accept()).await.unwrap();
        let mut connection = BufReader::new(connection);
        let mut line = String::new();
        in_time(connection.read_line(&mut line)).await.unwrap();
        let shown: Value = serde_json::from_str(&line).unwrap();
        Cue {
            event: shown["event"].clone(),
            request_id: shown["request_id"].as_str().unwrap().to_owned(),
            process_id: shown["process_id"].as_u64().unwrap(),
            connection,
        }
    }
}

impl Cue {
    pub(crate) async fn command(&mut self, command: Value) {
        self.connection
            .write_all(format!("{command}\n").as_bytes())
            .await
            .unwrap();
    }

    pub(crate) async fn reply(&mut self, reply: Value) {
        self.command(json!({"do": "reply", "reply": reply})).await;
    }

    /// Waits until the process of the invocation is gone.
    pub(crate) async fn end_of_process(mut self) {
        let mut rest = Vec::new();
        // A killed process may reset the connection; that is an end, too.
        let _ = in_time(self.connection.read_to_end(&mut rest)).await;
    }
}

pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it took too long")
}

/// Returns the state of a process in the system: `T` is stopped. `None` if it is gone.
pub(crate) fn process_state(process_id: i64) -> Option<char> {
    let output = Command::new("ps")
        .args(["-o", "stat=", "-p", &process_id.to_string()])
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .chars()
        .next()
}

/// Waits for the state of a process: signals take effect with a delay.
pub(crate) async fn until_process(process_id: i64, is_so: impl Fn(Option<char>) -> bool) {
    in_time(async {
        while !is_so(process_state(process_id)) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

pub(crate) fn kill(process_id: i64) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(process_id).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}
