//! Wires the aggregator together.

use std::sync::Arc;

use aggregator::{Aggregator, KINDS, config};
use llm::{KeyReaders, LazyModel};
use runtime::Worker;
use trigger::Access;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::from_env()?;
    let worker = Worker::new("aggregator", config.common, KINDS, Access::Internal)?;
    let keys = KeyReaders {
        anthropic: worker.optional_secret("anthropic_api_key"),
        openai: worker.optional_secret("openai_api_key"),
    };
    let model = LazyModel::new(config.model, keys);
    let aggregator = Arc::new(Aggregator { worker, model });
    runtime::run("aggregator", move |invocation| {
        aggregator::handle(Arc::clone(&aggregator), invocation)
    })
    .await?;
    Ok(())
}
