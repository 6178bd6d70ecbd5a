//! Improvements that an analysis proposes, and those that code derives from people's decisions.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::evidence::{Evidence, Failure, Rating};

/// How often the same must have happened before it is proposed.
const MIN_TIMES: usize = 3;

/// Decisions on the calls of a tool, all the same, before a policy is proposed.
const MIN_DECISIONS: u32 = 10;

/// How probable it must be that a lesson of an agent raises the success rate. A person decides then.
const MIN_PROBABILITY: f64 = 0.8;

/// A change that is proposed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Improvement {
    pub(crate) kind: Kind,
    pub(crate) title: String,
    /// What it is about, the same at every analysis; its hash keeps it from being proposed twice.
    pub(crate) subject: String,
    pub(crate) change: Value,
    pub(crate) evidence: Value,
    pub(crate) expected: Value,
}

/// The kinds of improvements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Runbook,
    Agent,
    Lesson,
    Policy,
    Finding,
}

impl Improvement {
    /// Returns the sha256 of the kind and the subject, in hex.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = Sha256::digest(format!("{:?} {}", self.kind, self.subject));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"kind": self.kind, "title": self.title, "change": self.change, "fingerprint": self.fingerprint(),
               "evidence": self.evidence, "expected": self.expected})
    }
}

/// Proposes a lesson for a value that people changed in the same way several times.
pub(crate) fn corrections(evidence: &Evidence) -> Vec<Improvement> {
    let mut changes: BTreeMap<(String, String, String), Vec<i64>> = BTreeMap::new();
    for correction in &evidence.corrections {
        for (path, to) in changed_values(&correction.proposed, &correction.corrected) {
            changes
                .entry((correction.tool.clone(), path, to))
                .or_default()
                .push(correction.approval_id);
        }
    }
    changes
        .into_iter()
        .filter(|(_, approvals)| approvals.len() >= MIN_TIMES)
        .map(|((tool, path, to), approvals)| Improvement {
            kind: Kind::Lesson,
            title: format!("{tool}: {path} is {to}").chars().take(200).collect(),
            subject: format!("correction {tool} {path} {to}"),
            change: json!({"title": format!("Calls of {tool}").chars().take(300).collect::<String>(), "trust": "trusted",
                           "text": format!("In calls of {tool}, {path} is {to}: people changed it to that.")}),
            evidence: json!({"approvals": approvals, "times": approvals.len()}),
            expected: json!({}),
        })
        .collect()
}

/// Returns the paths of values that differ, with the new value as JSON of at most 200 characters.
fn changed_values(proposed: &Value, corrected: &Value) -> Vec<(String, String)> {
    let mut changed = Vec::new();
    let mut open = vec![(String::new(), Some(proposed), corrected)];
    while let Some((path, before, after)) = open.pop() {
        match after {
            Value::Object(fields) => open.extend(fields.iter().map(|(name, value)| {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                (path, before.and_then(|before| before.get(name)), value)
            })),
            _ if before != Some(after) && !path.is_empty() => {
                let text = after.to_string();
                if text.len() <= 200 {
                    changed.push((path, text));
                }
            }
            _ => {}
        }
    }
    changed
}

/// Proposes to allow a tool whose calls people always approved, and to deny one whose calls they always rejected.
pub(crate) fn policies(evidence: &Evidence) -> Vec<Improvement> {
    let propose = |tool: &str, effect: &str, times: u32, approvals: &[i64]| Improvement {
        kind: Kind::Policy,
        title: match effect {
            "allow" => format!(
                "Allow {tool} without approval: {times} of {times} calls were approved as they were"
            ),
            _ => format!("Deny {tool}: {times} of {times} calls were rejected"),
        },
        subject: format!("policy {tool} {effect}"),
        change: json!({"tool": tool, "effect": effect}),
        evidence: json!({"approvals": approvals, "times": times}),
        expected: json!({}),
    };
    evidence
        .decisions
        .iter()
        .filter_map(|one| match (one.approved, one.edited, one.rejected) {
            (approved, 0, 0) if approved >= MIN_DECISIONS => {
                Some(propose(&one.tool, "allow", approved, &one.approvals))
            }
            (0, 0, rejected) if rejected >= MIN_DECISIONS / 2 => {
                Some(propose(&one.tool, "deny", rejected, &one.approvals))
            }
            _ => None,
        })
        .collect()
}

/// Proposes a lesson for an error that several runs met and got over. Its text comes from outside and stays untrusted.
pub(crate) fn failures(evidence: &Evidence) -> Vec<Improvement> {
    let mut met: BTreeMap<(&str, &str), Vec<&Failure>> = BTreeMap::new();
    for failure in &evidence.failures {
        met.entry((&failure.tool, &failure.message))
            .or_default()
            .push(failure);
    }
    met.into_iter()
        .filter_map(|((tool, message), failures)| {
            let mut runs: Vec<i64> = failures.iter().map(|failure| failure.run_id).collect();
            runs.sort_unstable();
            runs.dedup();
            let code = failures.first().map(|failure| failure.code.as_str())?;
            (runs.len() >= MIN_TIMES).then(|| Improvement {
                kind: Kind::Lesson,
                title: format!("{tool} failed in {} runs with {code}", runs.len()),
                subject: format!("failure {tool} {message}"),
                change: json!({"title": format!("{tool} fails with {code}"), "trust": "untrusted",
                               "text": format!("Calls of {tool} failed several times with this error before another call worked: {message}")}),
                evidence: json!({"runs": runs, "times": failures.len()}),
                expected: json!({}),
            })
        })
        .collect()
}

/// Proposes a lesson for the remark of bad ratings, in the raters' words; the same remark is one lesson.
pub(crate) fn ratings(evidence: &Evidence) -> Vec<Improvement> {
    let mut remarks: BTreeMap<String, Vec<&Rating>> = BTreeMap::new();
    for rating in &evidence.ratings {
        remarks
            .entry(rating.comment.trim().to_lowercase())
            .or_default()
            .push(rating);
    }
    remarks
        .into_iter()
        .filter_map(|(subject, ratings)| {
            let newest = ratings.first()?;
            let goals: Vec<i64> = ratings.iter().map(|rating| rating.goal_id).collect();
            Some(Improvement {
                kind: Kind::Lesson,
                title: format!("A person rated \"{}\" bad: {}", newest.question, newest.comment)
                    .chars()
                    .take(300)
                    .collect(),
                subject: format!("rating {subject}"),
                change: json!({"title": newest.question.chars().take(300).collect::<String>(), "trust": "trusted",
                               "text": format!("The answer to this question was rated bad: {}", newest.comment)}),
                evidence: json!({"goals": goals, "times": goals.len()}),
                expected: json!({}),
            })
        })
        .collect()
}

/// Proposes to keep a lesson of an agent whose goals were reached more often than others of their types.
pub(crate) fn trials(evidence: &Evidence) -> Vec<Improvement> {
    evidence
        .trials
        .iter()
        .filter(|trial| trial.probability >= MIN_PROBABILITY)
        .map(|trial| Improvement {
            kind: Kind::Lesson,
            title: format!(
                "Keep what an agent learned: {} of {} goals with it were reached, {} of {} without",
                trial.successes, trial.uses, trial.other_successes, trial.other_uses
            ),
            subject: format!("trial {}", trial.memory_id),
            change: json!({"title": if trial.title.is_empty() { "Learned by an agent" } else { &trial.title },
                           "text": trial.text, "trust": trial.trust}),
            evidence: json!({"memories": [trial.memory_id], "uses": trial.uses, "successes": trial.successes,
                             "other_uses": trial.other_uses, "other_successes": trial.other_successes}),
            expected: json!({}),
        })
        .collect()
}

/// Proposes what people should look at; nothing is changed by it.
pub(crate) fn findings(evidence: &Evidence) -> Vec<Improvement> {
    evidence
        .findings
        .iter()
        .map(|finding| Improvement {
            kind: Kind::Finding,
            title: finding.title.clone(),
            subject: format!("finding {}", finding.subject),
            change: json!({}),
            evidence: finding.evidence.clone(),
            expected: json!({}),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::evidence::{Correction, Decisions, Trial};

    #[test]
    fn same_correction_three_times_is_a_lesson() {
        let correction = |approval_id, to: &str| Correction {
            approval_id,
            tool: "email".into(),
            proposed: json!({"to": ["a@x.org"], "subject": "S", "body": {"tone": "curt"}}),
            corrected: json!({"to": ["a@x.org"], "subject": "S", "body": {"tone": to}}),
        };
        let mut evidence = Evidence {
            corrections: vec![correction(1, "kind"), correction(2, "kind")],
            ..Evidence::default()
        };
        assert_eq!(corrections(&evidence), Vec::new());
        evidence.corrections.push(correction(3, "dry"));
        assert_eq!(corrections(&evidence), Vec::new(), "another value");
        evidence.corrections.push(correction(4, "kind"));
        let lessons = corrections(&evidence);
        assert_eq!(lessons.len(), 1);
        assert_eq!(
            lessons[0].change["text"],
            "In calls of email, body.tone is \"kind\": people changed it to that."
        );
        assert_eq!(lessons[0].evidence["approvals"], json!([1, 2, 4]));
    }

    #[test]
    fn lesson_of_agent_is_kept_if_its_goals_were_reached_more_often() {
        let trial = |memory_id, probability| Trial {
            memory_id,
            text: "Leave out test orders".into(),
            trust: "untrusted".into(),
            probability,
            ..Trial::default()
        };
        let evidence = Evidence {
            trials: vec![trial(3, 0.8), trial(2, 0.79)],
            ..Evidence::default()
        };
        let kept = trials(&evidence);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].evidence["memories"], json!([3]));
        assert_eq!(
            kept[0].change,
            json!({"title": "Learned by an agent", "text": "Leave out test orders", "trust": "untrusted"})
        );
    }

    #[test]
    fn same_remark_is_one_lesson() {
        let rating = |goal_id, comment: &str| Rating {
            goal_id,
            question: "How many orders?".into(),
            comment: comment.into(),
        };
        let evidence = Evidence {
            ratings: vec![
                rating(3, "No tests"),
                rating(2, "no tests "),
                rating(1, "Too slow"),
            ],
            ..Evidence::default()
        };
        let lessons = ratings(&evidence);
        assert_eq!(lessons.len(), 2);
        assert_eq!(lessons[0].evidence["goals"], json!([3, 2]));
        assert_eq!(
            lessons[0].change["text"],
            "The answer to this question was rated bad: No tests"
        );
    }

    #[test]
    fn policies_need_ten_equal_decisions() {
        let evidence = |approved, edited, rejected| Evidence {
            decisions: vec![Decisions {
                tool: "webhook".into(),
                approved,
                edited,
                rejected,
                approvals: vec![],
            }],
            ..Evidence::default()
        };
        let effect = |evidence: &Evidence| {
            policies(evidence)
                .first()
                .map(|one| one.change["effect"].clone())
        };
        assert_eq!(effect(&evidence(9, 0, 0)), None);
        assert_eq!(effect(&evidence(10, 0, 0)), Some(json!("allow")));
        assert_eq!(effect(&evidence(10, 1, 0)), None, "one was edited");
        assert_eq!(effect(&evidence(10, 0, 1)), None, "one was rejected");
        assert_eq!(effect(&evidence(0, 0, 5)), Some(json!("deny")));
        assert_eq!(effect(&evidence(0, 0, 4)), None);
    }
}
