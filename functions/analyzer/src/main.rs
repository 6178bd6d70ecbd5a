//! Starts the analyzer.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Ok(runtime::serve::<analyzer::Analyzer>().await?)
}
