//! Starts the intake.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Ok(runtime::serve::<intake::Intake>().await?)
}
