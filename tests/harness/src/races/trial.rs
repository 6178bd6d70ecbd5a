//! One trial: its rounds, each a race, and the judgement of its rows.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lane::{Raced, Start};
use super::rpc::Lease;
use super::session::{Call, Reply};

/// Rounds of a trial with their replies.
#[derive(Debug, Default)]
pub(super) struct Trial {
    pub(super) rounds: Vec<(Vec<Start>, Raced)>,
}

/// Judgement of a trial.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Winners or ends.
    pub(super) won: Vec<String>,
    /// Violations.
    pub(super) violations: Vec<String>,
}

impl Judged {
    /// Adds a violation unless this holds.
    pub(super) fn holds(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(otherwise());
        }
    }
}

impl Trial {
    pub(super) fn of(starts: Vec<Start>, raced: Raced) -> Self {
        Self {
            rounds: vec![(starts, raced)],
        }
    }

    /// Returns true if a session was seen waiting for another.
    pub(super) fn waited(&self) -> bool {
        self.rounds.iter().any(|(_, raced)| raced.waited)
    }

    /// Iterates over every call with its reply.
    pub(super) fn answered(&self) -> impl Iterator<Item = (&Start, &Call, &Reply)> {
        self.rounds
            .iter()
            .flat_map(|(starts, raced)| raced.answered(starts))
    }

    /// Iterates over the replies to one kind of call.
    pub(super) fn replies_to(&self, sql: &str) -> impl Iterator<Item = (&Start, &Call, &Reply)> {
        let sql = sql.to_owned();
        self.answered().filter(move |(_, call, _)| call.sql == sql)
    }

    /// Returns the unexpected refusals: deadlocks, serialization failures, broken constraints, and others.
    pub(super) fn refusals(&self, but: &[(&str, &str)]) -> Vec<String> {
        let refused = self.answered().filter_map(|(_, call, reply)| {
            let code = reply.refusal()?;
            let allowed = but
                .iter()
                .any(|(sql, allowed)| *sql == call.sql && *allowed == code);
            (!allowed).then(|| format!("{} was refused: {reply}", name(call)))
        });
        refused.collect()
    }

    /// Returns the verdicts of each lease, in all replies.
    pub(super) fn verdicts(&self) -> BTreeMap<Lease, Vec<String>> {
        let mut verdicts: BTreeMap<Lease, Vec<String>> = BTreeMap::new();
        for (_, call, reply) in self.answered() {
            let sent = call.argument.get("outcomes").map(Lease::read);
            for (lease, (_, _, verdict)) in
                sent.unwrap_or_default().into_iter().zip(reply.verdicts())
            {
                verdicts.entry(lease).or_default().push(verdict);
            }
        }
        verdicts
    }

    /// Returns the leases that each round handed out.
    pub(super) fn handed_out(&self) -> Vec<Vec<Lease>> {
        let of_round = |(_, raced): &(Vec<Start>, Raced)| {
            let replies = raced.replies.iter().flatten();
            replies.flat_map(claimed).collect()
        };
        self.rounds.iter().map(of_round).collect()
    }

    /// Returns calls and replies, for the analysis of a violation.
    pub(super) fn transcript(&self) -> Vec<String> {
        let line = |(start, call, reply): (&Start, &Call, &Reply)| {
            let argument: String = call.argument.to_string().chars().take(300).collect();
            format!("{:?} {}({argument}) -> {reply}", start.racer, name(call))
        };
        self.answered().map(line).collect()
    }
}

/// Returns the leases of a reply: of a claim the array itself, of finish_steps the field `claimed`.
pub(super) fn claimed(reply: &Reply) -> Vec<Lease> {
    match reply {
        Reply::Gave(value @ Value::Array(_)) => Lease::read(value),
        Reply::Gave(_) => Lease::read(reply.field("claimed")),
        Reply::Refused { .. } => Vec::new(),
    }
}

/// Counts the verdicts that equal this one.
pub(super) fn count(verdicts: &[String], wanted: &str) -> usize {
    verdicts.iter().filter(|verdict| *verdict == wanted).count()
}

fn name(call: &Call) -> &str {
    let called = call.sql.trim_start_matches("select ");
    called.split('(').next().unwrap_or(called)
}
