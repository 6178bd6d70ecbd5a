//! Mutations of a function body: each removes or weakens one condition.

use std::collections::BTreeSet;
use std::ops::Range;

use super::body::{Body, If, Segment, Starter};
use super::lexer::{Kind, normalized};

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

    fn add_conditions(&mut self, segment: &Segment) {
        let members = without_alias(self.body, &segment.members);
        let alternatives = split(self.body, members, "or");
        for alternative in &alternatives {
            if alternatives.len() > 1 {
                self.add(
                    Operator::DropAlternative,
                    self.body.span(alternative),
                    "false",
                );
            }
            let conjuncts = split(self.body, alternative, "and");
            let is_chain = alternatives.len() > 1 || conjuncts.len() > 1;
            for conjunct in &conjuncts {
                if conjuncts.len() > 1 {
                    self.add(Operator::DropConjunct, self.body.span(conjunct), "true");
                }
                self.add_comparisons(segment, conjunct, is_chain);
            }
            if !is_chain && segment.starter == Starter::Filter {
                self.add(Operator::DropFilter, self.body.span(members), "true");
            }
        }
        if matches!(segment.starter, Starter::Branch | Starter::Result) {
            let range = self.body.span(members);
            let negated = format!("not ({})", self.body.text_of(&range));
            let is_literal = ["true", "false", "null"].contains(&self.body.text_of(&range));
            if !is_literal {
                self.add(Operator::Negate, range, &negated);
            }
        }
    }

    /// Adds changes of comparisons. `=` is a comparison only outside of assignments, and is changed only where dropping
    /// does not cover it.
    fn add_comparisons(&mut self, segment: &Segment, conjunct: &[usize], is_chain: bool) {
        let chooses = is_chain && matches!(segment.starter, Starter::Branch | Starter::Result);
        for at in conjunct {
            let Some(token) = self
                .body
                .token(*at)
                .filter(|token| token.kind == Kind::Operator)
            else {
                continue;
            };
            let with = match token.text {
                "<" => "<=",
                "<=" => "<",
                ">" => ">=",
                ">=" => ">",
                "=" if chooses => "<>",
                _ => continue,
            };
            let text = normalized(self.body.text_of(&self.body.span(conjunct)));
            let text = format!("{} [{with}]", short(&text));
            self.add_as(Operator::Compare, text, token.start..token.end(), with);
        }
    }

    /// Adds an `if` without an alternative whose last statement leaves the function or loop.
    fn add_if(&mut self, branch: If) {
        if branch.has_other {
            return;
        }
        let Some(then) = (branch.start..branch.end).find(|at| self.is_own_then(branch, *at)) else {
            return;
        };
        let statements = self.statements(then + 1, branch.end);
        let Some(last) = statements.last() else {
            return;
        };
        let leaves = ["return", "raise", "exit", "continue"]
            .iter()
            .any(|word| self.body.is(Some(last.start), word));
        let only_refuses = statements.len() == 1 && self.is_refusal(last.clone());
        if (leaves && !only_refuses) || (statements.len() > 1 && self.is_refusal(last.clone())) {
            let members: Vec<usize> = (branch.start + 1..then).collect();
            self.add(Operator::DropGuard, self.body.span(&members), "false");
        }
    }

    /// Returns true for the `then` of the `if` itself, not of a `case` in its condition.
    fn is_own_then(&self, branch: If, at: usize) -> bool {
        let ends_case = |at: usize| self.body.is(Some(at), "end");
        let opens_case =
            |at: usize| self.body.is(Some(at), "case") && !self.body.is(at.checked_sub(1), "end");
        let opened = (branch.start..at).filter(|at| opens_case(*at)).count();
        let closed = (branch.start..at).filter(|at| ends_case(*at)).count();
        self.body.is(Some(at), "then") && opened == closed
    }

    /// Returns the statements between two positions, each without its `;`. Nested statements are split as well, which
    /// suffices for the last statement of a short list.
    fn statements(&self, from: usize, to: usize) -> Vec<Range<usize>> {
        let mut statements = Vec::new();
        let mut start = from;
        while start < to {
            let end = self.body.statement_end(start).min(to);
            if start < end {
                statements.push(start..end);
            }
            start = end + 1;
        }
        statements
    }

    fn add_clauses(&mut self) {
        for at in 0..self.body.tokens.len() {
            if self.body.is(Some(at), "for") {
                self.add_row_lock(at);
            } else if self.body.is(Some(at), "limit") {
                self.add_limit(at);
            } else if self.body.is(Some(at), "conflict") && self.body.is(at.checked_sub(1), "on") {
                self.add_conflict(at - 1);
            } else if self.is_called(at, "pg_advisory_xact_lock") {
                self.add_call(at, "null");
            } else if self.is_called(at, "pg_try_advisory_xact_lock") {
                self.add_call(at, "true");
            }
        }
    }

    fn add_row_lock(&mut self, at: usize) {
        let words = |count: usize, expected: &[&str]| {
            expected
                .iter()
                .enumerate()
                .all(|(place, word)| self.body.is(Some(at + count + place), word))
        };
        let strength = [
            &["no", "key", "update"][..],
            &["key", "share"],
            &["update"],
            &["share"],
        ]
        .into_iter()
        .find(|strength| words(1, strength))
        .map(<[&str]>::len);
        let Some(strength) = strength else { return };
        let mut end = at + 1 + strength;
        if self.body.is(Some(end), "of") {
            end += 2;
            while self
                .body
                .token(end)
                .is_some_and(|token| token.is_symbol(",") || token.is_symbol("."))
            {
                end += 2;
            }
        }
        let start_of = |at: usize| self.body.token(at).map_or(0, |token| token.start);
        let end_of = |at: usize| self.body.token(at).map_or(0, super::lexer::Token::end);
        let skips = self.body.is(Some(end), "skip") && self.body.is(Some(end + 1), "locked");
        let whole_end = if skips {
            end + 1
        } else if self.body.is(Some(end), "nowait") {
            end
        } else {
            end - 1
        };
        let skip = skips.then(|| start_of(end)..end_of(end + 1));
        self.add(Operator::DropLock, start_of(at)..end_of(whole_end), "");
        if let Some(skip) = skip {
            self.add(Operator::DropLock, skip, "");
        }
    }

    /// Removes a `limit` up to the clause, bracket or statement that follows it.
    fn add_limit(&mut self, at: usize) {
        let ends = [
            "for",
            "offset",
            "union",
            "intersect",
            "except",
            "loop",
            "fetch",
            "then",
        ];
        let mut depth = 0_usize;
        let mut end = at;
        for (place, token) in self.body.tokens.iter().enumerate().skip(at + 1) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 0 => break,
                Kind::Close => depth -= 1,
                _ if depth == 0 && (token.is_symbol(";") || token.is_one_of(&ends)) => break,
                _ => {}
            }
            end = place;
        }
        let members: Vec<usize> = (at..=end).collect();
        if end > at {
            self.add(Operator::DropLimit, self.body.span(&members), "");
        }
    }

    fn add_conflict(&mut self, at: usize) {
        let end = self.body.statement_end(at);
        let Some(act) = (at..end).find(|place| self.body.is(Some(*place), "do")) else {
            return;
        };
        if self.body.is(Some(act + 1), "nothing") {
            let members: Vec<usize> = (at..=act + 1).collect();
            self.add(Operator::DropConflict, self.body.span(&members), "");
        }
    }

    fn is_called(&self, at: usize, function: &str) -> bool {
        let is_function = self.body.token(at).is_some_and(|token| {
            matches!(token.kind, Kind::Word | Kind::Name)
                && token.text.eq_ignore_ascii_case(function)
        });
        is_function
            && self
                .body
                .token(at + 1)
                .is_some_and(|next| next.is_symbol("("))
    }

    /// Drops a call inside an expression. A call that is a whole `perform` is dropped as a statement.
    fn add_call(&mut self, at: usize, with: &str) {
        let mut depth = 0_usize;
        let end = self
            .body
            .tokens
            .iter()
            .enumerate()
            .skip(at + 1)
            .find_map(|(place, token)| {
                match token.kind {
                    Kind::Open => depth += 1,
                    Kind::Close => depth = depth.saturating_sub(1),
                    _ => {}
                }
                (depth == 0).then_some(place)
            });
        if let Some(end) = end {
            let members: Vec<usize> = (at..=end).collect();
            self.add(Operator::DropLock, self.body.span(&members), with);
        }
    }

    /// Drops whole statements of PL/pgSQL: refusals and calls that lock.
    fn add_statements(&mut self) {
        for at in 0..self.body.tokens.len() {
            let is_perform = self.body.is(Some(at), "perform");
            if !(is_perform || self.body.is(Some(at), "raise")) || !self.body.begins_statement(at) {
                continue;
            }
            let statement = at..self.body.statement_end(at);
            let members: Vec<usize> = statement.clone().collect();
            if self.is_refusal(statement.clone()) {
                self.add(Operator::DropRefusal, self.body.span(&members), "null");
            } else if is_perform
                && self
                    .callee(&statement)
                    .is_some_and(|name| name.starts_with("lock"))
            {
                self.add(Operator::DropLock, self.body.span(&members), "null");
            }
        }
    }

    fn is_refusal(&self, statement: Range<usize>) -> bool {
        let at = statement.start;
        if self.body.is(Some(at), "raise") {
            let next = self.body.token(at + 1);
            let is_again = statement.len() == 1;
            let is_message = next.is_some_and(|next| next.kind == Kind::Text);
            return is_again || is_message || self.body.is(Some(at + 1), "exception");
        }
        let refuses = |name: &str| {
            ["refuse", "require"]
                .iter()
                .any(|word| name == *word || name.starts_with(&format!("{word}_")))
        };
        self.body.is(Some(at), "perform") && self.callee(&statement).is_some_and(refuses)
    }

    /// Returns the name of the function that a `perform` calls, without its schema.
    fn callee(&self, statement: &Range<usize>) -> Option<&str> {
        let open = statement.clone().find(|at| {
            self.body
                .token(*at)
                .is_some_and(|token| token.is_symbol("("))
        })?;
        let name = open.checked_sub(1).filter(|at| *at > statement.start)?;
        self.body.token(name).map(|token| token.text)
    }
}

/// Splits at a keyword, except at the `and` of a `between`.
fn split<'m>(body: &Body<'_>, members: &'m [usize], word: &str) -> Vec<&'m [usize]> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut is_between = false;
    for (place, at) in members.iter().enumerate() {
        if body.is(Some(*at), "between") {
            is_between = true;
        } else if body.is(Some(*at), "and") && is_between {
            is_between = false;
        } else if body.is(Some(*at), word) {
            parts.push(members.get(start..place).unwrap_or_default());
            start = place + 1;
        }
    }
    parts.push(members.get(start..).unwrap_or_default());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns an expression of a list without its suffix (`desc`, `nulls last`).
fn without_alias<'m>(body: &Body<'_>, members: &'m [usize]) -> &'m [usize] {
    let ends = |at: &usize| {
        body.token(*at)
            .is_some_and(|token| token.is_one_of(&["asc", "desc", "nulls"]))
    };
    let end = members.iter().position(ends).unwrap_or(members.len());
    members.get(..end).unwrap_or(members)
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
