//! Starts the notifier.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Ok(runtime::serve::<notifier::Notifier>().await?)
}
