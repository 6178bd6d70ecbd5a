//! Mutations of conditions: of filters, branches and boolean results, and of the comparisons in them.

use super::super::body::{Body, Segment, Starter};
use super::super::lexer::{Kind, normalized};
use super::{Found, Operator, short};

impl Found<'_, '_> {
    pub(super) fn add_conditions(&mut self, segment: &Segment) {
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
