//! The rows of a period's report, and its tables.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::commands::raise::dollars;
use crate::commands::report::data::seconds;

/// The answer of `read_period_report`. Costs in micro-dollars.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::commands::report) struct Report {
    pub(super) workspace: String,
    pub(super) since: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    pub(super) work: Work,
    pub(super) usage: Usage,
    pub(super) decisions: Decisions,
    pub(super) dearest: Vec<Dear>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Work {
    pub(super) requests: Vec<Requests>,
    pub(super) goals: Vec<Goals>,
    pub(super) kinds: Vec<Kind>,
    pub(super) estimates: Vec<Estimate>,
    pub(super) failures: Vec<Failure>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Requests {
    pub(super) state: String,
    pub(super) requests: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Goals {
    pub(super) state: String,
    pub(super) goals: i64,
}

/// The goals of a type that followed one version of a runbook, or none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kind {
    pub(super) goal_type: String,
    pub(super) runbook: Option<String>,
    pub(super) version: Option<i32>,
    pub(super) goals: i64,
    pub(super) completed: i64,
    pub(super) failed: i64,
    pub(super) mean_seconds: Option<f64>,
    pub(super) calls: i64,
    pub(super) cost_microusd: i64,
    pub(super) microusd_per_completed: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Estimate {
    pub(super) goal_type: String,
    pub(super) goals: i64,
    pub(super) estimated_microusd: i64,
    pub(super) cost_microusd: i64,
    pub(super) within_bounds: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) reason_code: String,
    pub(super) requests: i64,
    pub(super) example: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Usage {
    pub(super) all: Sums,
    pub(super) days: Vec<Sums>,
    pub(super) agents: Vec<Sums>,
    pub(super) models: Vec<Sums>,
    pub(super) runbooks: Vec<Sums>,
    pub(super) people: Vec<Sums>,
}

/// Sums of model calls, with what they are of; the seconds are those of the calls.
///
/// One struct for all: a flattened one cannot be read where a crate turns on `arbitrary_precision` of `serde_json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sums {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) day: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) runbook: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i32>,
    pub(super) calls: i64,
    pub(super) input_tokens: i64,
    pub(super) output_tokens: i64,
    pub(super) cost_microusd: i64,
    pub(super) estimated_microusd: i64,
    pub(super) seconds: f64,
}

impl Sums {
    /// Returns the day, agent, model, runbook or person, with its version.
    pub(super) fn name(&self) -> String {
        let names = [
            &self.day,
            &self.agent,
            &self.provider,
            &self.model,
            &self.runbook,
            &self.user_id,
        ];
        let mut parts: Vec<String> = names.into_iter().flatten().cloned().collect();
        parts.extend(self.version.map(|version| version.to_string()));
        parts.join(" ")
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Decisions {
    pub(super) approvals: Vec<Approvals>,
    pub(super) ratings: Vec<Ratings>,
    pub(super) improvements: Vec<Improvement>,
}

/// The approvals of a kind that were requested in the period.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Approvals {
    pub(super) kind: String,
    pub(super) requested: i64,
    pub(super) approved: i64,
    pub(super) rejected: i64,
    pub(super) expired: i64,
    pub(super) cancelled: i64,
    pub(super) pending: i64,
    pub(super) edited: i64,
    pub(super) mean_seconds: Option<f64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ratings {
    pub(super) goal_type: String,
    pub(super) good: i64,
    pub(super) bad: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Improvement {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) state: String,
    pub(super) expected: Value,
    pub(super) measured: Option<Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Dear {
    pub(super) goal_id: i64,
    pub(super) title: String,
    pub(super) goal_type: String,
    pub(super) state: String,
    pub(super) calls: i64,
    pub(super) cost_microusd: i64,
}

/// A table of the report: title, headings, cells.
pub(super) struct Table {
    pub(super) title: &'static str,
    pub(super) headings: &'static [&'static str],
    pub(super) rows: Vec<Vec<String>>,
}

impl Report {
    pub(super) fn title(&self) -> String {
        format!("Report of {}", self.workspace)
    }

    /// Returns the lines above the tables: the period, the requests and goals by state, and the cost.
    pub(super) fn summary(&self) -> [String; 3] {
        let time = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M");
        let requests = self.work.requests.iter();
        let requests = requests.map(|one| (one.requests, one.state.as_str()));
        let goals = self.work.goals.iter();
        let goals = goals.map(|one| (one.goals, one.state.as_str()));
        let all = &self.usage.all;
        let estimated = if all.estimated_microusd > 0 {
            format!(", {} of it estimated", dollars(all.estimated_microusd))
        } else {
            String::new()
        };
        [
            format!("From {} to {} (UTC).", time(self.since), time(self.until)),
            format!("Requests: {}. Goals: {}.", counts(requests), counts(goals)),
            format!(
                "{} for {} model calls, {} tokens and {} of calls{estimated}.",
                dollars(all.cost_microusd),
                all.calls,
                all.input_tokens.saturating_add(all.output_tokens),
                seconds(all.seconds)
            ),
        ]
    }

    /// Returns all tables in their order, empty ones too.
    pub(super) fn tables(&self) -> [Table; 12] {
        const SUMS: &[&str] = &["By", "Calls", "Tokens", "Time", "Cost"];
        let usage = &self.usage;
        let sums = |title, entries: &[Sums]| Table {
            title,
            headings: SUMS,
            rows: entries.iter().map(sum_cells).collect(),
        };
        [
            self.kinds(),
            self.failures(),
            self.dearest(),
            self.estimates(),
            sums("Cost by day", &usage.days),
            sums("Cost by agent", &usage.agents),
            sums("Cost by model", &usage.models),
            sums("Cost by runbook", &usage.runbooks),
            sums("Cost by person", &usage.people),
            self.approvals(),
            self.ratings(),
            self.improvements(),
        ]
    }

    fn kinds(&self) -> Table {
        let row = |one: &Kind| {
            let runbook = one
                .runbook
                .as_ref()
                .map(|name| format!("{name} {}", one.version.unwrap_or_default()));
            vec![
                one.goal_type.clone(),
                runbook.unwrap_or_default(),
                one.goals.to_string(),
                one.completed.to_string(),
                one.failed.to_string(),
                one.mean_seconds.map(seconds).unwrap_or_default(),
                one.calls.to_string(),
                dollars(one.cost_microusd),
                one.microusd_per_completed.map(dollars).unwrap_or_default(),
            ]
        };
        Table {
            title: "Goals by kind",
            headings: &[
                "Kind",
                "Runbook",
                "Goals",
                "Completed",
                "Failed",
                "Mean time",
                "Calls",
                "Cost",
                "Cost per completed goal",
            ],
            rows: self.work.kinds.iter().map(row).collect(),
        }
    }

    fn failures(&self) -> Table {
        let row = |one: &Failure| {
            vec![
                one.reason_code.clone(),
                one.requests.to_string(),
                one.example.clone().unwrap_or_default(),
            ]
        };
        Table {
            title: "Failures",
            headings: &["Reason", "Requests", "Example"],
            rows: self.work.failures.iter().map(row).collect(),
        }
    }

    fn dearest(&self) -> Table {
        let row = |one: &Dear| {
            vec![
                one.goal_id.to_string(),
                one.state.clone(),
                one.calls.to_string(),
                dollars(one.cost_microusd),
                one.title.clone(),
            ]
        };
        Table {
            title: "Dearest goals",
            headings: &["Goal", "State", "Calls", "Cost", "Title"],
            rows: self.dearest.iter().map(row).collect(),
        }
    }

    fn estimates(&self) -> Table {
        let row = |one: &Estimate| {
            vec![
                one.goal_type.clone(),
                one.goals.to_string(),
                dollars(one.estimated_microusd),
                dollars(one.cost_microusd),
                format!("{} of {}", one.within_bounds, one.goals),
            ]
        };
        Table {
            title: "Estimate against actual cost",
            headings: &["Kind", "Goals", "Estimated", "Actual", "Within the bounds"],
            rows: self.work.estimates.iter().map(row).collect(),
        }
    }

    fn approvals(&self) -> Table {
        let row = |one: &Approvals| {
            let mut cells = vec![one.kind.clone()];
            cells.extend(
                [
                    one.requested,
                    one.approved,
                    one.rejected,
                    one.expired,
                    one.cancelled,
                    one.pending,
                    one.edited,
                ]
                .map(|count| count.to_string()),
            );
            cells.push(one.mean_seconds.map(seconds).unwrap_or_default());
            cells
        };
        Table {
            title: "Approvals",
            headings: &[
                "Kind",
                "Requested",
                "Approved",
                "Rejected",
                "Expired",
                "Cancelled",
                "Pending",
                "Edited",
                "Mean time",
            ],
            rows: self.decisions.approvals.iter().map(row).collect(),
        }
    }

    fn ratings(&self) -> Table {
        let row = |one: &Ratings| {
            vec![
                one.goal_type.clone(),
                one.good.to_string(),
                one.bad.to_string(),
            ]
        };
        Table {
            title: "Ratings",
            headings: &["Kind", "Good", "Bad"],
            rows: self.decisions.ratings.iter().map(row).collect(),
        }
    }

    fn improvements(&self) -> Table {
        let row = |one: &Improvement| {
            vec![
                one.id.to_string(),
                one.kind.clone(),
                one.state.clone(),
                one.effect(),
                one.title.clone(),
            ]
        };
        Table {
            title: "Improvements",
            headings: &["ID", "Kind", "State", "Effect", "Title"],
            rows: self.decisions.improvements.iter().map(row).collect(),
        }
    }
}

impl Improvement {
    /// Returns calls, cost and time of a goal before and after: measured where they are, otherwise expected, with "?".
    fn effect(&self) -> String {
        let expected = |path: &str| self.expected.pointer(path).and_then(Value::as_f64);
        let shown = |key: &str, show: fn(f64) -> String| {
            let before = expected(&format!("/{key}/before"))?;
            let measured = self.measured.as_ref();
            let measured = measured.and_then(|measured| measured.get(key)?.as_f64());
            let after = match measured {
                Some(after) => show(after),
                None => format!("{}?", show(expected(&format!("/{key}/after"))?)),
            };
            Some(format!("{} → {after}", show(before)))
        };
        let calls = shown("model_calls", |calls| format!("{calls:.1}"));
        let calls = calls.map(|calls| format!("calls {calls}"));
        let cost = shown("cost_microusd", |cost| format!("${:.4}", cost / 1e6));
        let time = shown("seconds", seconds);
        [calls, cost, time]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn sum_cells(sums: &Sums) -> Vec<String> {
    vec![
        sums.name(),
        sums.calls.to_string(),
        sums.input_tokens
            .saturating_add(sums.output_tokens)
            .to_string(),
        seconds(sums.seconds),
        dollars(sums.cost_microusd),
    ]
}

/// Returns "3 completed, 1 failed"; "none" for no entries.
fn counts<'a>(entries: impl Iterator<Item = (i64, &'a str)>) -> String {
    let parts: Vec<String> = entries
        .map(|(count, state)| format!("{count} {state}"))
        .collect();
    if parts.is_empty() {
        return "none".to_owned();
    }
    parts.join(", ")
}
