//! Changes of agents that code derives from how they worked: each is tried before it is kept.

use serde_json::{Value, json};

use crate::evidence::{Agent, Evidence};
use crate::proposals::{Improvement, Kind};

/// Steps that used all their turns before more are proposed.
const MIN_EXHAUSTED: u32 = 3;

/// Steps without a call of a tool before it is proposed to be taken away.
const MIN_STEPS: u32 = 50;

/// The most turns that an agent may have.
const MAX_TURNS: i64 = 100;

/// Tools for rare occasions.
const RARE: &[&str] = &["ask_human", "remember", "recall", "delegate"];

/// Proposes more turns for agents that often use all of theirs, and fewer tools for those that never call some.
pub(crate) fn changes(evidence: &Evidence) -> Vec<Improvement> {
    let of = |agent| more_turns(agent).or_else(|| fewer_tools(agent));
    evidence.agents.iter().filter_map(of).collect()
}

/// Proposes half as many turns again if one of ten steps or more used all of them.
fn more_turns(agent: &Agent) -> Option<Improvement> {
    let turns = agent.definition.get("max_turns").and_then(Value::as_i64)?;
    let is_often = agent.exhausted >= MIN_EXHAUSTED && agent.exhausted * 10 >= agent.steps;
    if !is_often || turns >= MAX_TURNS {
        return None;
    }
    let more = (turns + (turns + 1) / 2).min(MAX_TURNS);
    Some(change(
        agent,
        &format!(
            "{} needs more turns: {} of {} steps used all {turns}",
            agent.name, agent.exhausted, agent.steps
        ),
        ("max_turns", json!(more)),
        json!({"steps": agent.steps, "exhausted": agent.exhausted}),
    ))
}

/// Proposes to take away the tools that no step called: each is described in every prompt, and is a right.
fn fewer_tools(agent: &Agent) -> Option<Improvement> {
    let tools: Vec<&str> = agent
        .definition
        .get("tools")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let is_used = |tool: &&str| RARE.contains(tool) || agent.tools.iter().any(|one| one == tool);
    let (used, unused): (Vec<&str>, Vec<&str>) = tools.into_iter().partition(is_used);
    if unused.is_empty() || agent.steps < MIN_STEPS {
        return None;
    }
    Some(change(
        agent,
        &format!(
            "{} does not need {}: no call in {} steps",
            agent.name,
            unused.join(", "),
            agent.steps
        ),
        ("tools", json!(used)),
        json!({"steps": agent.steps, "unused": unused}),
    ))
}

/// Returns the proposal of the agent with one other field.
fn change(
    agent: &Agent,
    title: &str,
    (field, value): (&str, Value),
    evidence: Value,
) -> Improvement {
    let mut definition = agent.definition.clone();
    let before = definition
        .insert(field.to_owned(), value.clone())
        .unwrap_or_default();
    Improvement {
        kind: Kind::Agent,
        title: title.chars().take(300).collect(),
        subject: format!("agent {} {field} {before} {value}", agent.name),
        change: Value::Object(definition),
        evidence,
        expected: json!({field: {"before": before, "after": value}}),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn changes_of(steps: u32, exhausted: u32, max_turns: i64, called: &[&str]) -> Vec<Improvement> {
        let definition = json!({"name": "clerk", "role": "r", "tools": ["sql", "http_get", "ask_human"], "max_turns": max_turns});
        let agent = Agent {
            name: "clerk".into(),
            version: 2,
            definition: definition.as_object().unwrap().clone(),
            steps,
            exhausted,
            tools: called.iter().map(|tool| (*tool).to_owned()).collect(),
        };
        changes(&Evidence {
            agents: vec![agent],
            ..Evidence::default()
        })
    }

    #[test]
    fn agent_that_often_runs_out_of_turns_gets_more() {
        let all = ["sql", "http_get"];
        for (steps, exhausted, max_turns, more) in [
            (30, 3, 8, Some(12)),
            (30, 3, 1, Some(2)),
            (30, 3, 90, Some(100)),
            (30, 3, 100, None),
            (31, 3, 8, None),
            (3, 2, 8, None),
        ] {
            let proposed = changes_of(steps, exhausted, max_turns, &all);
            let turns = proposed.first().map(|one| one.change["max_turns"].clone());
            assert_eq!(
                turns,
                more.map(|more| json!(more)),
                "{steps} {exhausted} {max_turns}"
            );
        }
        let proposed = changes_of(30, 3, 8, &all);
        assert_eq!(proposed[0].change["role"], "r", "the rest stays");
        assert_eq!(
            proposed[0].expected,
            json!({"max_turns": {"before": 8, "after": 12}})
        );
    }

    #[test]
    fn unused_tools_are_taken_away() {
        assert_eq!(changes_of(49, 0, 8, &["sql"]), Vec::new(), "too few steps");
        assert_eq!(
            changes_of(50, 0, 8, &["sql", "http_get"]),
            Vec::new(),
            "all are used"
        );
        let proposed = changes_of(50, 0, 8, &["sql"]);
        assert_eq!(proposed[0].change["tools"], json!(["sql", "ask_human"]));
        assert_eq!(
            proposed[0].title,
            "clerk does not need http_get: no call in 50 steps"
        );
    }
}
