//! Wires the analyzer together.

use std::sync::Arc;

use runtime::Worker;
use trigger::Access;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let worker = Arc::new(Worker::new(
        "analyzer",
        analyzer::config::from_env()?,
        &[],
        Access::Internal,
    )?);
    runtime::run("analyzer", move |invocation| {
        analyzer::handle(Arc::clone(&worker), invocation)
    })
    .await?;
    Ok(())
}
