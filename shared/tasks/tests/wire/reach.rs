//! Whether a provider's server is found at its address.

use std::time::Duration;

use serde_json::json;

use crate::protocol::Protocol;
use crate::server::{KEY, Reply, Server};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn unreachable_servers_are_named() {
    for (protocol, variable, path) in [
        (Protocol::OpenAi, "OPENAI_BASE_URL", "GET /v1/models "),
        (Protocol::Anthropic, "ANTHROPIC_BASE_URL", "GET /v1/models "),
    ] {
        let wrong_key = Reply::status("401 Unauthorized", json!({}));
        let nothing = Reply::status("404 Not Found", json!({}));
        let server = Server::start([wrong_key, nothing, Reply::Silence]).await;
        let model = protocol.model(&server);
        let problems = async |patience| model.unreachable_servers(patience).await.unwrap();

        assert!(
            problems(PATIENCE).await.is_empty(),
            "a server that wants a key is there"
        );
        let found = problems(PATIENCE).await.join(" ");
        assert!(
            found.contains(variable) && found.contains("end in /v1"),
            "{found}"
        );
        let found = problems(Duration::from_millis(50)).await.join(" ");
        assert!(found.contains("no answer in time"), "{found}");
        for asked in server.asked() {
            assert!(asked.head.starts_with(path), "{asked:?}");
            assert!(!asked.head.contains(KEY), "no key is sent: {asked:?}");
        }
    }
}
