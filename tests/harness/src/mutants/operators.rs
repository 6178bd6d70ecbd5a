//! Mutations of a function body: each removes or weakens one condition.

mod clauses;
mod conditions;
mod statements;

use std::collections::BTreeSet;
use std::ops::Range;

use super::body::Body;
use super::lexer::normalized;

/// Kind of a mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// A part of an `and` chain becomes true.
    DropConjunct,
    /// A part of an `or` chain becomes false.
    DropAlternative,
    /// A filter of a single part becomes true.
    DropFilter,
    /// A condition that chooses what runs, or the result of a boolean function, becomes its opposite.
    Negate,
    /// A condition before a `return`, `raise`, `exit` or `continue` becomes false: the rest runs always.
    DropGuard,
    /// A row lock, `skip locked` or an advisory lock is dropped.
    DropLock,
    /// A call that refuses, or a `raise exception`, is dropped.
    DropRefusal,
    /// A `limit` is dropped.
    DropLimit,
    /// `on conflict … do nothing` is dropped.
    DropConflict,
    /// `<` becomes `<=`, `>` becomes `>=` and back; `=` becomes `<>` where it chooses what runs.
    Compare,
    /// A policy is dropped.
    DropPolicy,
    /// A policy lets every row through.
    WidenPolicy,
    /// Row-level security of a table is switched off.
    DropRowSecurity,
    /// A check, unique, foreign-key or exclusion constraint is dropped.
    DropConstraint,
    /// A unique index is dropped.
    DropIndex,
    /// A trigger is dropped.
    DropTrigger,
    /// A role gets a right that it does not have.
    Grant,
    /// A role loses a right.
    Revoke,
    /// A function or view runs with the rights of its owner, or of a more powerful one.
    WidenRights,
}

impl Operator {
    /// All operators.
    pub const ALL: [Self; 19] = [
        Self::DropConjunct,
        Self::DropAlternative,
        Self::DropFilter,
        Self::Negate,
        Self::DropGuard,
        Self::DropLock,
        Self::DropRefusal,
        Self::DropLimit,
        Self::DropConflict,
        Self::Compare,
        Self::DropPolicy,
        Self::WidenPolicy,
        Self::DropRowSecurity,
        Self::DropConstraint,
        Self::DropIndex,
        Self::DropTrigger,
        Self::Grant,
        Self::Revoke,
        Self::WidenRights,
    ];

    /// Returns the name in lists and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DropConjunct => "drop_conjunct",
            Self::DropAlternative => "drop_alternative",
            Self::DropFilter => "drop_filter",
            Self::Negate => "negate",
            Self::DropGuard => "drop_guard",
            Self::DropLock => "drop_lock",
            Self::DropRefusal => "drop_refusal",
            Self::DropLimit => "drop_limit",
            Self::DropConflict => "drop_conflict",
            Self::Compare => "compare",
            Self::DropPolicy => "drop_policy",
            Self::WidenPolicy => "widen_policy",
            Self::DropRowSecurity => "drop_row_security",
            Self::DropConstraint => "drop_constraint",
            Self::DropIndex => "drop_index",
            Self::DropTrigger => "drop_trigger",
            Self::Grant => "grant",
            Self::Revoke => "revoke",
            Self::WidenRights => "widen_rights",
        }
    }
}

/// One change of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mutation {
    pub(super) operator: Operator,
    /// Changed text, on one line; with the operator it identifies the mutation within its body.
    pub(super) text: String,
    range: Range<usize>,
    with: String,
}

impl Mutation {
    /// Returns the changed body.
    pub(super) fn apply(&self, body: &str) -> String {
        let before = body.get(..self.range.start).unwrap_or_default();
        let after = body.get(self.range.end..).unwrap_or_default();
        format!("{before}{}{after}", self.with)
    }
}

/// Returns all mutations of a body in textual order; no two give the same text, and none gives the original.
pub(super) fn mutations(body: &Body<'_>) -> Vec<Mutation> {
    let mut found = Found {
        body,
        mutations: Vec::new(),
    };
    for segment in body.segments() {
        found.add_conditions(&segment);
    }
    for branch in &body.ifs {
        found.add_if(*branch);
    }
    found.add_clauses();
    found.add_statements();
    found.in_order()
}

struct Found<'b, 'a> {
    body: &'b Body<'a>,
    mutations: Vec<Mutation>,
}

/// Maximum length of an expression in a mutation's text.
const LONGEST_TEXT: usize = 100;

impl Found<'_, '_> {
    fn add(&mut self, operator: Operator, range: Range<usize>, with: &str) {
        let text = short(&normalized(self.body.text_of(&range)));
        self.add_as(operator, text, range, with);
    }

    fn add_as(&mut self, operator: Operator, text: String, range: Range<usize>, with: &str) {
        self.mutations.push(Mutation {
            operator,
            text,
            range,
            with: with.to_owned(),
        });
    }

    fn in_order(mut self) -> Vec<Mutation> {
        self.mutations
            .sort_by_key(|mutation| (mutation.range.start, mutation.operator));
        let mut seen = BTreeSet::from([normalized(self.body.text)]);
        self.mutations
            .retain(|mutation| seen.insert(normalized(&mutation.apply(self.body.text))));
        self.mutations
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST_TEXT {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST_TEXT).collect();
    format!("{} …", kept.trim_end())
}

#[cfg(test)]
mod tests;
