//! `goalpost runbooks`: lists, shows, checks, compares, applies, exports, activates and retires the runbooks of a
//! workspace.

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use domain::plan::{Catalogue, check_contents};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Global, RunbookVersion, Runbooks, RunbooksAction};
use super::raise::dollars;
use super::{ask, connect, edited, print, print_json};
use crate::render::{Screen, age, one_line, table};
use client::Client;
use definitions::{RunbookFile, type_of, write};

/// A version of a runbook.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Runbook {
    id: i64,
    workspace_id: Option<Uuid>,
    version: i32,
    state: String,
    author: String,
    created_at: DateTime<Utc>,
    /// Its `version` is the field above.
    #[serde(flatten)]
    file: RunbookFile,
}

impl Runbook {
    /// Returns the runbook as a file: of a built-in one with its version.
    fn to_file(&self) -> RunbookFile {
        RunbookFile {
            version: self.workspace_id.is_none().then_some(self.version),
            ..self.file.clone()
        }
    }
}

const COLUMNS: &str = "id,workspace_id,name,version,state,author,created_at,title,description,goal_type,examples,\
                       requires_project_admin,parameters,budget,plan";

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

/// The answer of `apply_runbook` and `set_runbook_state`.
#[derive(Debug, Serialize, Deserialize)]
struct Applied {
    runbook_id: i64,
    name: String,
    version: i32,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
}

pub(super) async fn run(arguments: &Runbooks, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let place = Place { client, workspace };
    match &arguments.action {
        None => place.list(false, global).await,
        Some(RunbooksAction::List { all }) => place.list(*all, global).await,
        Some(RunbooksAction::Show(wanted)) => place.show(wanted, global).await,
        Some(RunbooksAction::Lint(given)) => {
            place.lint(&RunbookFile::read(&given.file)?, global).await
        }
        Some(RunbooksAction::Diff(given)) => {
            place.diff(&RunbookFile::read(&given.file)?, global).await
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
            place
                .apply(&RunbookFile::read(&given.file)?, state, global)
                .await
        }
        Some(RunbooksAction::Export(wanted)) => {
            let file = place.find(wanted).await?.to_file();
            match global.json {
                true => print_json(&file),
                false => {
                    let text = write(&file)?;
                    // One line break is printed; further ones may belong to the last text.
                    print(text.strip_suffix('\n').unwrap_or(&text));
                    Ok(())
                }
            }
        }
        Some(RunbooksAction::Activate(wanted)) => place.set_state(wanted, "active", global).await,
        Some(RunbooksAction::Retire(wanted)) => place.set_state(wanted, "retired", global).await,
    }
}

/// A workspace, and the client of a person in it.
struct Place {
    client: Client,
    workspace: Uuid,
}

impl Place {
    async fn runbooks(&self, filter: &[(&str, String)]) -> anyhow::Result<Vec<Runbook>> {
        let mut query = vec![
            ("select", COLUMNS.to_owned()),
            (
                "or",
                format!("(workspace_id.is.null,workspace_id.eq.{})", self.workspace),
            ),
            (
                "order",
                "name.asc,workspace_id.asc.nullslast,version.desc".to_owned(),
            ),
        ];
        query.extend(filter.iter().cloned());
        Ok(self.client.select("runbooks", &query).await?)
    }

    async fn results(&self) -> anyhow::Result<Vec<Results>> {
        let query = [
            (
                "select",
                "runbook_id,runs,successes,cost_microusd,microusd_per_success,mean_duration_ms"
                    .to_owned(),
            ),
            ("workspace_id", format!("eq.{}", self.workspace)),
        ];
        Ok(self.client.select("runbook_costs", &query).await?)
    }

    /// Returns a version: the one that is named, otherwise the one that a request would start.
    async fn find(&self, wanted: &RunbookVersion) -> anyhow::Result<Runbook> {
        let versions = self
            .runbooks(&[("name", format!("eq.{}", wanted.name))])
            .await?;
        if versions.is_empty() {
            bail!(
                "there is no runbook called {}.\nThose there are: cargo goalpost runbooks",
                wanted.name
            );
        }
        let found = match wanted.version {
            Some(version) => versions.iter().find(|one| one.version == version),
            None => {
                let active = versions.iter().find(|one| one.state == "active");
                let waiting = versions.iter().find(|one| one.state != "retired");
                active.or(waiting).or(versions.first())
            }
        };
        found.cloned().with_context(|| {
            let numbers: Vec<String> = versions.iter().map(|one| one.version.to_string()).collect();
            format!(
                "the runbook {} has no such version; it has {}",
                wanted.name,
                numbers.join(", ")
            )
        })
    }

    async fn list(&self, all: bool, global: &Global) -> anyhow::Result<()> {
        let filter: &[(&str, String)] = if all {
            &[]
        } else {
            &[("state", "neq.retired".to_owned())]
        };
        let runbooks = self.runbooks(filter).await?;
        let results = self.results().await?;
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
                runbook.state.clone(),
                results.filter(|_| runs > 0).map_or_else(
                    || "–".to_owned(),
                    |one| format!("{} of {}", one.successes, one.runs),
                ),
                results
                    .and_then(|one| one.microusd_per_success)
                    .map_or_else(|| "–".to_owned(), dollars),
                author(&runbook.author).to_owned(),
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

    async fn show(&self, wanted: &RunbookVersion, global: &Global) -> anyhow::Result<()> {
        let runbook = self.find(wanted).await?;
        let versions = self
            .runbooks(&[("name", format!("eq.{}", wanted.name))])
            .await?;
        let results = self.results().await?;
        let of = |id: i64| results.iter().find(|one| one.runbook_id == id);
        if global.json {
            let versions = versions.iter().map(|one| {
                json!({"id": one.id, "version": one.version, "state": one.state, "author": one.author,
                       "created_at": one.created_at, "results": of(one.id)})
            });
            return print_json(
                &json!({"runbook": runbook, "versions": versions.collect::<Vec<_>>()}),
            );
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
                one.state.clone(),
                author(&one.author).to_owned(),
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

    async fn lint(&self, file: &RunbookFile, global: &Global) -> anyhow::Result<()> {
        let problems = problems(&self.client, self.workspace, file).await?;
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

    async fn diff(&self, file: &RunbookFile, global: &Global) -> anyhow::Result<()> {
        let wanted = RunbookVersion {
            name: file.name.clone(),
            version: None,
        };
        let versions = self
            .runbooks(&[("name", format!("eq.{}", file.name))])
            .await?;
        if versions.is_empty() {
            if global.json {
                return print_json(&json!({"name": file.name, "version": null, "changes": null}));
            }
            print(&format!(
                "There is no runbook {} yet; apply adds its version 1.",
                file.name
            ));
            return Ok(());
        }
        let here = self.find(&wanted).await?;
        // A file without a version is a workspace's, whose next version is numbered when it is applied.
        let here_file = match file.version {
            Some(_) => here.to_file(),
            None => here.file.clone(),
        };
        let changes = edited::difference(
            &serde_json::to_value(&here_file)?,
            &serde_json::to_value(file.with_defaults())?,
        );
        if global.json {
            return print_json(
                &json!({"name": file.name, "version": here.version, "changes": changes}),
            );
        }
        match changes.is_empty() {
            true => print(&format!(
                "The file is version {} ({}).",
                here.version, here.state
            )),
            false => {
                print(&format!(
                    "Against version {} ({}):",
                    here.version, here.state
                ));
                changes.iter().for_each(|line| print(line));
            }
        }
        Ok(())
    }

    async fn apply(&self, file: &RunbookFile, state: &str, global: &Global) -> anyhow::Result<()> {
        if let Some(reason) = builtin_fields_in_a_workspace(&file.builtin_fields()) {
            bail!("{} cannot be applied: {reason}", file.name);
        }
        let problems = problems(&self.client, self.workspace, file).await?;
        if !problems.is_empty() {
            return self.lint(file, global).await;
        }
        let call = json!({"p_workspace_id": self.workspace, "p_runbook": file, "p_state": state});
        let applied: Applied = self.client.call("apply_runbook", &call).await?;
        if global.json {
            return print_json(&applied);
        }
        let verb = if applied.changed == Some(true) {
            "is now"
        } else {
            "already was"
        };
        print(&format!(
            "{} {verb} version {} ({}).",
            applied.name, applied.version, applied.state
        ));
        Ok(())
    }

    async fn set_state(
        &self,
        wanted: &RunbookVersion,
        state: &str,
        global: &Global,
    ) -> anyhow::Result<()> {
        let runbook = self.find(wanted).await?;
        let call = json!({"p_runbook_id": runbook.id, "p_state": state});
        let applied: Applied = self.client.call("set_runbook_state", &call).await?;
        if global.json {
            return print_json(&applied);
        }
        print(&format!(
            "{} version {} is {}.",
            applied.name, applied.version, applied.state
        ));
        Ok(())
    }
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

fn author(author: &str) -> &str {
    match author {
        "built_in" => "Goalpost",
        other => other,
    }
}
