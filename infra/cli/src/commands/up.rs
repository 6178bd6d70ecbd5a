//! `goalpost up`: the local stack in the foreground.
//!
//! On every way out (Ctrl-C, `down`, an error during the start), all processes of the stack end before this one.

use anyhow::{Context, bail};
use chrono::Utc;
use domain::PrivateHosts;
use domain::private_hosts::PRIVATE_HOSTS;
use local_stack::home::Home;
use local_stack::progress::Progress;
use local_stack::stack::{DatabaseChoice, Person, Port, Stack, StackOptions, Switch};
use secrecy::ExposeSecret;
use std::time::Duration;

use super::{arguments, connect, doctor, local, print, print_error, state, stop_signal};
use crate::render::Screen;

/// The period of the check that Postgres still runs.
const PULSE: Duration = Duration::from_secs(2);

pub(super) async fn run(arguments: &arguments::Up) -> anyhow::Result<()> {
    let home = Home::open()?;
    let Some(_lock) = state::claim(&home)? else {
        let url = state::running(&home)
            .ok()
            .flatten()
            .and_then(|state| state.stack)
            .map(|stack| stack.url);
        bail!(
            "the local stack runs already{}.\n`cargo goalpost status` shows it, `cargo goalpost down` stops it.",
            url.map(|url| format!(" at {url}")).unwrap_or_default()
        );
    };
    let mut state = state::State {
        pid: own_pid(),
        started_at: Utc::now(),
        stack: None,
    };
    state::write(&home, &state)?;
    let ended = run_until_stopped(arguments, &home, &mut state).await;
    state::remove(&home);
    ended
}

async fn run_until_stopped(
    arguments: &arguments::Up,
    home: &Home,
    state: &mut state::State,
) -> anyhow::Result<()> {
    let progress = Progress::stderr();
    let mut options = StackOptions::for_people(home.clone(), progress);
    options.keys = Some(state::keys(home)?);
    if arguments.demo {
        options.database = DatabaseChoice::Kept(local::DEMO_DATABASE.to_owned());
    }
    if let Some(port) = arguments.port {
        options.port = Port::Exactly(port);
    }
    if !options.environment.contains_key("GOALPOST_EMAIL_URL") {
        options.mail = Switch::On;
    }
    let private_hosts = options.environment.get(PRIVATE_HOSTS);
    PrivateHosts::parse(private_hosts.map_or("", String::as_str))?;
    let models = doctor::models_of(&options);
    let wrong = doctor::wrong_settings(&models);
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    let stopped = stop_signal()?;
    tokio::pin!(stopped);
    let stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        () = &mut stopped => bail!("stopped while starting"),
    };
    state.stack = Some(of_stack(&stack, models));
    state::write(home, state)?;
    local::warm_up(connect::of_stack(&stack, Person::Owner)?);
    introduce(&stack, arguments.port);
    if let Some(stack) = &state.stack {
        report_unreachable(stack.models.clone());
    }
    let ended = tokio::select! {
        () = &mut stopped => Ok(()),
        () = until_postgres_ends(&stack) => {
            Err(anyhow::anyhow!("Postgres has ended; `cargo goalpost logs postgres` shows why."))
        }
    };
    print_error("\nStopping …");
    stack.stop().await.context("stopping the stack")?;
    print_error("Stopped. Nothing is left running.");
    ended
}

fn of_stack(stack: &Stack, models: state::Models) -> state::Stack {
    state::Stack {
        url: stack.url().to_owned(),
        database_url: stack.database_url("postgres"),
        psql: stack.server().program("psql"),
        logs: stack.log_folder().to_owned(),
        models,
        keys: stack.keys().to_stored(),
    }
}

async fn until_postgres_ends(stack: &Stack) {
    while stack.server().is_running() {
        tokio::time::sleep(PULSE).await;
    }
}

/// Reports model servers that do not answer, in the background.
fn report_unreachable(models: state::Models) {
    tokio::spawn(async move {
        for problem in doctor::unreachable(&models).await {
            print_error(&format!(
                "\n{problem}\nWork that needs a model fails until it can. Start again with the right address, or see: cargo goalpost doctor"
            ));
        }
    });
}

fn own_pid() -> i32 {
    nix::unistd::getpid().as_raw()
}

fn introduce(stack: &Stack, wanted_port: Option<u16>) {
    let palette = Screen::stdout().palette;
    let url = stack.url();
    print("");
    print(&palette.strong("Goalpost is up."));
    if wanted_port.is_none() && !url.ends_with(":54321") {
        print(&palette.dim("The usual port 54321 is taken; another one is used."));
    }
    print("");
    print(&format!("  API              {url}"));
    print(&format!("  Intake           {url}/functions/v1/intake"));
    if let Some(page) = stack.mail_page() {
        print(&format!("  Mail             {page}"));
    }
    print(&format!("  Publishable key  {}", stack.publishable_key()));
    print(&format!(
        "  Secret key       {}",
        stack.keys().secret_key().expose_secret()
    ));
    print(&format!(
        "  Database         {}",
        stack.database_url("postgres")
    ));
    print("");
    for line in local::people(palette) {
        print(&line);
    }
    print("");
    print(&palette.dim("In another terminal:"));
    print("  cargo goalpost ask \"What is 17% of 2,340?\" --wait");
    print("  cargo goalpost ask \"Audit my database\" --wait");
    print("  cargo goalpost approvals --as approver");
    print("");
    print(&palette.dim("Ctrl-C stops everything."));
}
