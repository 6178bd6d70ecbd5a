//! A page of another origin with supabase-js in a real browser: it signs in, sends a request through intake, and
//! watches it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use local_stack::stack::{LOCAL_PASSWORD, Person};
use serde_json::{Value, json};
use system_tests::people::DEMO;
use system_tests::{node, stacks};
use tokio::sync::mpsc;

/// Time limit of the page, including the start of the browser.
const LIMIT: Duration = Duration::from_secs(60);

const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><script src="/supabase.js"></script><script>
async function run() {
  const settings = await (await fetch("/settings")).json();
  const client = supabase.createClient(settings.url, settings.key, { db: { schema: "goalpost" } });
  const signedUp = await client.auth.signUp({ email: "new@example.test", password: "seven-words" });
  if (signedUp.error) throw signedUp.error;
  const again = await client.auth.signUp({ email: "new@example.test", password: "seven-words" });
  const workspaces = await client.from("workspaces").select("id");
  const signedIn = await client.auth.signInWithPassword({ email: settings.email, password: settings.password });
  if (signedIn.error) throw signedIn.error;
  const body = { workspace_id: settings.workspace, question: "What is 6 * 7?" };
  const posted = await fetch(settings.intake, {
    method: "POST",
    headers: { authorization: "Bearer " + signedIn.data.session.access_token, "content-type": "application/json", "idempotency-key": "browser" },
    body: JSON.stringify(body),
  });
  const location = posted.headers.get("location");
  const accepted = await posted.json();
  const invoked = await client.functions.invoke("intake", { body: { ...body, question: "What is 7 * 7?" } });
  const watch = async (id) => {
    for (;;) {
      const read = await client.from("requests").select("state,answer_text").eq("id", id).single();
      if (read.error) throw read.error;
      if (["answered", "failed", "cancelled"].includes(read.data.state)) return read.data;
      await new Promise((next) => setTimeout(next, 100));
    }
  };
  const inbox = await client.rpc("read_inbox");
  const refused = await fetch(settings.intake, { method: "POST", body: "{}" });
  return {
    location, invoke_error: invoked.error ? String(invoked.error) : null,
    first: await watch(accepted.request_id), second: invoked.data && await watch(invoked.data.request_id),
    inbox: inbox.data, refused: [refused.status, (await refused.json()).code],
    buckets: (await client.storage.listBuckets()).error,
    signed_up: [signedUp.data.user.email, again.error && again.error.code, workspaces.data],
  };
}
run().then((result) => result, (error) => ({ failed: error.message || String(error) }))
  .then((result) => fetch("/result", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(result) }));
</script>"#;

#[derive(Clone)]
struct Site {
    settings: Value,
    supabase_js: PathBuf,
    results: mpsc::Sender<Value>,
}

/// Serves the page on a port of its own, which makes it another origin than the project's.
async fn serve(site: Site) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let page = || async { ([(CONTENT_TYPE, "text/html")], PAGE) };
    let script = |State(site): State<Site>| async move {
        let source = tokio::fs::read(&site.supabase_js).await.unwrap();
        ([(CONTENT_TYPE, "text/javascript")], source).into_response()
    };
    let settings = |State(site): State<Site>| async move { Json(site.settings) };
    let result = |State(site): State<Site>, Json(result): Json<Value>| async move {
        let _ = site.results.send(result).await;
    };
    let router = Router::new()
        .route("/", get(page))
        .route("/supabase.js", get(script))
        .route("/settings", get(settings))
        .route("/result", post(result))
        .with_state(site);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Headless browser, ended when it is dropped.
struct Browser(
    Child,
    #[expect(dead_code, reason = "removed when the browser has ended")] tempfile::TempDir,
);

impl Browser {
    /// Opens a page; none if Chromium is not installed.
    fn open(url: &str) -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let started = names.into_iter().find_map(|name| {
            Command::new(name)
                .args([
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                ])
                .args([
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                ])
                .arg(format!("--user-data-dir={}", profile.path().display()))
                .args(["--remote-debugging-port=0", url])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .ok()
        });
        started.map(|child| Self(child, profile))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn page_of_another_origin_asks_and_watches() {
    let Some(programs) = node::programs().unwrap() else {
        node::report_skip("browser", "Node and npm are not on the PATH");
        return;
    };
    let package = programs.parent().unwrap().join("@supabase/supabase-js");
    let stack = stacks::start().await.unwrap();
    let (results, mut received) = mpsc::channel(1);
    let site = Site {
        settings: json!({
            "url": stack.url(), "key": stack.publishable_key(), "intake": stack.function_url("intake"), "workspace": DEMO,
            "email": Person::Owner.email(), "password": LOCAL_PASSWORD,
        }),
        supabase_js: package.join("dist/umd/supabase.js"),
        results,
    };
    let Some(browser) = Browser::open(&serve(site).await) else {
        node::report_skip("browser", "no Chromium is on the PATH");
        return;
    };
    let result = tokio::time::timeout(LIMIT, received.recv()).await;
    drop(browser);
    let result = result.expect("the page sent no result").unwrap();
    let answered = |text: &str| json!({"state": "answered", "answer_text": text});
    assert_eq!(result["first"], answered("42"), "{result}");
    assert_eq!(result["second"], answered("49"), "{result}");
    assert_eq!(result["inbox"], json!([]), "{result}");
    assert_eq!(result["refused"], json!([401, "token_missing"]), "{result}");
    assert!(result["location"].is_string(), "{result}");
    assert_eq!(result["buckets"], Value::Null, "{result}");
    let signed_up = json!(["new@example.test", "user_already_exists", []]);
    assert_eq!(result["signed_up"], signed_up, "{result}");
    stack.stop().await.unwrap();
}

/// Sends a browser's preflight before a POST from this origin; returns status and allowed origin of the reply.
async fn preflight(url: &str, origin: &str) -> (u16, Option<String>) {
    let request = reqwest::Client::new()
        .request(reqwest::Method::OPTIONS, url)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        );
    let reply = request.send().await.unwrap();
    let allowed = reply.headers().get("access-control-allow-origin");
    let allowed = allowed.map(|origin| origin.to_str().unwrap().to_owned());
    (reply.status().as_u16(), allowed)
}

#[tokio::test]
async fn only_listed_origins_may_call_intake() {
    let stack = stacks::start_with(|mut options| {
        let origins = "https://app.example.com, https://other.example.com".to_owned();
        options
            .environment
            .insert("GOALPOST_ALLOWED_ORIGINS".to_owned(), origins);
        options
    })
    .await
    .unwrap();
    let intake = stack.function_url("intake");
    let allowed = Some("https://app.example.com".to_owned());
    assert_eq!(
        preflight(&intake, "https://app.example.com").await,
        (204, allowed)
    );
    assert_eq!(
        preflight(&intake, "https://evil.example.com").await,
        (403, None)
    );
    let rest = format!("{}/rest/v1/requests", stack.url());
    assert_eq!(
        preflight(&rest, "https://evil.example.com").await,
        (200, Some("*".to_owned()))
    );
    stack.stop().await.unwrap();
}
