//! `goalpost demo`: one request from question to report, and what is learned from repeated ones, on a stack that lives as
//! long as this command.
//!
//! The demo asks through intake and decides as another person. The database is created anew each time, so the findings
//! are those of the seed. Only the language model of the last part is scripted.

mod learning;
mod stand_in;

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chrono::Utc;
use local_stack::home::Home;
use local_stack::progress::Progress;
use local_stack::stack::{
    DEMO_WORKSPACE, DatabaseChoice, Person, Port, ServerChoice, Stack, StackOptions,
};
use serde_json::{Value, json};

use super::watch::{Until, Watcher};
use super::{
    Usage, answer, approvals, arguments, connect, local, print, print_error, state, stop_signal,
};
use crate::render::{Screen, duration, table};
use client::{Approval, Client, Question, Work};
use learning::Learned;

const SIMPLE: &str = "What is 17% of 2,340?";
const AUDIT: &str = "Audit my database: what is wrong with it, and which SQL mends it?";

/// The durations of the demo's parts.
type Times = Vec<(String, Duration)>;

pub(super) async fn run(arguments: &arguments::Demo) -> anyhow::Result<()> {
    let decision = Decision::of(arguments.yes)?;
    let palette = Screen::stderr().palette;
    print_error(
        &palette.strong("Goalpost, once from a question to finished work, and what it learns."),
    );
    print_error(&palette.dim("A Supabase project and five Lambda functions on this machine; everything stops at the end.\n"));
    let began = Instant::now();
    let home = Home::open()?;
    let progress = Progress::stderr();
    let stopped = stop_signal()?;
    tokio::pin!(stopped);
    let options = options(&home, &progress)?;
    let is_kept = options.server == ServerChoice::Stack;
    let has_model = learning::has_model(&options);
    let stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        () = &mut stopped => bail!("stopped before it was up; nothing is left running."),
    };
    let shown = tokio::select! {
        shown = show(&stack, decision, has_model) => shown,
        () = &mut stopped => Err(anyhow::anyhow!("stopped; nothing is left running.")),
    };
    let stopping = Instant::now();
    let stopped = stack.stop().await.context("stopping the stack");
    let (mut times, learned) = shown?;
    stopped?;
    let mut all: Times = progress.durations();
    all.append(&mut times);
    all.push(("Stopping".to_owned(), stopping.elapsed()));
    summarize(&all, began.elapsed());
    suggest(learned.filter(|_| is_kept).as_ref());
    Ok(())
}

fn options(home: &Home, progress: &Progress) -> anyhow::Result<StackOptions> {
    let mut options = StackOptions::for_people(home.clone(), progress.clone());
    options.database = DatabaseChoice::Fresh(local::DEMO_DATABASE.to_owned());
    options.port = Port::Any;
    // The cluster of a running stack belongs to it; the demo then creates a temporary one.
    if state::claim(home)?.is_none() {
        options.server = ServerChoice::Throwaway;
    }
    Ok(options)
}

/// The source of the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// Approval without a question.
    Approve,
    /// The person at the terminal.
    Ask,
}

impl Decision {
    fn of(yes: bool) -> anyhow::Result<Self> {
        if yes {
            return Ok(Self::Approve);
        }
        if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            return Ok(Self::Ask);
        }
        Err(Usage("the demo asks for approvals, and there is no terminal to ask at: give --yes to approve.".to_owned()).into())
    }
}

/// Asks, decides, and prints; returns the duration of each part, and what was learned.
async fn show(
    stack: &Stack,
    decision: Decision,
    has_model: bool,
) -> anyhow::Result<(Times, Option<Learned>)> {
    let mut times = Times::new();
    let owner = connect::of_stack(stack, Person::Owner)?;
    local::warm_up(owner.clone());

    heading("1  A simple question", SIMPLE);
    let began = Instant::now();
    let answered = owner.ask_and_wait(DEMO_WORKSPACE, SIMPLE).await?;
    let took = began.elapsed();
    let Some(text) = answered.answer_text else {
        bail!(
            "the simple question was not answered: {}",
            answered.reason.unwrap_or(answered.state)
        );
    };
    print(text.trim_end());
    print_error(&Screen::stderr().palette.dim(&format!(
        "answered in {}, the functions' first start included",
        shown(took)
    )));
    times.push(("Simple question".to_owned(), took));

    heading("2  The main job", AUDIT);
    let accepted = owner.ask(&Question::new(DEMO_WORKSPACE, AUDIT)).await?;
    let mut watcher = Watcher::new(&owner, accepted.request_id);
    let began = Instant::now();
    let mut work = watcher.watch(Until::DecisionNeeded).await?;
    times.push(("Audit, up to the approval".to_owned(), began.elapsed()));
    while !work.has_ended() {
        let Some(approval) = work.pending_approvals().next() else {
            break;
        };
        let began = Instant::now();
        let shown = approvals::shown(&approval.shown, Screen::stderr());
        decide(stack, approval, &shown, decision, Person::Approver).await?;
        times.push(("Waiting for the decision".to_owned(), began.elapsed()));
        let began = Instant::now();
        work = watcher.watch(Until::DecisionNeeded).await?;
        times.push(("Audit, after the approval".to_owned(), began.elapsed()));
    }
    print_report(&owner, &work).await?;
    if has_model {
        learning::skip();
        return Ok((times, None));
    }
    let learned = learning::show(stack, &owner, decision, &mut times).await?;
    Ok((times, learned))
}

/// Shows an approval with lines about its subject, decides on it as a person, and returns the verdict.
async fn decide(
    stack: &Stack,
    approval: &Approval,
    shown: &[String],
    decision: Decision,
    person: Person,
) -> anyhow::Result<&'static str> {
    let screen = Screen::stderr();
    print_error("");
    print_error(&screen.palette.asks(&format!("? {}", approval.question)));
    for line in shown {
        print_error(line);
    }
    let verdict = match decision {
        Decision::Approve => {
            let line = format!("  Approved by --yes, as the {}.", role(person));
            print_error(&screen.palette.dim(&line));
            "approved"
        }
        Decision::Ask => asked(role(person)).await?,
    };
    let approver = connect::of_stack(stack, person)?;
    let call = json!({"p_approval_id": approval.id, "p_decision": verdict, "p_comment": null});
    let _: Value = approver.call("decide_approval", &call).await?;
    print_error("");
    Ok(verdict)
}

fn role(person: Person) -> &'static str {
    match person {
        Person::Owner => "owner",
        Person::Approver => "approver",
        Person::Stranger => "stranger",
    }
}

/// Asks the person at the terminal until the answer is yes or no.
async fn asked(role: &'static str) -> anyhow::Result<&'static str> {
    let read = move || -> anyhow::Result<&'static str> {
        let terminal = console::Term::stderr();
        loop {
            terminal.write_str(&format!("\n  Approve, as the {role}? [y/n] "))?;
            let mut typed = String::new();
            // The terminal's own reading ends at Ctrl-C, which is handled elsewhere.
            if std::io::stdin().read_line(&mut typed)? == 0 {
                bail!("the question was not answered.");
            }
            match typed.trim().to_lowercase().as_str() {
                "y" | "yes" => return Ok("approved"),
                "n" | "no" => return Ok("rejected"),
                _ => terminal.write_line("  Please type y or n.")?,
            }
        }
    };
    tokio::task::spawn_blocking(read)
        .await
        .context("asking was interrupted")?
}

async fn print_report(owner: &Client, work: &Work) -> anyhow::Result<()> {
    answer::outcome(work)?;
    heading("3  The report", "");
    answer::print_text(work.outcome().unwrap_or_default());
    answer::print_criteria(work);
    let usage = owner.usage(&work.runs).await?;
    let request = &work.request;
    let worked = request.ended_at.unwrap_or_else(Utc::now) - request.created_at;
    print_error("");
    print_error(&format!(
        "It took {} ({}). {}.",
        duration::milliseconds(worked.num_milliseconds()),
        crate::render::count(work.steps.len() as u64, "step"),
        capitalized(&match usage.is_empty() {
            true => "no model was called, so it cost nothing".to_owned(),
            false => answer::cost(&usage),
        })
    ));
    Ok(())
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn summarize(times: &[(String, Duration)], total: Duration) {
    let screen = Screen::stderr();
    print_error("");
    print_error(&screen.palette.strong("Where the time went"));
    let mut rows: Vec<Vec<String>> = times
        .iter()
        .map(|(name, took)| vec![name.clone(), shown(*took)])
        .collect();
    rows.push(vec![
        "In all (some of it side by side)".to_owned(),
        shown(total),
    ]);
    for line in table::lines(screen, &["PHASE", "TOOK"], &rows) {
        print_error(&format!("  {line}"));
    }
}

/// Prints the commands that go on from here.
fn suggest(learned: Option<&Learned>) {
    print_error("\nNothing is left running.");
    if let Some(learned) = learned {
        print_error("Look further: start this database again, and read in another terminal:");
        print_error("  cargo goalpost up --demo");
        print_error(&format!("  cargo goalpost goal {} --why", learned.goal_id));
        print_error(&format!(
            "  cargo goalpost improvements show {}",
            learned.improvement_id
        ));
        print_error(&format!(
            "  cargo goalpost runbooks show {}",
            learned.runbook
        ));
    }
    print_error("Try next:");
    print_error("  cargo goalpost up                  a stack of your own, to work with");
    print_error("  cargo goalpost ask \"Review the last week\" --wait     (another terminal)");
    print_error("  cargo goalpost --help");
}

fn heading(title: &str, question: &str) {
    let palette = Screen::stderr().palette;
    print_error(&format!("\n{}", palette.strong(title)));
    if !question.is_empty() {
        print_error(&palette.live(&format!("> {question}")));
    }
    print_error("");
}

fn shown(took: Duration) -> String {
    duration::milliseconds(i64::try_from(took.as_millis()).unwrap_or(i64::MAX))
}
