//! Finds the project and the person for a command.
//!
//! A given URL wins over the local stack, and a given token over a session stored by `login`. The people of the local
//! stack need neither: their tokens are signed here, with the key in the stack's state file.

use std::time::Duration;

use anyhow::Context;
use local_stack::home::Home;
use local_stack::keys::ProjectKeys;
use local_stack::stack::{Person, Stack};
use secrecy::SecretString;

use super::arguments::Global;
use super::{Usage, state};
use client::{Client, Place, Renewal, Session};

/// Long enough for one command, `--follow` included.
const TOKEN_LIFE: Duration = Duration::from_secs(12 * 3600);

/// Creates a client for the project and person of the options.
pub(super) async fn client(global: &Global) -> anyhow::Result<Client> {
    let home = Home::open()?;
    match given(global.url.as_deref()) {
        None => local(&home, global),
        Some(url) => {
            let local = state::running(&home)
                .ok()
                .flatten()
                .and_then(|state| state.stack);
            // `up` prints SUPABASE_URL for people's own programs; with that URL it is still the local stack.
            match local.filter(|local| local.url == url.trim_end_matches('/')) {
                Some(_) => self::local(&home, global),
                None => hosted(&home, url, global).await,
            }
        }
    }
}

fn local(home: &Home, global: &Global) -> anyhow::Result<Client> {
    let stack = state::required(home)?;
    let keys = stack.keys()?;
    let token = match given(global.token.as_deref()) {
        Some(token) => SecretString::from(token),
        None => token(&keys, global.person.unwrap_or(Person::Owner)),
    };
    let intake = match given(global.intake_url.as_deref()) {
        Some(url) => url.to_owned(),
        None => format!("{}/functions/v1/intake", stack.url),
    };
    let client = Client::new(&stack.url, keys.publishable_key(), Place::LocalStack)?;
    Ok(client.with_token(token).with_intake(intake))
}

/// Creates a client of a stack in this process.
pub(super) fn of_stack(stack: &Stack, person: Person) -> anyhow::Result<Client> {
    let client = Client::new(stack.url(), stack.publishable_key(), Place::LocalStack)?;
    Ok(client
        .with_token(token(stack.keys(), person))
        .with_intake(stack.function_url("intake")))
}

/// Signs a token of a demonstration person.
pub(super) fn token(keys: &ProjectKeys, person: Person) -> SecretString {
    keys.mint_user_token(person.id(), person.email(), TOKEN_LIFE)
}

async fn hosted(home: &Home, url: &str, global: &Global) -> anyhow::Result<Client> {
    if global.person.is_some() {
        return Err(Usage(format!(
            "--as names people of the local stack, and {url} is another project: use `cargo goalpost login` or \
             --token, or leave --url (SUPABASE_URL) out."
        ))
        .into());
    }
    let session = Session::stored(home).filter(|session| session.url == url.trim_end_matches('/'));
    let key = given(global.key.as_deref()).map(str::to_owned);
    let key = key.or_else(|| session.as_ref().map(|session| session.key.clone())).ok_or_else(|| {
        Usage("give the project's publishable key: --key sb_publishable_… (SUPABASE_PUBLISHABLE_KEY).".to_owned())
    })?;
    let mut client = Client::new(url, &key, Place::GivenUrl)?;
    if let Some(intake) = given(global.intake_url.as_deref()) {
        client = client.with_intake(intake);
    }
    if let Some(token) = given(global.token.as_deref()) {
        return Ok(client.with_token(SecretString::from(token)));
    }
    let session = session.context(
        "you are not signed in to this project.\nRun `cargo goalpost login`, or give --token (GOALPOST_TOKEN).",
    )?;
    let (session, renewal) = client.renewed(session).await?;
    if renewal == Renewal::Renewed {
        session.store(home)?;
    }
    Ok(client.with_token(session.token()))
}

/// Returns the option if it is not empty: an empty variable is no value.
pub(super) fn given(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}
