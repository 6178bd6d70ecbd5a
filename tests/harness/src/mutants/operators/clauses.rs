//! Mutations of clauses: row locks, limits, conflicts, and calls inside expressions that take advisory locks.

use super::super::lexer::{Kind, Token};
use super::{Found, Operator};

impl Found<'_, '_> {
    pub(super) fn add_clauses(&mut self) {
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
        let end_of = |at: usize| self.body.token(at).map_or(0, Token::end);
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
}
