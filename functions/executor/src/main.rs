//! Wires the executor together.

use std::sync::Arc;

use executor::{Executor, KINDS, config};
use llm::{KeyReaders, LazyModel};
use runtime::Worker;
use tools::{EmailConfig, Registry};
use trigger::Access;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::from_env()?;
    let worker = Worker::new("executor", config.common, KINDS, Access::Internal)?;
    let keys = KeyReaders {
        anthropic: worker.optional_secret("anthropic_api_key"),
        openai: worker.optional_secret("openai_api_key"),
    };
    let executor = Arc::new(Executor {
        model: LazyModel::new(config.model, keys),
        tools: Registry::with_email(
            config.http,
            config.email.map(|email| EmailConfig {
                url: email.url,
                from: email.from,
                key: worker.optional_secret("email_api_key"),
            }),
        )?,
        longest_conversation_bytes: config.longest_conversation_bytes,
        worker,
    });
    runtime::run("executor", move |invocation| {
        executor::handle(Arc::clone(&executor), invocation)
    })
    .await?;
    Ok(())
}
