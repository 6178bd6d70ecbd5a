//! Derives runbooks from goals that were reached: runs of the same shape whose questions ask for the same are generalised,
//! and the result is verified against each of them.

mod align;
mod build;
mod combine;
mod needed;
mod parameters;
mod replay;

use std::collections::{BTreeMap, BTreeSet};

use domain::StepKind;
use serde_json::{Value, json};
use tasks::Table;

use crate::evidence::{Evidence, Reverted, Run};
use crate::proposals::{Improvement, Kind};
use align::{Piece, align, split};
use build::{Draft, build};

/// The fewest runs that a runbook is derived from.
const MIN_RUNS: usize = 3;

/// The fewest runs that a runbook is derived from if an agent is left in it: with more runs the agent may become calls.
const MIN_RUNS_WITH_AGENTS: usize = 5;

/// The most runs that one is compared with, the newest ones.
const MAX_RUNS: usize = 12;

/// The share of words that two questions have in common if they ask for the same.
const SAME_QUESTION: f64 = 0.4;

/// Returns a proposal for each kind of goal that repeats, and for each kind that repeats without one the reason.
pub(crate) fn runbooks(evidence: &Evidence) -> (Vec<Improvement>, Vec<String>) {
    let (mut proposals, mut reasons) = (Vec::new(), Vec::new());
    let runs: Vec<Run> = evidence.runs.iter().map(needed::without_detours).collect();
    for group in groups(&fresh(&runs, &evidence.reverted)) {
        match best_of(&group, &evidence.tables) {
            Ok(proposal) => proposals.push(proposal),
            Err(reason) => reasons.push(format!(
                "{} goals like \"{}\": {reason}",
                group.len(),
                shown(&group)
            )),
        }
    }
    (proposals, reasons)
}

/// Returns the runs without those of a shape whose runbook was taken back after they were asked: they show a procedure
/// that does not work any more.
fn fresh(runs: &[Run], reverted: &[Reverted]) -> Vec<Run> {
    let mut stale: BTreeMap<String, f64> = BTreeMap::new();
    for one in reverted {
        let origins = runs.iter().filter(|run| one.runs.contains(&run.run_id));
        for shape in origins.filter_map(shape) {
            let since = stale.entry(shape).or_insert(one.at);
            *since = since.max(one.at);
        }
    }
    let is_fresh = |run: &&Run| {
        let since = shape(run).and_then(|shape| stale.get(&shape).copied());
        since.is_none_or(|since| run.asked_at > since)
    };
    runs.iter().filter(is_fresh).cloned().collect()
}

/// Returns the words that the questions of a group share.
fn shown(group: &[&Run]) -> String {
    skeleton(group).unwrap_or_else(|| "?".to_owned())
}

/// Groups runs of the same shape whose questions are alike, the newest of each; only groups that are large enough.
fn groups(runs: &[Run]) -> Vec<Vec<&Run>> {
    let mut by_shape: BTreeMap<String, Vec<Vec<&Run>>> = BTreeMap::new();
    for run in runs {
        let Some(shape) = shape(run) else { continue };
        let groups = by_shape.entry(shape).or_default();
        let alike = groups.iter_mut().find(|group| {
            group
                .first()
                .is_some_and(|first| likeness(&first.question, &run.question) >= SAME_QUESTION)
        });
        match alike {
            Some(group) if group.len() < MAX_RUNS => group.push(run),
            Some(_) => {}
            None => groups.push(vec![run]),
        }
    }
    by_shape
        .into_values()
        .flatten()
        .filter(|group| group.len() >= MIN_RUNS)
        .collect()
}

/// Returns a text that is equal for runs that made the same steps and calls: kinds, agents, dependencies, tools, and
/// queries without their literals. None for a plan with steps that runbooks do not repeat.
fn shape(run: &Run) -> Option<String> {
    let planned = run.plan.get("steps")?.as_array()?;
    let keys: Vec<&str> = planned
        .iter()
        .filter_map(|step| step.get("key")?.as_str())
        .collect();
    let mut shape = String::new();
    for step in planned {
        let key = step.get("key")?.as_str()?;
        let kind: StepKind = serde_json::from_value(step.get("kind")?.clone()).ok()?;
        let after: Vec<Option<usize>> = step
            .get("depends_on")
            .and_then(Value::as_array)
            .map(|keys_before| {
                keys_before
                    .iter()
                    .map(|before| keys.iter().position(|key| Some(*key) == before.as_str()))
                    .collect()
            })
            .unwrap_or_default();
        shape.push_str(&format!(
            "{kind} {:?} {after:?}",
            step.get("agent").and_then(Value::as_str)
        ));
        let worked = run.steps.iter().find(|step| step.key == key)?;
        for call in &worked.calls {
            let query = call
                .arguments
                .get("query")
                .and_then(Value::as_str)
                .map(without_literals);
            shape.push_str(&format!(" {}({})", call.tool, query.unwrap_or_default()));
        }
        shape.push('\n');
    }
    Some(shape)
}

fn without_literals(query: &str) -> String {
    let is_literal =
        |token: &&str| token.starts_with(|first: char| first.is_ascii_digit() || first == '\'');
    split(query)
        .into_iter()
        .filter(|token| !token.trim().is_empty())
        .map(|token| if is_literal(&token) { "?" } else { token })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the share of common words of two questions, of all their words; numbers and quotations do not count.
fn likeness(left: &str, right: &str) -> f64 {
    let words = |text: &str| -> BTreeSet<String> {
        let is_word = |token: &&str| token.starts_with(char::is_alphabetic);
        split(text)
            .into_iter()
            .filter(is_word)
            .map(str::to_lowercase)
            .collect()
    };
    let (left, right) = (words(left), words(right));
    let common = left.intersection(&right).count();
    let all = left.union(&right).count().max(1);
    f64::from(u32::try_from(common).unwrap_or(0)) / f64::from(u32::try_from(all).unwrap_or(1))
}

/// Derives a runbook from a group, or from those of its runs that word their texts alike, if that leaves fewer agents.
///
/// # Errors
/// As [`derive()`].
fn best_of(group: &[&Run], tables: &[Table]) -> Result<Improvement, String> {
    let agents_left = |one: &Improvement| {
        one.evidence
            .get("agents_left")
            .and_then(Value::as_u64)
            .unwrap_or(0)
    };
    let whole = derive(group, tables);
    if whole.as_ref().is_ok_and(|one| agents_left(one) == 0) {
        return whole;
    }
    let mut by_wording: BTreeMap<String, Vec<&Run>> = BTreeMap::new();
    for run in group {
        by_wording.entry(wording(run)).or_default().push(run);
    }
    let most = by_wording
        .into_values()
        .max_by_key(Vec::len)
        .unwrap_or_default();
    if most.len() < MIN_RUNS || most.len() == group.len() {
        return whole;
    }
    match (derive(&most, tables), whole) {
        (Ok(part), Ok(whole)) if agents_left(&part) >= agents_left(&whole) => Ok(whole),
        (Ok(part), _) => Ok(part),
        (Err(_), whole) => whole,
    }
}

/// Returns the texts of a run's agents without numbers and words of the question.
fn wording(run: &Run) -> String {
    let asked: BTreeSet<String> = split(&run.question)
        .into_iter()
        .map(str::to_lowercase)
        .collect();
    let agents = run.steps.iter().filter(|step| step.kind == "agent");
    let texts = agents.filter_map(|step| step.result.get("text")?.as_str());
    texts
        .flat_map(split)
        .filter(|token| {
            !token.trim().is_empty()
                && !token.starts_with(|first: char| first.is_ascii_digit())
                && !asked.contains(&token.to_lowercase())
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Derives a runbook from a group of runs, and verifies it with each of them.
///
/// # Errors
/// Why there is none, as a sentence without values of the runs.
fn derive(group: &[&Run], tables: &[Table]) -> Result<Improvement, String> {
    let draft = build(group, tables)
        .ok_or("what differs between them is in no question and in no earlier result")?;
    if draft.agents_left > 0 && group.len() < MIN_RUNS_WITH_AGENTS {
        return Err(
            "an agent's texts do not follow from its calls, and five goals are needed then"
                .to_owned(),
        );
    }
    let mut compared = 0;
    for (place, run) in group.iter().enumerate() {
        compared += replay::replay(&draft, run, place, tables)?;
    }
    if compared == 0 {
        return Err("they made no call that could be repeated".to_owned());
    }
    let name_words = skeleton(group).ok_or("their questions share no words")?;
    let runbook = runbook(group, &draft, &name_words);
    Ok(Improvement {
        kind: Kind::Runbook,
        title: format!(
            "Runbook \"{}\" from {} goals",
            runbook
                .get("title")
                .and_then(Value::as_str)
                .unwrap_or_default(),
            group.len()
        ),
        subject: format!("runbook {}", runbook.get("plan").unwrap_or(&Value::Null)),
        evidence: json!({
            "runs": group.iter().map(|run| run.run_id).collect::<Vec<_>>(),
            "calls_compared": compared,
            "agents_left": draft.agents_left,
            "criteria_dropped": draft.criteria_dropped,
        }),
        expected: expected(group, &draft),
        change: runbook,
    })
}

/// Returns the expected calls, cost and seconds of a goal, before and after. After: the assessment, and a call for each
/// agent and for criteria without a check.
fn expected(group: &[&Run], draft: &Draft<'_>) -> Value {
    let mean = |of: fn(&Run) -> f64| {
        let count = f64::from(u32::try_from(group.len()).unwrap_or(1));
        group.iter().map(|run| of(run)).sum::<f64>() / count
    };
    let criteria = draft.plan.get("criteria").and_then(Value::as_array);
    let is_judged = criteria.is_some_and(|all| {
        all.iter()
            .any(|one| one.get("check").is_none_or(Value::is_null))
    });
    let calls = mean(|run| run.model_calls);
    let calls_after = f64::from(u32::try_from(1 + draft.agents_left).unwrap_or(u32::MAX))
        + f64::from(u8::from(is_judged));
    let cost = mean(|run| run.cost_microusd);
    let share = if calls > 0.0 {
        (calls_after / calls).min(1.0)
    } else {
        1.0
    };
    json!({
        "model_calls": {"before": (calls * 100.0).round() / 100.0, "after": calls_after.min(calls.max(1.0))},
        "cost_microusd": {"before": cost.round(), "after": (cost * share).round()},
        "seconds": {"before": (mean(|run| run.seconds) * 10.0).round() / 10.0},
    })
}

/// Returns the runbook in the form of `apply_runbook`.
fn runbook(group: &[&Run], draft: &Draft<'_>, words: &str) -> Value {
    let goal_type = group
        .first()
        .map(|run| run.goal_type.as_str())
        .filter(|name| !name.is_empty() && *name != "general");
    let name = slug(words);
    let of_runs = group.iter().enumerate();
    let mut examples: Vec<String> = of_runs
        .map(|(place, run)| example(run, &draft.parameters.texts(place), group))
        .collect();
    let title = examples
        .first()
        .filter(|newest| !newest.is_empty())
        .cloned();
    let title = title.unwrap_or_else(|| words.to_owned());
    examples.sort();
    examples.dedup();
    examples.retain(|example| !example.is_empty());
    let mut runbook = json!({
        "name": name,
        "title": title,
        "description": title,
        "examples": examples,
        "parameters": draft.parameters.schema(),
        "plan": draft.plan,
    });
    if let (Some(goal_type), Some(fields)) = (goal_type, runbook.as_object_mut()) {
        fields.insert("goal_type".to_owned(), json!(goal_type));
    }
    runbook
}

/// Returns the words that all questions of a group have in common, in their order.
fn skeleton(group: &[&Run]) -> Option<String> {
    let questions: Vec<String> = group
        .iter()
        .map(|run| run.question.to_lowercase())
        .collect();
    let pieces = align(&questions.iter().map(String::as_str).collect::<Vec<_>>())?;
    let constants: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Constant(text) => Some(text.as_str()),
            Piece::Slot(_) => None,
        })
        .collect();
    let joined = constants.join(" ");
    let words: Vec<&str> = joined
        .split_whitespace()
        .map(|word| word.trim_matches(['"', '\'', '?', '.', ',', '!', ':']))
        .filter(|word| !word.is_empty())
        .collect();
    (!words.is_empty()).then(|| words.join(" ").chars().take(200).collect())
}

/// Returns the question of a run without the values of its parameters, and without words that no other question has.
fn example(run: &Run, values: &[String], group: &[&Run]) -> String {
    let taken: BTreeSet<String> = values
        .iter()
        .flat_map(|value| split(value))
        .map(str::to_lowercase)
        .collect();
    let is_shared = |word: &str| {
        group
            .iter()
            .filter(|other| {
                split(&other.question)
                    .iter()
                    .any(|token| token.eq_ignore_ascii_case(word))
            })
            .count()
            >= 2
    };
    let kept = split(&run.question).into_iter().filter(|token| {
        let word = token.trim_matches(['"', '\'']).to_lowercase();
        token.starts_with(char::is_alphabetic) && !taken.contains(&word) && is_shared(token)
    });
    kept.collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(500)
        .collect()
}

/// Returns a name for a runbook from the first words of a text.
fn slug(words: &str) -> String {
    let parts = words
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| word.len() > 2)
        .take(5);
    let name = parts.collect::<Vec<_>>().join("-").to_lowercase();
    match name.starts_with(|first: char| first.is_ascii_lowercase()) {
        true => name.chars().take(80).collect(),
        false => format!("learned-{}", name.chars().take(72).collect::<String>())
            .trim_end_matches('-')
            .to_owned(),
    }
}

#[cfg(test)]
mod tests;
