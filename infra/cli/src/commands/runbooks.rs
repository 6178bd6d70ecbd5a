//! `goalpost runbooks`: lists, shows, checks, compares, applies, exports, activates and retires the runbooks of a
//! workspace.

use std::path::Path;

use anyhow::bail;
use chrono::Utc;
use domain::plan::{Catalogue, check_contents};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Global, RunbookVersion, Runbooks, RunbooksAction};
use super::raise::dollars;
use super::versions::{self, Place, Version, author_name, state_name};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, age, one_line, table};
use client::Client;
use definitions::{ImportedSkill, RunbookFile, type_of};

type Runbook = Version<RunbookFile>;

/// Returns a version as a file: of a built-in one with its number.
fn to_file(runbook: &Runbook) -> RunbookFile {
    RunbookFile {
        version: runbook.workspace_id.is_none().then_some(runbook.version),
        ..runbook.file.clone()
    }
}

/// The results of a version in a workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Results {
    runbook_id: i64,
    runs: i64,
    successes: i64,
    cost_microusd: i64,
    microusd_per_success: Option<i64>,
    mean_duration_ms: Option<i64>,
}

pub(super) async fn run(arguments: &Runbooks, global: &Global) -> anyhow::Result<()> {
    if let Some(RunbooksAction::ImportSkill { folder, agent }) = &arguments.action {
        return import_skill(folder, agent, global);
    }
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let place = Place { client, workspace };
    match &arguments.action {
        None => list(&place, false, global).await,
        Some(RunbooksAction::List { all }) => list(&place, *all, global).await,
        Some(RunbooksAction::Show(wanted)) => show(&place, wanted, global).await,
        Some(RunbooksAction::Lint(given)) => {
            lint(&place, &RunbookFile::read(&given.file)?, global).await
        }
        Some(RunbooksAction::Diff(given)) => {
            diff(&place, &RunbookFile::read(&given.file)?, global).await
        }
        Some(RunbooksAction::Apply {
            file: given,
            draft,
            candidate,
        }) => {
            let state = match (draft, candidate) {
                (true, _) => "draft",
                (_, true) => "candidate",
                _ => "active",
            };
            apply(&place, &RunbookFile::read(&given.file)?, state, global).await
        }
        Some(RunbooksAction::Export(wanted)) => {
            let found = place.find(&wanted.name, wanted.version).await?;
            versions::export(&to_file(&found), global)
        }
        // Reached above, without a connection.
        Some(RunbooksAction::ImportSkill { folder, agent }) => import_skill(folder, agent, global),
        Some(RunbooksAction::Activate(wanted)) => set_state(&place, wanted, "active", global).await,
        Some(RunbooksAction::Retire(wanted)) => set_state(&place, wanted, "retired", global).await,
    }
}

/// Prints a skill as a runbook, and names the files that a runbook cannot hold.
fn import_skill(folder: &Path, agent: &str, global: &Global) -> anyhow::Result<()> {
    let skill = ImportedSkill::read(folder, agent)?;
    let notes = console::Term::stderr();
    for file in &skill.left_out {
        notes.write_line(&one_line(&format!("Left out: {}", file.display()), 200))?;
    }
    if !skill.left_out.is_empty() {
        notes.write_line(
            "An agent has no files: put what it needs of them into the instructions, or into tools.",
        )?;
    }
    versions::export(&skill.runbook, global)
}

async fn set_state(
    place: &Place,
    wanted: &RunbookVersion,
    state: &str,
    global: &Global,
) -> anyhow::Result<()> {
    place
        .set_state::<RunbookFile>(&wanted.name, wanted.version, state, global)
        .await
}

async fn results(place: &Place) -> anyhow::Result<Vec<Results>> {
    let query = [
        (
            "select",
            "runbook_id,runs,successes,cost_microusd,microusd_per_success,mean_duration_ms"
                .to_owned(),
        ),
        ("workspace_id", format!("eq.{}", place.workspace)),
    ];
    Ok(place.client.select("runbook_costs", &query).await?)
}

async fn list(place: &Place, all: bool, global: &Global) -> anyhow::Result<()> {
    let runbooks: Vec<Runbook> = place.listed(all).await?;
    let results = results(place).await?;
    let of = |runbook: &Runbook| results.iter().find(|one| one.runbook_id == runbook.id);
    if global.json {
        let rows = runbooks
            .iter()
            .map(|one| json!({"runbook": one, "results": of(one)}));
        return print_json(&rows.collect::<Vec<_>>());
    }
    let screen = Screen::stdout();
    let row = |runbook: &Runbook| {
        let results = of(runbook);
        let runs = results.map_or(0, |one| one.runs);
        vec![
            runbook.file.name.clone(),
            runbook.version.to_string(),
            state_name(&runbook.state).to_owned(),
            results.filter(|_| runs > 0).map_or_else(
                || "–".to_owned(),
                |one| format!("{} of {}", one.successes, one.runs),
            ),
            results
                .and_then(|one| one.microusd_per_success)
                .map_or_else(|| "–".to_owned(), dollars),
            author_name(&runbook.author).to_owned(),
            one_line(&runbook.file.title, 60),
        ]
    };
    let rows: Vec<Vec<String>> = runbooks.iter().map(row).collect();
    let headings = [
        "RUNBOOK",
        "VERSION",
        "STATE",
        "SUCCEEDED",
        "COST EACH",
        "BY",
        "TITLE",
    ];
    for line in table::lines(screen, &headings, &rows) {
        print(&line);
    }
    Ok(())
}

async fn show(place: &Place, wanted: &RunbookVersion, global: &Global) -> anyhow::Result<()> {
    let runbook: Runbook = place.find(&wanted.name, wanted.version).await?;
    let versions: Vec<Runbook> = place.versions_of(&wanted.name).await?;
    let results = results(place).await?;
    let of = |id: i64| results.iter().find(|one| one.runbook_id == id);
    if global.json {
        let versions = versions.iter().map(|one| {
            json!({"id": one.id, "version": one.version, "state": one.state, "author": one.author,
                       "created_at": one.created_at, "results": of(one.id)})
        });
        return print_json(&json!({"runbook": runbook, "versions": versions.collect::<Vec<_>>()}));
    }
    let (screen, now) = (Screen::stdout(), Utc::now());
    let file = &runbook.file;
    print(&format!(
        "{}  {}",
        screen.palette.strong(&file.name),
        file.title
    ));
    print(&format!("{}\n", file.description));
    for (name, property) in file.properties() {
        let required = if file.requires(name) {
            "required"
        } else {
            "optional"
        };
        let of_it = property
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        print(&format!(
            "parameter {name} ({}, {required})  {of_it}",
            type_of(property)
        ));
    }
    for step in file.steps() {
        let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
        let tool = step.pointer("/input/tool").and_then(Value::as_str);
        let worker = tool.unwrap_or_else(|| {
            step.get("agent")
                .and_then(Value::as_str)
                .unwrap_or_default()
        });
        print(&format!(
            "step {}  {} {worker}  {}",
            text("key"),
            text("kind"),
            text("title")
        ));
    }
    for question in &file.examples {
        print(&screen.palette.dim(&format!("answers  {question}")));
    }
    print("");
    let row = |one: &Runbook| {
        let results = of(one.id);
        let runs = results.filter(|one| one.runs > 0);
        vec![
            one.version.to_string(),
            state_name(&one.state).to_owned(),
            author_name(&one.author).to_owned(),
            age(one.created_at, now),
            runs.map_or_else(
                || "–".to_owned(),
                |one| format!("{} of {}", one.successes, one.runs),
            ),
            runs.map_or_else(|| "–".to_owned(), |one| dollars(one.cost_microusd)),
        ]
    };
    let rows: Vec<Vec<String>> = versions.iter().map(row).collect();
    for line in table::lines(
        screen,
        &["VERSION", "STATE", "BY", "WRITTEN", "SUCCEEDED", "COST"],
        &rows,
    ) {
        print(&line);
    }
    Ok(())
}

async fn lint(place: &Place, file: &RunbookFile, global: &Global) -> anyhow::Result<()> {
    let problems = problems(&place.client, place.workspace, file).await?;
    let builtin_fields = file.builtin_fields();
    if global.json {
        let checked =
            json!({"name": file.name, "problems": problems, "builtin_fields": builtin_fields});
        print_json(&checked)?;
    } else {
        problems
            .iter()
            .for_each(|problem| print(&format!("- {problem}")));
        if let Some(reason) = builtin_fields_in_a_workspace(&builtin_fields) {
            print(&format!(
                "Checked as a built-in runbook; apply refuses it: {reason}"
            ));
        }
    }
    match problems.len() {
        0 if global.json => Ok(()),
        0 => {
            print(&format!("{} has no problems.", file.name));
            Ok(())
        }
        1 => bail!("{} has 1 problem", file.name),
        count => bail!("{} has {count} problems", file.name),
    }
}

async fn diff(place: &Place, file: &RunbookFile, global: &Global) -> anyhow::Result<()> {
    let versions: Vec<Runbook> = place.versions_of(&file.name).await?;
    let here = match versions.is_empty() {
        true => None,
        false => Some(place.find(&file.name, None).await?),
    };
    // A file without a version is a workspace's, whose next version is numbered when it is applied.
    let here_file = here.as_ref().map(|here| match file.version {
        Some(_) => to_file(here),
        None => here.file.clone(),
    });
    let file = file.with_defaults();
    versions::print_difference(&file.name, here.as_ref(), here_file.as_ref(), &file, global)
}

async fn apply(
    place: &Place,
    file: &RunbookFile,
    state: &str,
    global: &Global,
) -> anyhow::Result<()> {
    if let Some(reason) = builtin_fields_in_a_workspace(&file.builtin_fields()) {
        bail!("{} cannot be applied: {reason}", file.name);
    }
    let problems = problems(&place.client, place.workspace, file).await?;
    if !problems.is_empty() {
        return lint(place, file, global).await;
    }
    place.apply(file, state, global).await
}

/// Returns all problems of a file: those that the database finds, and those of templates and arguments.
///
/// # Errors
/// The person may not check runbooks in the workspace.
pub(super) async fn problems(
    client: &Client,
    workspace: Uuid,
    file: &RunbookFile,
) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Checked {
        problems: Vec<Value>,
    }
    let runbook = file.without_builtin_fields();
    let call = json!({"p_workspace_id": workspace, "p_runbook": runbook});
    let checked: Checked = client.call("check_runbook", &call).await?;
    let text =
        |problem: &Value, name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut problems: Vec<String> = checked
        .problems
        .iter()
        .map(|problem| {
            let message = text(problem, "message").unwrap_or_default();
            text(problem, "step_key")
                .map_or(message.clone(), |key| format!("step {key}: {message}"))
        })
        .collect();
    if problems.is_empty() {
        let tools: Vec<domain::Tool> = client
            .select("tools", &[("select", "*".to_owned())])
            .await?;
        let catalogue = Catalogue {
            tools: Catalogue::tools_by_name(tools),
            ..Catalogue::default()
        };
        let found = check_contents(&file.plan, &catalogue);
        problems.extend(found.iter().map(ToString::to_string));
    }
    Ok(problems)
}

/// Returns why fields of built-in runbooks are refused in a workspace's file; `None` if there are none.
fn builtin_fields_in_a_workspace(fields: &[&str]) -> Option<String> {
    if fields.is_empty() {
        return None;
    }
    Some(format!(
        "only built-in runbooks have {}. Remove that from the file; versions of a workspace are numbered when they \
         are applied.",
        fields.join(" and ")
    ))
}
