//! Starts the rotation.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    rotate::serve().await
}
