//! A server of moto, which ends with its value.

use std::process::Stdio;
use std::time::Duration;

use system_tests::{node, python};
use tokio::process::{Child, Command};
use url::Url;

/// The region of calls: that of the local Lambda host.
pub(super) const REGION: &str = "us-east-1";

/// A running server.
pub(super) struct Moto {
    pub(super) url: Url,
    _server: Child,
}

impl Moto {
    /// Starts a server; none, with a line that names the skipped test, where moto cannot be had. With a number, calls
    /// after so many are checked by IAM: signature and policy.
    pub(super) async fn start(test: &str, free_calls: Option<u32>) -> Option<Self> {
        let installed = tokio::task::spawn_blocking(|| python::packages("moto")).await;
        let folder = match installed.unwrap() {
            Ok(folder) => folder,
            Err(error) => {
                node::report_skip(test, &format!("moto cannot be installed: {error}"));
                return None;
            }
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut command = Command::new(python::python());
        command
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p"])
            .arg(address.port().to_string())
            .env("PYTHONPATH", &folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if let Some(calls) = free_calls {
            command.env("INITIAL_NO_AUTH_ACTION_COUNT", calls.to_string());
        }
        let server = command.spawn().unwrap();
        let answers = async {
            while tokio::net::TcpStream::connect(address).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), answers).await;
        assert!(waited.is_ok(), "moto's server does not start");
        Some(Self {
            url: format!("http://{address}/").parse().unwrap(),
            _server: server,
        })
    }

    /// Calls IAM, which has a form in place of JSON; moto finds the service in the scope of the credentials.
    pub(super) async fn iam(&self, form: &[(&str, &str)]) -> String {
        let credential = format!("any/20260101/{REGION}/iam/aws4_request");
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=none");
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("Version", "2010-05-08").extend_pairs(form);
        let response = reqwest::Client::new()
            .post(self.url.clone())
            .header("authorization", authorization)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish())
            .send()
            .await
            .unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{text}");
        text
    }
}
