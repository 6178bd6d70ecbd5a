//! Starts the gateway.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    gateway::serve().await
}
