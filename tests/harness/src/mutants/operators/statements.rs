//! Mutations of PL/pgSQL's statements: guards before a refusal or an early end, refusals, and calls that lock.

use std::ops::Range;

use super::super::body::If;
use super::super::lexer::Kind;
use super::{Found, Operator};

impl Found<'_, '_> {
    /// Adds an `if` without an alternative whose last statement leaves the function or loop.
    pub(super) fn add_if(&mut self, branch: If) {
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

    /// Drops whole statements of PL/pgSQL: refusals and calls that lock.
    pub(super) fn add_statements(&mut self) {
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
