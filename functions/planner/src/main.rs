//! Starts the planner.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Ok(runtime::serve::<planner::Planner>().await?)
}
