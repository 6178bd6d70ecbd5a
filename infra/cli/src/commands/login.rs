//! `goalpost login`: stores a session with a project's Auth for later commands.

use anyhow::Context;
use local_stack::home::Home;
use secrecy::SecretString;

use super::arguments::{self, Global};
use super::connect::given;
use super::{Usage, print, state};
use client::{Client, Place};

pub(super) async fn run(arguments: &arguments::Login, global: &Global) -> anyhow::Result<()> {
    let home = Home::open()?;
    let (url, key, place) = project(&home, global)?;
    let client = Client::new(&url, &key, place)?;
    let email = match &arguments.email {
        Some(email) => email.clone(),
        None => asked("E-mail: ", console::Term::read_line)?,
    };
    let password = match std::env::var("GOALPOST_PASSWORD")
        .ok()
        .filter(|password| !password.is_empty())
    {
        Some(password) => SecretString::from(password),
        None => SecretString::from(asked("Password: ", console::Term::read_secure_line)?),
    };
    let session = client
        .login(email.trim(), &password)
        .await
        .with_context(|| format!("signing in to {url}"))?;
    session.store(&home)?;
    print(&format!("Signed in to {url} as {}.", session.email));
    print(&format!("Try: cargo goalpost goals --url {url}"));
    Ok(())
}

fn project(home: &Home, global: &Global) -> anyhow::Result<(String, String, Place)> {
    let Some(url) = given(global.url.as_deref()) else {
        let stack = state::required(home).context("no --url was given, and for the local stack")?;
        let keys = stack.keys()?;
        return Ok((
            stack.url,
            keys.publishable_key().to_owned(),
            Place::LocalStack,
        ));
    };
    let key = given(global.key.as_deref()).ok_or_else(|| {
        Usage("give the project's publishable key: --key sb_publishable_…".to_owned())
    })?;
    Ok((url.to_owned(), key.to_owned(), Place::GivenUrl))
}

fn asked(
    prompt: &str,
    read: impl Fn(&console::Term) -> std::io::Result<String>,
) -> anyhow::Result<String> {
    if !console::user_attended() {
        return Err(Usage(
            "there is no terminal to ask at: give --email, and the password in GOALPOST_PASSWORD."
                .to_owned(),
        )
        .into());
    }
    let terminal = console::Term::stderr();
    terminal.write_str(prompt)?;
    Ok(read(&terminal)?)
}
