//! Wires the executor together.

use std::sync::Arc;

use executor::{Executor, KINDS, config};
use model::LazyModel;
use runtime::Worker;
use tools::Registry;
use trigger::Door;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::from_env()?;
    let worker = Worker::new(config.common, KINDS, Door::WakesOnly)?;
    let executor = Arc::new(Executor {
        model: LazyModel::new(config.model, worker.optional_secret("openai_api_key")),
        tools: Registry::builtin(config.http)?,
        worker,
    });
    runtime::run("executor", move |invocation| {
        executor::handle(Arc::clone(&executor), invocation)
    })
    .await?;
    Ok(())
}
