//! The real command line, run as a person of a stack.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use local_stack::binaries;
use local_stack::home::Home;
use local_stack::progress::Progress;
use local_stack::stack::{Person, Stack};
use secrecy::ExposeSecret;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::OnceCell;

/// Builds the command line, once in a process.
async fn binary(home: &Home) -> anyhow::Result<&'static PathBuf> {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    let build = || async {
        let progress = Progress::quiet();
        let mut built = binaries::build(home.workspace(), &["goalpost"], &progress).await?;
        built
            .remove("goalpost")
            .ok_or_else(|| anyhow::anyhow!("cargo built no goalpost"))
    };
    BUILT.get_or_try_init(build).await
}

/// Runs a command with this text as its standard input, and returns what it printed and its status.
///
/// # Errors
/// The command line does not build or start.
pub async fn run(
    stack: &Stack,
    person: Person,
    arguments: &[&str],
    input: &str,
) -> anyhow::Result<Output> {
    let home = Home::open()?;
    let folder = tempfile::tempdir()?;
    let mut command = tokio::process::Command::new(binary(&home).await?)
        .args(arguments)
        .current_dir(home.workspace())
        .env("GOALPOST_HOME", folder.path())
        .env("SUPABASE_URL", stack.url())
        .env("SUPABASE_PUBLISHABLE_KEY", stack.publishable_key())
        .env("GOALPOST_TOKEN", stack.token(person).expose_secret())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = command.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    Ok(command.wait_with_output().await?)
}

/// Runs a command as the owner of the workspace and returns what it printed.
///
/// # Errors
/// The command fails.
pub async fn print(stack: &Stack, arguments: &[&str]) -> anyhow::Result<String> {
    let ran = run(stack, Person::Owner, arguments, "").await?;
    let errors = String::from_utf8_lossy(&ran.stderr);
    anyhow::ensure!(ran.status.success(), "{arguments:?}: {errors}");
    Ok(String::from_utf8(ran.stdout)?)
}
