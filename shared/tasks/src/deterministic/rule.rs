//! Decisions without a model.
//!
//! With a model configured the rules decide exact forms only: arithmetic, one SELECT, a runbook asked for by name.
//! Everything else is the model's decision, with the candidate runbooks in its prompt. Without one they also take the
//! runbook that covers every word of the question, and the other forms of the catalogue.

use serde_json::{Map, Value};

use super::catalogue::{self, DeterministicPlan};
use crate::assess::{Assess, Assessment, Decision, NewGoal, RunbookMatch};
use crate::error::Error;
use crate::inputs::Fit;
use crate::parameters::{self, Facts};
use crate::plan::{PlanTask, Planned, RunbookOffer};

/// Words that ask for work rather than for an answer.
const ACTION_WORDS: &[&str] = &[
    "analyse",
    "analyze",
    "audit",
    "build",
    "check",
    "compare",
    "create",
    "draft",
    "find",
    "fix",
    "improve",
    "investigate",
    "migrate",
    "monitor",
    "optimise",
    "optimize",
    "plan",
    "prepare",
    "rank",
    "report",
    "research",
    "review",
    "schedule",
    "summarise",
    "summarize",
    "write",
];

/// Words in a question that is still short.
const SHORT_QUESTION_WORDS: usize = 15;

/// Decides on a question of an exact form: arithmetic, one SELECT, a runbook asked for by its name or title. Where it
/// decides, no model is called.
#[must_use]
pub fn assess_exact_form(task: &Assess) -> Option<Assessment> {
    if let Some(covered) = catalogue::exact_plan_for(&task.question, &task.tools) {
        return Some(worked_out(task, covered));
    }
    let named = task
        .runbooks
        .iter()
        .find(|runbook| is_named(&task.question, runbook))?;
    Some(runbook_goal(task, named, "is asked for by name"))
}

/// Decides on a question where no model can: a count of a table, the runbook that covers the whole question, a URL to
/// read.
pub(crate) fn assess_without_model(task: &Assess) -> Option<Assessment> {
    let (question, tools) = (&task.question, &task.tools);
    if let Some(covered) = catalogue::count_plan_for(question, tools, &task.tables) {
        return Some(worked_out(task, covered));
    }
    let best = task
        .runbooks
        .iter()
        .filter(|runbook| runbook.fit == Fit::Use)
        // One that the asker may not use comes last: its refusal is the answer only where no other fits.
        .max_by(|a, b| {
            let usable = a.refusal.is_none().cmp(&b.refusal.is_none());
            let score = a.score.total_cmp(&b.score);
            usable.then(score).then(b.name.cmp(&a.name))
        });
    if let Some(runbook) = best {
        let reason = format!("covers the question ({:.2})", runbook.relevance);
        return Some(runbook_goal(task, runbook, &reason));
    }
    catalogue::url_plan_for(question, tools).map(|covered| worked_out(task, covered))
}

/// Words around a name that ask for the runbook and for nothing else.
const NAMING_WORDS: &[&str] = &[
    "a", "do", "execute", "for", "me", "my", "now", "our", "please", "run", "runbook", "start",
    "the", "use",
];

/// Returns true if the question is the runbook's name or title, with or without words such as "run the".
fn is_named(question: &str, runbook: &RunbookMatch) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .filter(|word| !NAMING_WORDS.contains(&word.as_str()))
            .collect()
    };
    let asked = words(question);
    !asked.is_empty()
        && [&runbook.name, &runbook.title]
            .iter()
            .any(|name| words(name) == asked)
}

/// Returns the goal of a runbook under the runbook's own title: the question may ask for less than the runbook does.
pub(crate) fn goal_of(runbook: &RunbookMatch, question: &str, parameters: Value) -> NewGoal {
    let title = if runbook.title.is_empty() {
        &runbook.name
    } else {
        &runbook.title
    };
    NewGoal {
        title: title.clone(),
        description: question.to_owned(),
        goal_type: Some(runbook.name.clone()),
        parameters,
    }
}

fn runbook_goal(task: &Assess, runbook: &RunbookMatch, reason: &str) -> Assessment {
    let goal = goal_of(runbook, &task.question, Value::Null);
    Assessment {
        decision: Decision::Goal { goal },
        score: 0.9,
        reasons: vec![format!("runbook {} {reason}", runbook.name)],
        model: None,
    }
}

fn worked_out(task: &Assess, covered: DeterministicPlan) -> Assessment {
    let (score, mut reasons) = complexity(&task.question);
    reasons.insert(0, covered.reason.to_owned());
    Assessment {
        decision: Decision::Steps {
            steps: covered.steps,
        },
        score,
        reasons,
        model: None,
    }
}

/// How complex a question looks from outside, from 0 to 1, and why.
#[must_use]
pub fn complexity(question: &str) -> (f64, Vec<String>) {
    let words: Vec<String> = question
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let action = words
        .iter()
        .find(|word| ACTION_WORDS.contains(&word.as_str()));
    let is_short = words.len() <= SHORT_QUESTION_WORDS;
    let mut reasons = Vec::new();
    let mut score: f64 = 0.1;
    match (action, is_short) {
        (None, true) => reasons.push("short question without action words".to_owned()),
        (Some(word), _) => {
            score += 0.4;
            reasons.push(format!("action word \"{word}\""));
        }
        (None, false) => {}
    }
    if !is_short {
        score += 0.3;
        reasons.push(format!("{} words", words.len()));
    }
    (score, reasons)
}

/// Returns the plan of the runbook that the goal's type names, if this is the first try.
///
/// # Errors
/// [`Error::RunbookNotAllowed`] when the asker may not use it.
pub(crate) fn plan_by_name(task: &PlanTask) -> Result<Option<Planned>, Error> {
    let named = task.goal.goal_type.as_deref();
    let mut runbooks = task.runbooks.iter();
    let runbook = runbooks.find(|runbook| named == Some(runbook.name.as_str()));
    runbook
        .filter(|_| is_first_try(task))
        .map(|runbook| planned(task, runbook))
        .transpose()
}

/// Returns the plan of the runbook that covers the goal's whole description, if this is the first try.
///
/// # Errors
/// As [`plan_by_name`].
pub(crate) fn plan_without_model(task: &PlanTask) -> Result<Option<Planned>, Error> {
    let order = |a: &&RunbookOffer, b: &&RunbookOffer| {
        let score = a.score.total_cmp(&b.score);
        a.allowed
            .cmp(&b.allowed)
            .then(score)
            .then(b.name.cmp(&a.name))
    };
    let best = task
        .runbooks
        .iter()
        .filter(|runbook| runbook.fit == Fit::Use)
        .max_by(order);
    best.filter(|_| is_first_try(task))
        .map(|runbook| planned(task, runbook))
        .transpose()
}

/// Returns a runbook's plan, with the parameters that the question contains.
///
/// # Errors
/// [`Error::RunbookNotAllowed`] when the asker may not use it.
pub(crate) fn planned(task: &PlanTask, runbook: &RunbookOffer) -> Result<Planned, Error> {
    if !runbook.allowed {
        let sentence = runbook.refusal.clone();
        let sentence =
            sentence.unwrap_or_else(|| format!("you may not use the runbook {}", runbook.name));
        return Err(Error::RunbookNotAllowed(sentence));
    }
    let mut reasons = vec![format!(
        "runbook {} version {} ({:.2})",
        runbook.name, runbook.version, runbook.score
    )];
    reasons.extend(runbook.reasons.iter().cloned());
    let facts = Facts {
        local_now: &task.local_now,
        tables: &task.tables,
    };
    // A sub-goal has no question of its own.
    let question = match task.goals_above.is_empty() {
        true => task.question.clone(),
        false => format!("{} {}", task.goal.title, task.goal.description),
    };
    Ok(Planned {
        plan: runbook.plan.clone(),
        runbook_id: Some(runbook.runbook_id),
        parameters: parameters::fill(&runbook.parameters, &question, facts),
        reasons,
        model: None,
    })
}

fn is_first_try(task: &PlanTask) -> bool {
    task.revision <= 1 && task.previous.is_none()
}

/// Returns an agent's result: the last call's fields and a text, the given one or the most telling there is.
#[must_use]
pub fn result_of(last: Option<&Value>, text: Option<String>) -> Map<String, Value> {
    let mut result = last.and_then(Value::as_object).cloned().unwrap_or_default();
    let own = result
        .get("text")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let rows = result.get("row_count").map(|count| {
        let ending = if count.as_u64() == Some(1) { "" } else { "s" };
        format!("{count} row{ending}")
    });
    let text = text.or(own).or(rows).unwrap_or_else(|| "done".to_owned());
    result.insert("text".into(), Value::String(text));
    result
}
