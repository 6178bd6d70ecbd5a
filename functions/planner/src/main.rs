//! Wires the planner together.

use std::sync::Arc;

use llm::{KeyReaders, LazyModel};
use planner::{KINDS, Planner, config};
use runtime::Worker;
use trigger::Access;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::from_env()?;
    let worker = Worker::new("planner", config.common, KINDS, Access::Internal)?;
    let keys = KeyReaders {
        anthropic: worker.optional_secret("anthropic_api_key"),
        openai: worker.optional_secret("openai_api_key"),
    };
    let model = LazyModel::new(config.model, keys);
    let planner = Arc::new(Planner { worker, model });
    runtime::run("planner", move |invocation| {
        planner::handle(Arc::clone(&planner), invocation)
    })
    .await?;
    Ok(())
}
