//! `goalpost reset`: creates the local database anew, seed included, with new keys for the project.

use anyhow::bail;
use local_stack::home::Home;
use local_stack::postgres::{Purpose, Server};
use local_stack::progress::Progress;
use local_stack::stack;

use super::{Usage, arguments, print_error, state};

pub(super) async fn run(arguments: &arguments::Reset) -> anyhow::Result<()> {
    let home = Home::open()?;
    let Some(_lock) = state::claim(&home)? else {
        bail!(
            "the local stack is running, and its database with it.\nStop it first: cargo goalpost down"
        );
    };
    if !arguments.yes && !is_confirmed()? {
        bail!("nothing was changed.");
    }
    let progress = Progress::stderr();
    let server = Server::start(&home, Purpose::Stack, &progress).await?;
    let phase = progress.phase("Making the database anew");
    stack::make_database(&server, stack::DATABASE).await?;
    phase.done();
    state::forget_keys(&home);
    tokio::task::spawn_blocking(move || server.stop()).await??;
    print_error("The database is as new. Start the stack: cargo goalpost up");
    Ok(())
}

fn is_confirmed() -> anyhow::Result<bool> {
    let terminal = console::Term::stderr();
    if !console::user_attended() {
        return Err(Usage(
            "reset deletes the local database: give --yes where there is no terminal to ask at."
                .to_owned(),
        )
        .into());
    }
    terminal
        .write_str("All requests and goals of the local stack will be deleted. Go on? [y/N] ")?;
    let answer = terminal.read_line()?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
