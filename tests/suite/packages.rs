//! The packages of `cargo goalpost build`, started under AWS's own Runtime Interface Emulator: they answer the documented
//! events, and stay within infra/aws/budget.toml.
//!
//! Building takes long, so these are skipped by name unless `GOALPOST_PACKAGES` names a folder of
//! packages; `.ci/long/packages` builds them and sets it.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use local_stack::binaries::{DEPLOYED, FUNCTIONS};
use local_stack::secrets;
use local_stack::stack::Stack;
use regex_lite::Regex;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use system_tests::{node, python, stacks, workspace};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

const PACKAGES: &str = "GOALPOST_PACKAGES";
const PREFIX: &str = "/goalpost/test";
const WAKE_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STARTS: usize = 9;

/// The largest values of one function.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    zip_bytes: u64,
    start_milliseconds: f64,
}

/// Returns the folder of packages; none, with a line that names the skipped test, if there is none.
fn packages(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(PACKAGES).filter(|folder| !folder.is_empty());
    if folder.is_none() {
        let reason = format!("{PACKAGES} names no folder; .ci/long/packages builds one");
        node::report_skip(test, &reason);
    }
    folder.map(PathBuf::from)
}

fn budgets() -> BTreeMap<String, Budget> {
    let text = std::fs::read_to_string(workspace().join("infra/aws/budget.toml")).unwrap();
    toml::from_str(&text).unwrap()
}

/// The surroundings of a function on Lambda: emulator, unpacked programs, secrets and a project.
struct Surroundings {
    emulator: PathBuf,
    programs: tempfile::TempDir,
    secrets: secrets::Server,
    stack: Stack,
}

const SESSION_TOKEN: &str = "a-session-token";

impl Surroundings {
    async fn prepare(test: &str) -> Option<Self> {
        let packages = packages(test)?;
        let installed = tokio::task::spawn_blocking(|| python::packages("aws-sam-cli")).await;
        let installed = match installed.unwrap() {
            Ok(folder) => folder,
            Err(error) => {
                node::report_skip(test, &format!("the emulator cannot be installed: {error}"));
                return None;
            }
        };
        let emulator = installed.join("samcli/local/rapid/aws-lambda-rie-x86_64");
        make_executable(&emulator);
        let programs = tempfile::tempdir().unwrap();
        for function in DEPLOYED {
            let folder = programs.path().join(function);
            let package = packages.join(format!("{function}.zip"));
            let mut unzip = std::process::Command::new(python::python());
            unzip
                .args(["-m", "zipfile", "-e"])
                .arg(package)
                .arg(&folder);
            node::run(&mut unzip).unwrap();
            make_executable(&folder.join("bootstrap"));
        }
        let stack = stacks::start().await.unwrap();
        let keys = stack.keys().clone();
        let parameters = Arc::new(move |name: &str| match name.strip_prefix(PREFIX)? {
            "/worker_token" => Some(keys.mint_worker_token(Duration::from_secs(600))),
            "/signing_key" => Some(keys.jwt_secret().clone()),
            "/wake_secret" => Some(SecretString::from(WAKE_SECRET)),
            _ => None,
        });
        let secrets = secrets::Server::start(SESSION_TOKEN.to_owned().into(), parameters);
        Some(Self {
            emulator,
            programs,
            secrets: secrets.await.unwrap(),
            stack,
        })
    }

    /// Starts the emulator for a function, which it starts itself at the first invocation.
    async fn start(&self, function: &str) -> Emulator {
        let url = format!("127.0.0.1:{}", free_port());
        let queues = FUNCTIONS.map(|function| {
            format!(
                "{function}={}/sqs/000000000000/goalpost-{function}",
                self.stack.url()
            )
        });
        let mut process = Command::new(&self.emulator)
            .args(["--runtime-interface-emulator-address", &url])
            .args([
                "--runtime-api-address",
                &format!("127.0.0.1:{}", free_port()),
            ])
            .arg(self.programs.path().join(function).join("bootstrap"))
            .env_clear()
            .envs([
                ("AWS_LAMBDA_FUNCTION_NAME", function),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_FUNCTION_TIMEOUT", "60"),
                ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "any"),
                ("AWS_SECRET_ACCESS_KEY", "any"),
                ("AWS_SESSION_TOKEN", SESSION_TOKEN),
                ("GOALPOST_SECRETS_PREFIX", PREFIX),
                ("GOALPOST_QUEUES", &queues.join(",")),
                ("SUPABASE_URL", self.stack.url()),
                ("SUPABASE_PUBLISHABLE_KEY", self.stack.publishable_key()),
                // Nothing listens there: what rotate cannot store is an error with a reason.
                ("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1"),
            ])
            .env(
                "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT",
                self.secrets.port().to_string(),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap()).lines();
        let listens = async {
            while tokio::net::TcpStream::connect(&url).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), listens).await;
        assert!(waited.is_ok(), "the emulator does not start");
        Emulator {
            url: format!("http://{url}/2015-03-31/functions/function/invocations"),
            log,
            process,
        }
    }
}

struct Emulator {
    url: String,
    log: Lines<BufReader<ChildStderr>>,
    process: Child,
}

impl Emulator {
    async fn invoke(&self, event: &Value) -> Value {
        let client = reqwest::Client::new();
        let answer = client.post(&self.url).json(event).send().await.unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Returns the duration of the init phase, which the emulator has logged, and ends it.
    async fn into_start_milliseconds(mut self) -> f64 {
        let report = Regex::new(r"INIT REPORT\(durationMs: ([0-9.]+)\)").unwrap();
        loop {
            let line = self.log.next_line().await.unwrap();
            let line = line.expect("the emulator logs the duration of the init phase");
            if let Some(found) = report.captures(&line) {
                let duration = found[1].parse().unwrap();
                self.stop().await;
                return duration;
            }
        }
    }

    /// Ends the emulator as Lambda's host does, so that it ends the function.
    async fn stop(mut self) {
        let id = self.process.id().unwrap().to_string();
        let ended = std::process::Command::new("kill").arg(id).status();
        assert!(ended.unwrap().success());
        // It may wait to write its log.
        while self.log.next_line().await.unwrap().is_some() {}
        self.process.wait().await.unwrap();
    }
}

fn make_executable(path: &Path) {
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, permissions)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn fixture(name: &str) -> Value {
    let path = workspace().join("shared/trigger/fixtures").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Returns the event of a signed wake at a function's URL.
fn wake(function: &str) -> Value {
    let body = json!({"type": "INSERT", "table": "wakes", "schema": "goalpost", "old_record": null,
                      "record": {"id": 7, "function": function, "ready_count": 1}})
    .to_string();
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let now = i64::try_from(now).unwrap();
    let signature = Webhook::new(WAKE_SECRET).unwrap();
    let signature = signature.sign("wake_7", now, body.as_bytes()).unwrap();
    let mut event = fixture("function_url_get_without_body.json");
    event["requestContext"]["http"]["method"] = json!("POST");
    event["headers"] = json!({"webhook-id": "wake_7", "webhook-timestamp": now.to_string(),
                              "webhook-signature": signature});
    event["body"] = json!(body);
    event
}

#[tokio::test]
async fn packages_answer_documented_events_under_awss_emulator() {
    let Some(surroundings) = Surroundings::prepare("packages::documented_events").await else {
        return;
    };
    let tick = fixture("eventbridge_scheduler.json");
    let forged = fixture("function_url_request.json");
    let messages = fixture("sqs_event.json");
    let ids: Vec<Value> = messages["Records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["messageId"].clone())
        .collect();
    for function in FUNCTIONS {
        let emulator = surroundings.start(function).await;
        assert_eq!(
            emulator.invoke(&tick).await,
            Value::Null,
            "{function}: a tick"
        );
        let refused = emulator.invoke(&forged).await;
        // People may call intake: it refuses the path of that call.
        let status = if function == "intake" { 404 } else { 401 };
        assert_eq!(refused["statusCode"], status, "{function}: {refused}");
        let woken = emulator.invoke(&wake(function)).await;
        assert_eq!(woken["statusCode"], 200, "{function}: {woken}");
        let answer = emulator.invoke(&messages).await;
        let failures = answer["batchItemFailures"].as_array().unwrap();
        let all_known = failures
            .iter()
            .all(|failure| ids.contains(&failure["itemIdentifier"]));
        assert!(all_known, "{function}: {answer}");
        emulator.stop().await;
    }
    let emulator = surroundings.start("gateway").await;
    assert_eq!(emulator.invoke(&forged).await["statusCode"], 401);
    assert_eq!(emulator.invoke(&tick).await["errorType"], "not_a_wake");
    let queued = emulator.invoke(&wake("executor")).await;
    assert_eq!(queued["statusCode"], 202, "{queued}");
    emulator.stop().await;
    let emulator = surroundings.start("rotate").await;
    let unstored = emulator.invoke(&tick).await;
    assert_eq!(unstored["errorType"], "token_not_stored", "{unstored}");
    emulator.stop().await;
    surroundings.stack.stop().await.unwrap();
}

#[tokio::test]
async fn packages_are_within_their_budget() {
    let Some(folder) = packages("packages::budget") else {
        return;
    };
    let Some(surroundings) = Surroundings::prepare("packages::budget").await else {
        return;
    };
    let budgets = budgets();
    let mut exceeded = Vec::new();
    for function in DEPLOYED {
        let package = folder.join(format!("{function}.zip"));
        let bytes = std::fs::metadata(package).unwrap().len();
        let mut starts = Vec::new();
        for _ in 0..STARTS {
            let emulator = surroundings.start(function).await;
            emulator.invoke(&json!({})).await;
            starts.push(emulator.into_start_milliseconds().await);
        }
        starts.sort_by(f64::total_cmp);
        let start = starts[STARTS / 2];
        println!("{function}: {bytes} bytes, init {start:.1} ms");
        let budget = &budgets[function];
        if bytes > budget.zip_bytes || start > budget.start_milliseconds {
            exceeded.push(function);
        }
    }
    assert!(
        exceeded.is_empty(),
        "{exceeded:?} exceed infra/aws/budget.toml"
    );
    surroundings.stack.stop().await.unwrap();
}

#[test]
fn every_function_has_a_budget() {
    let budgets = budgets();
    let mut functions: Vec<&str> = DEPLOYED.to_vec();
    functions.sort_unstable();
    assert_eq!(budgets.keys().collect::<Vec<_>>(), functions);
    // Lambda's largest package by upload has 50 MB.
    assert!(budgets.values().all(|budget| budget.zip_bytes < 50_000_000));
}

#[test]
fn bill_of_materials_is_beside_the_packages() {
    let Some(folder) = packages("packages::bill_of_materials") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("sbom.cdx.json")).unwrap();
    let bill: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    assert!(bill["components"].as_array().unwrap().len() > 100);
}
