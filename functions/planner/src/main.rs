//! Wires the planner together.

use std::sync::Arc;

use model::LazyModel;
use planner::{KINDS, Planner, config};
use runtime::Worker;
use trigger::Door;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::from_env()?;
    let worker = Worker::new(config.common, KINDS, Door::WakesOnly)?;
    let model = LazyModel::new(config.model, worker.optional_secret("openai_api_key"));
    let planner = Arc::new(Planner { worker, model });
    runtime::run("planner", move |invocation| {
        planner::handle(Arc::clone(&planner), invocation)
    })
    .await?;
    Ok(())
}
