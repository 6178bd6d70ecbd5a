//! Starts the aggregator.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Ok(runtime::serve::<aggregator::Aggregator>().await?)
}
