//! Starts the executor.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Ok(runtime::serve::<executor::Executor>().await?)
}
