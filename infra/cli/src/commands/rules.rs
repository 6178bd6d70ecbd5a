//! `goalpost rules`: lists, adds, tests, pauses, resumes and removes the rules that turn changes in tables into requests,
//! and shows their history.

use std::io::Read as _;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use client::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Global, RuleTest, RuleToAdd, Rules, RulesAction};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, one_line, table};

/// A rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Rule {
    id: i64,
    name: String,
    user_id: Uuid,
    schema_name: String,
    table_name: String,
    events: Vec<String>,
    conditions: Vec<Condition>,
    question: String,
    runbook: Option<String>,
    dedupe_key: Option<String>,
    context_columns: Vec<String>,
    uses_trigger: bool,
    includes_own_writes: bool,
    max_per_hour: i32,
    state: String,
}

const COLUMNS: &str = "id,name,user_id,schema_name,table_name,events,conditions,question,runbook,dedupe_key,\
                       context_columns,uses_trigger,includes_own_writes,max_per_hour,state";

/// A condition of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Condition {
    column: String,
    operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

/// What a change led to.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Firing {
    changed_at: DateTime<Utc>,
    event: String,
    source: String,
    outcome: String,
    request_id: Option<i64>,
    reason: Option<String>,
}

/// The answer of `set_request_rule` and `change_request_rule`.
#[derive(Debug, Serialize, Deserialize)]
struct Changed {
    name: String,
    state: String,
}

/// The answer of `test_request_rule`; without a question the rule does not fire.
#[derive(Debug, Serialize, Deserialize)]
struct Tested {
    fires: bool,
    question: Option<String>,
    #[serde(default)]
    runbook: Value,
    #[serde(default)]
    parameters: Value,
    #[serde(default)]
    context: Value,
    #[serde(default)]
    dedupe_key: Value,
}

pub(super) async fn run(arguments: &Rules, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let place = Place { client, workspace };
    match &arguments.action {
        None | Some(RulesAction::List) => place.list(global).await,
        Some(RulesAction::Add(rule)) => place.add(rule, global).await,
        Some(RulesAction::Test(test)) => place.test(test, global).await,
        Some(RulesAction::History { name, limit }) => {
            place.history(&name.name, *limit, global).await
        }
        Some(RulesAction::Pause(one)) => place.change(&one.name, "pause", global).await,
        Some(RulesAction::Resume(one)) => place.change(&one.name, "resume", global).await,
        Some(RulesAction::Remove(one)) => place.change(&one.name, "remove", global).await,
    }
}

/// A workspace, and the client of a person in it.
struct Place {
    client: Client,
    workspace: Uuid,
}

impl Place {
    async fn rules(&self, name: Option<&str>) -> anyhow::Result<Vec<Rule>> {
        let mut query = vec![
            ("select", COLUMNS.to_owned()),
            ("workspace_id", format!("eq.{}", self.workspace)),
            ("order", "name.asc".to_owned()),
        ];
        query.extend(name.map(|name| ("name", format!("eq.{name}"))));
        Ok(self.client.select("request_rules", &query).await?)
    }

    async fn rule(&self, name: &str) -> anyhow::Result<Rule> {
        let rules = self.rules(Some(name)).await?;
        rules.into_iter().next().with_context(|| {
            format!("there is no rule called {name}.\nThose there are: cargo goalpost rules")
        })
    }

    async fn list(&self, global: &Global) -> anyhow::Result<()> {
        let rules = self.rules(None).await?;
        if global.json {
            return print_json(&rules);
        }
        if rules.is_empty() {
            print("There is no rule yet; `cargo goalpost rules add` writes one.");
            return Ok(());
        }
        let row = |one: &Rule| {
            let conditions: Vec<String> = one.conditions.iter().map(written).collect();
            vec![
                one.name.clone(),
                one.state.clone(),
                format!("{}.{}", one.schema_name, one.table_name),
                one.events.join(", "),
                one_line(&conditions.join(" and "), 50),
                one_line(&one.question, 60),
            ]
        };
        let rows: Vec<Vec<String>> = rules.iter().map(row).collect();
        let headings = ["RULE", "STATE", "TABLE", "ON", "WHEN", "QUESTION"];
        for line in table::lines(Screen::stdout(), &headings, &rows) {
            print(&line);
        }
        Ok(())
    }

    async fn add(&self, rule: &RuleToAdd, global: &Global) -> anyhow::Result<()> {
        let (schema, table) = rule
            .table
            .split_once('.')
            .unwrap_or(("public", &rule.table));
        let conditions = rule.conditions.iter().map(|text| condition(text));
        let conditions: Vec<Condition> = conditions.collect::<anyhow::Result<_>>()?;
        let parameters = rule
            .parameters
            .as_deref()
            .map(serde_json::from_str::<Value>);
        let parameters = parameters
            .transpose()
            .context("--parameters is not a JSON object")?;
        let events: Vec<&str> = rule.events.iter().map(|event| event.name()).collect();
        let mut written = json!({
            "name": rule.name.name, "schema": schema, "table": table, "events": events,
            "conditions": conditions, "question": rule.question, "context_columns": rule.context_columns,
            "max_per_hour": rule.max_per_hour, "uses_trigger": !rule.webhook_only,
            "includes_own_writes": rule.include_own_writes,
        });
        let budget = rule.max_microusd.map(|most| json!({"max_microusd": most}));
        for (field, value) in [
            ("dedupe_key", rule.dedupe_key.clone().map(Value::from)),
            ("runbook", rule.runbook.clone().map(Value::from)),
            ("parameters", parameters),
            ("budget", budget),
        ] {
            if let (Some(value), Some(fields)) = (value, written.as_object_mut()) {
                fields.insert(field.to_owned(), value);
            }
        }
        let call = json!({"p_workspace_id": self.workspace, "p_rule": written});
        let changed: Changed = self.client.call("set_request_rule", &call).await?;
        report(&changed, global)
    }

    async fn test(&self, test: &RuleTest, global: &Global) -> anyhow::Result<()> {
        let rule = self.rule(&test.name.name).await?;
        let row = match &test.primary_key {
            Some(key) => self.row(&rule, &test.key_column, key).await?,
            None => read_row()?,
        };
        let event = test.event.map(|event| event.name());
        let event = event.or(rule.events.first().map(String::as_str));
        let (new, old) = rows_of_change(row, event.unwrap_or_default());
        let call = json!({"p_workspace_id": self.workspace, "p_name": rule.name, "p_new": new, "p_old": old,
                          "p_event": event});
        let tested: Tested = self.client.call("test_request_rule", &call).await?;
        if global.json {
            return print_json(&tested);
        }
        let Some(question) = &tested.question else {
            print("The rule would ask nothing: the row does not meet its conditions.");
            return Ok(());
        };
        print(&format!("The rule would ask: {question}"));
        for (field, value) in [
            ("runbook", &tested.runbook),
            ("parameters", &tested.parameters),
            ("context", &tested.context),
            ("once per", &tested.dedupe_key),
        ] {
            if !value.is_null() && *value != json!({}) {
                print(&format!("  {field}: {}", text(value)));
            }
        }
        Ok(())
    }

    /// Reads a row of the rule's table with the rights of the caller.
    async fn row(&self, rule: &Rule, column: &str, key: &str) -> anyhow::Result<Value> {
        let query = [
            ("select", "*".to_owned()),
            (column, format!("eq.{key}")),
            ("limit", "1".to_owned()),
        ];
        let (schema, table) = (&rule.schema_name, &rule.table_name);
        let rows: Vec<Value> = self.client.select_from(schema, table, &query).await?;
        rows.into_iter().next().with_context(|| {
            format!(
                "there is no row with {column} = {key} in {schema}.{table}, or you may not read it."
            )
        })
    }

    async fn history(&self, name: &str, limit: u32, global: &Global) -> anyhow::Result<()> {
        let rule = self.rule(name).await?;
        let query = [
            (
                "select",
                "changed_at,event,source,outcome,request_id,reason".to_owned(),
            ),
            ("rule_id", format!("eq.{}", rule.id)),
            ("order", "id.desc".to_owned()),
            ("limit", limit.to_string()),
        ];
        let firings: Vec<Firing> = self.client.select("rule_firings", &query).await?;
        if global.json {
            return print_json(&firings);
        }
        if firings.is_empty() {
            print("No change has met its conditions yet.");
            return Ok(());
        }
        let row = |firing: &Firing| {
            vec![
                firing.changed_at.format("%a %Y-%m-%d %H:%M:%S").to_string(),
                firing.event.clone(),
                firing.source.clone(),
                firing.outcome.clone(),
                firing
                    .request_id
                    .map_or_else(|| "–".to_owned(), |id| id.to_string()),
                one_line(firing.reason.as_deref().unwrap_or_default(), 80),
            ]
        };
        let rows: Vec<Vec<String>> = firings.iter().map(row).collect();
        let headings = [
            "CHANGE (UTC)",
            "EVENT",
            "SOURCE",
            "OUTCOME",
            "REQUEST",
            "REASON",
        ];
        for line in table::lines(Screen::stdout(), &headings, &rows) {
            print(&line);
        }
        Ok(())
    }

    async fn change(&self, name: &str, change: &str, global: &Global) -> anyhow::Result<()> {
        let call = json!({"p_workspace_id": self.workspace, "p_name": name, "p_change": change});
        let changed: Changed = self.client.call("change_request_rule", &call).await?;
        report(&changed, global)
    }
}

/// Parses a condition. A value that is JSON is that value, any other is a text.
fn condition(text: &str) -> anyhow::Result<Condition> {
    const WITHOUT_VALUE: [&str; 3] = ["is not null", "is null", "changed"];
    let (column, rest) = text
        .trim()
        .split_once(char::is_whitespace)
        .with_context(|| {
            format!(
                "{text} is no condition.\nWrite: column operator value, such as \"status = late\""
            )
        })?;
    let rest = rest.trim();
    if WITHOUT_VALUE.contains(&rest) {
        return Ok(Condition {
            column: column.to_owned(),
            operator: rest.to_owned(),
            value: None,
        });
    }
    let (operator, value) = rest.split_once(char::is_whitespace).with_context(|| {
        format!("the condition {text} has no value.\nWrite: column operator value, with spaces between them")
    })?;
    let value = value.trim();
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok(Condition {
        column: column.to_owned(),
        operator: operator.to_owned(),
        value: Some(value),
    })
}

/// Returns a condition as it is written on the command line.
fn written(condition: &Condition) -> String {
    let head = format!("{} {}", condition.column, condition.operator);
    match &condition.value {
        Some(value) => format!("{head} {}", text(value)),
        None => head,
    }
}

/// Reads a row as JSON from the standard input.
fn read_row() -> anyhow::Result<Value> {
    let mut input = String::new();
    std::io::stdin()
        .read_to_string(&mut input)
        .context("reading the standard input")?;
    serde_json::from_str(&input)
        .context("the standard input is no row as JSON.\nName a row by --primary-key instead, or pipe one: echo '{\"id\": 1}' | cargo goalpost rules test NAME")
}

/// Returns the new and the old row of a change. A single row is both: an update that changes nothing.
fn rows_of_change(row: Value, event: &str) -> (Option<Value>, Option<Value>) {
    let (new, old) = match row {
        Value::Object(mut both) if both.keys().all(|key| key == "new" || key == "old") => {
            (both.remove("new"), both.remove("old"))
        }
        row => (Some(row.clone()), Some(row)),
    };
    match event {
        "insert" => (new, None),
        "delete" => (None, old),
        _ => (new, old),
    }
}

fn report(changed: &Changed, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return print_json(changed);
    }
    print(&format!("{} is {}.", changed.name, changed.state));
    Ok(())
}

/// Returns a text as it is, and any other value as JSON.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn condition_is_read_as_it_is_written() {
        for (text, column, operator, value) in [
            ("status = late", "status", "=", Some(json!("late"))),
            (" amount  >=  10.5 ", "amount", ">=", Some(json!(10.5))),
            ("is_open = true", "is_open", "=", Some(json!(true))),
            (
                "status in [\"a\", \"b\"]",
                "status",
                "in",
                Some(json!(["a", "b"])),
            ),
            (
                "note contains two words",
                "note",
                "contains",
                Some(json!("two words")),
            ),
            ("code = \"17\"", "code", "=", Some(json!("17"))),
            ("note is null", "note", "is null", None),
            ("note is not null", "note", "is not null", None),
            ("status changed", "status", "changed", None),
        ] {
            let (column, operator) = (column.to_owned(), operator.to_owned());
            let expected = Condition {
                column,
                operator,
                value,
            };
            assert_eq!(condition(text).unwrap(), expected, "{text}");
        }
        for text in ["", "status", "status =", "status=late"] {
            assert!(condition(text).is_err(), "{text}");
        }
    }

    #[test]
    fn single_row_is_both_rows_of_update() {
        let row = json!({"id": 1});
        assert_eq!(
            rows_of_change(row.clone(), "update"),
            (Some(row.clone()), Some(row.clone()))
        );
        assert_eq!(
            rows_of_change(row.clone(), "insert"),
            (Some(row.clone()), None)
        );
        assert_eq!(
            rows_of_change(row.clone(), "delete"),
            (None, Some(row.clone()))
        );
        let both = json!({"new": {"id": 1}, "old": {"id": 2}});
        assert_eq!(
            rows_of_change(both, "update"),
            (Some(row), Some(json!({"id": 2})))
        );
    }
}
