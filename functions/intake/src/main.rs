//! Wires the intake together.

use std::sync::Arc;

use intake::{Intake, KINDS, config};
use llm::{KeyReaders, LazyModel};
use runtime::Worker;
use trigger::Access;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::from_env()?;
    let worker = Worker::new("intake", config.common, KINDS, Access::Public)?;
    let keys = KeyReaders {
        anthropic: worker.optional_secret("anthropic_api_key"),
        openai: worker.optional_secret("openai_api_key"),
    };
    let model = LazyModel::new(config.model, keys);
    let intake = Arc::new(Intake {
        worker,
        model,
        origins: config.origins,
    });
    runtime::run("intake", move |invocation| {
        intake::handle(Arc::clone(&intake), invocation)
    })
    .await?;
    Ok(())
}
