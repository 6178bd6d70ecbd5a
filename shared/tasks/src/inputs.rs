//! Types that the contexts of claimed steps have in common.
//!
//! Fields that a task does not need are left out, unknown ones are ignored, and absent ones are empty, so that an older
//! function can read a newer database's context.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What holds for all work of a workspace, and where its tools may act.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Workspace {
    /// The time zone in which its people live, as the IANA names it.
    pub time_zone: String,
    /// The currency of amounts that name none; none if that differs.
    pub currency: Option<String>,
    /// Hosts that `webhook` may post to.
    pub webhook_hosts: Vec<String>,
    /// Hosts that `http` may call.
    pub http_hosts: Vec<String>,
    /// Domains that `email` may write to.
    pub email_domains: Vec<String>,
    /// Tables that `table_write` may write, each with what it may do there.
    pub writable_tables: Vec<String>,
}

/// The person who asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Asker {
    /// The name that the person goes by, if the account has one.
    pub name: Option<String>,
    /// The role in the workspace.
    pub role: Option<String>,
}

/// A table or a view that the asker may read, as its catalog describes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `table` or `view`.
    pub kind: String,
    /// What its owner states of it.
    pub comment: Option<String>,
    /// Its columns, at most 40.
    pub columns: Vec<Column>,
    /// How many more columns there are.
    pub more_columns: u32,
    /// The columns of its primary key.
    pub primary_key: Vec<String>,
    /// The columns of its other unique keys.
    pub unique_keys: Vec<Vec<String>>,
    /// Its foreign keys to tables that the asker may read.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its short check constraints.
    pub checks: Vec<TableCheck>,
    /// As the planner of the database sees it; none for views and for tables with row-level security.
    pub estimated_rows: Option<f64>,
}

/// A column of a table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as the database prints it.
    pub r#type: String,
    /// True if it must have a value.
    pub not_null: bool,
    /// What its owner states of it.
    pub comment: Option<String>,
    /// The labels of an enum.
    pub values: Vec<String>,
}

/// A foreign key of a table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ForeignKey {
    /// Its columns.
    pub columns: Vec<String>,
    /// The table that it refers to, with its schema, as SQL names it.
    pub references: String,
    /// The columns there, in the same order.
    pub referenced_columns: Vec<String>,
}

/// A check constraint of a table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TableCheck {
    /// The columns that it reads.
    pub columns: Vec<String>,
    /// What must hold, as the database prints it.
    pub expression: String,
}

/// Common values and exact counts of tables, as queries of the asker found them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CommonValues {
    /// Rows of the tables that have no more than 10,000, by their names.
    pub rows: BTreeMap<String, u64>,
    /// Values of short text columns by table and column, the most frequent first.
    pub values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// The goal that a step works for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Goal {
    /// Its id.
    pub goal_id: i64,
    /// For people.
    pub title: String,
    /// What is to be reached.
    pub description: String,
    /// Which kind of goal it is; the name of a runbook when one was matched.
    pub goal_type: Option<String>,
    /// How many goals are above it.
    pub depth: i32,
    /// What must hold at the end, as far as known.
    pub criteria: Vec<Value>,
    /// What it was opened with: of a sub-goal, results of the steps that its step depends on, by key.
    pub context: Value,
}

/// How much of a question a runbook covers, as `match_runbooks` judges it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// It hardly has a word of it.
    #[default]
    None,
    /// It covers a part, and may be the start of a plan.
    Adapt,
    /// It covers the whole question.
    Use,
}
