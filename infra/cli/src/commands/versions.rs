//! Definitions that a workspace keeps in versions, runbooks and agents: read, compared, applied and retired alike.

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use definitions::{AgentFile, RunbookFile, write};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::arguments::Global;
use super::{edited, print, print_json};
use client::Client;

/// A kind of definition, by its file.
pub(super) trait Definition: Clone + Serialize + DeserializeOwned {
    /// Such as `runbook`; its table and its functions are named after it.
    const NAME: &str;
    /// The columns that make up the file.
    const COLUMNS: &str;

    /// Returns true if a request uses this version where it names none.
    fn is_general(&self) -> bool;
}

impl Definition for AgentFile {
    const NAME: &str = "agent";
    const COLUMNS: &str = "name,role,model,tools,max_turns,goal_type";

    fn is_general(&self) -> bool {
        self.goal_type.is_none()
    }
}

impl Definition for RunbookFile {
    const NAME: &str = "runbook";
    const COLUMNS: &str =
        "name,title,description,goal_type,examples,requires_project_admin,parameters,budget,plan";

    fn is_general(&self) -> bool {
        true
    }
}

/// A version of a definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version<T> {
    pub(super) id: i64,
    pub(super) workspace_id: Option<Uuid>,
    pub(super) version: i32,
    pub(super) state: String,
    pub(super) author: String,
    pub(super) created_at: DateTime<Utc>,
    /// Its own `version`, if it has one, is the field above.
    #[serde(flatten)]
    pub(super) file: T,
}

/// The answer of the functions that apply a definition and set the state of a version.
#[derive(Debug, Serialize, Deserialize)]
struct Applied {
    name: String,
    version: i32,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
    /// The id.
    #[serde(flatten)]
    id: Map<String, Value>,
}

/// A workspace, and the client of a person in it.
pub(super) struct Place {
    pub(super) client: Client,
    pub(super) workspace: Uuid,
}

impl Place {
    /// Reads versions, those of the workspace and the built-in ones, by name and the newest first.
    pub(super) async fn versions<T: Definition>(
        &self,
        filter: &[(&str, String)],
    ) -> anyhow::Result<Vec<Version<T>>> {
        let columns = format!(
            "id,workspace_id,version,state,author,created_at,{}",
            T::COLUMNS
        );
        let of_it = format!("(workspace_id.is.null,workspace_id.eq.{})", self.workspace);
        let order = "name.asc,workspace_id.asc.nullslast,version.desc";
        let mut query = vec![
            ("select", columns),
            ("or", of_it),
            ("order", order.to_owned()),
        ];
        query.extend(filter.iter().cloned());
        Ok(self.client.select(&format!("{}s", T::NAME), &query).await?)
    }

    /// Reads the versions of a name.
    pub(super) async fn versions_of<T: Definition>(
        &self,
        name: &str,
    ) -> anyhow::Result<Vec<Version<T>>> {
        self.versions(&[("name", format!("eq.{name}"))]).await
    }

    /// Reads the versions that are listed: those that are not retired, or all.
    pub(super) async fn listed<T: Definition>(&self, all: bool) -> anyhow::Result<Vec<Version<T>>> {
        let in_use = [("state", "neq.retired".to_owned())];
        self.versions(if all { &[] } else { &in_use }).await
    }

    /// Returns a version: the one that is named, otherwise the one that a request uses.
    pub(super) async fn find<T: Definition>(
        &self,
        name: &str,
        version: Option<i32>,
    ) -> anyhow::Result<Version<T>> {
        let versions: Vec<Version<T>> = self.versions_of(name).await?;
        if versions.is_empty() {
            bail!(
                "there is no {0} called {name}.\nThose there are: cargo goalpost {0}s",
                T::NAME
            );
        }
        let found = match version {
            Some(version) => versions.iter().find(|one| one.version == version),
            None => {
                let active = versions
                    .iter()
                    .find(|one| one.state == "active" && one.file.is_general());
                let waiting = versions.iter().find(|one| one.state != "retired");
                active.or(waiting).or(versions.first())
            }
        };
        found.cloned().with_context(|| {
            let numbers: Vec<String> = versions.iter().map(|one| one.version.to_string()).collect();
            format!(
                "the {} {name} has no such version; it has {}",
                T::NAME,
                numbers.join(", ")
            )
        })
    }

    /// Adds a file as the next version of its definition.
    pub(super) async fn apply<T: Definition>(
        &self,
        file: &T,
        state: &str,
        global: &Global,
    ) -> anyhow::Result<()> {
        let mut call = json!({"p_workspace_id": self.workspace, "p_state": state});
        if let Some(call) = call.as_object_mut() {
            call.insert(format!("p_{}", T::NAME), serde_json::to_value(file)?);
        }
        let function = format!("apply_{}", T::NAME);
        let applied: Applied = self.client.call(&function, &call).await?;
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
            applied.name,
            applied.version,
            state_name(&applied.state)
        ));
        Ok(())
    }

    /// Sets the state of a version.
    pub(super) async fn set_state<T: Definition>(
        &self,
        name: &str,
        version: Option<i32>,
        state: &str,
        global: &Global,
    ) -> anyhow::Result<()> {
        let found: Version<T> = self.find(name, version).await?;
        let mut call = json!({"p_state": state});
        if let Some(call) = call.as_object_mut() {
            call.insert(format!("p_{}_id", T::NAME), json!(found.id));
        }
        let function = format!("set_{}_state", T::NAME);
        let applied: Applied = self.client.call(&function, &call).await?;
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

/// Prints a definition as a file.
pub(super) fn export<T: Serialize>(file: &T, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return print_json(file);
    }
    let text = write(file)?;
    // One line break is printed; further ones may belong to the last text.
    print(text.strip_suffix('\n').unwrap_or(&text));
    Ok(())
}

/// Prints the difference between a file and the version that is here, both as their files.
pub(super) fn print_difference<T: Definition>(
    name: &str,
    here: Option<&Version<T>>,
    here_file: Option<&T>,
    file: &T,
    global: &Global,
) -> anyhow::Result<()> {
    let changes = match here_file {
        Some(here) => Some(edited::difference(
            &serde_json::to_value(here)?,
            &serde_json::to_value(file)?,
        )),
        None => None,
    };
    if global.json {
        let version = here.map(|here| here.version);
        return print_json(&json!({"name": name, "version": version, "changes": changes}));
    }
    let (Some(here), Some(changes)) = (here, changes) else {
        print(&format!(
            "There is no {} {name} yet; apply adds its version 1.",
            T::NAME
        ));
        return Ok(());
    };
    let version = format!("version {} ({})", here.version, here.state);
    if changes.is_empty() {
        print(&format!("The file is {version}."));
        return Ok(());
    }
    print(&format!("Against {version}:"));
    changes.iter().for_each(|line| print(line));
    Ok(())
}

/// Returns the author of a version, for people.
pub(super) fn author_name(author: &str) -> &str {
    match author {
        "built_in" => "Goalpost",
        other => other,
    }
}

/// Returns the state of an agent, for people.
pub(super) fn state_name(state: &str) -> &str {
    match state {
        "candidate" => "on trial",
        other => other,
    }
}
