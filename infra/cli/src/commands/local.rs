//! What the commands that start or show the local stack share.

use local_stack::stack::{LOCAL_PASSWORD, Person};
use local_stack::terminal::Palette;

use client::Client;

/// The database of the demonstration, which `goalpost up --demo` opens again.
pub(super) const DEMO_DATABASE: &str = "goalpost_demo";

/// Reads the tables' schema in advance: otherwise the first request waits for it.
pub(super) fn warm_up(client: Client) {
    tokio::spawn(async move { client.workspaces().await.is_ok() });
}

/// Returns the people who can sign in to the local stack, with their password.
pub(super) fn people(palette: Palette) -> Vec<String> {
    let heading = format!(
        "People, who sign in with the password {LOCAL_PASSWORD} (tokens: cargo goalpost status --json)"
    );
    let lines = Person::ALL
        .iter()
        .map(|person| format!("  {:16} {}", person.name(), person.email()));
    std::iter::once(palette.dim(&heading))
        .chain(lines)
        .collect()
}
