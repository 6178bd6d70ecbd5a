//! Reads the names that a template or expression refers to, without values for them.

use std::collections::BTreeSet;

use minijinja::Environment;

use super::tokens::{self, Kind, Tag, TagKind};
use super::{Error, FILTERS, TESTS, environment, guard, is_template, limits, refusal};
use crate::nearest::suggestion;

/// The most tokens that are read; the bounds on the source have been checked before.
const MAX_TOKENS: usize = 8_000;

/// The names and unknown words of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// Names that it reads and does not define itself, as dotted paths: `steps.orders.rows`.
    pub names: BTreeSet<String>,
    /// Filters and tests that do not exist, each as a sentence with the nearest one that does.
    pub unknown: Vec<String>,
}

/// Checks that a text is a template within bounds, and returns its references.
///
/// # Errors
/// [`Error::Syntax`] or [`Error::TooComplex`], with the reason.
pub fn references_in_template(template: &str) -> Result<References, Error> {
    if !is_template(template) {
        return Ok(References::default());
    }
    let guarded = limits::guarded_template(template)?;
    let source = template.to_owned();
    guard::run(move || {
        let environment = environment();
        environment
            .template_from_str(&guarded)
            .map_err(|error| refusal(&error))?;
        let template = environment
            .template_from_str(&source)
            .map_err(|error| refusal(&error))?;
        let tags = tokens::tags(&source, MAX_TOKENS)?;
        let unknown = tags.iter().flat_map(|tag| unknown_words(&environment, tag));
        Ok(References {
            names: own_names(&environment, template.undeclared_variables(true)),
            unknown: unknown.collect(),
        })
    })
}

/// Checks that a text is an expression within bounds, and returns its references.
///
/// # Errors
/// As [`references_in_template`].
pub fn references_in_expression(expression: &str) -> Result<References, Error> {
    let guarded = limits::guarded_expression(expression)?;
    let source = expression.to_owned();
    guard::run(move || {
        let environment = environment();
        environment
            .compile_expression(&guarded)
            .map_err(|error| refusal(&error))?;
        let compiled = environment
            .compile_expression(&source)
            .map_err(|error| refusal(&error))?;
        let tag = tokens::expression(&source, MAX_TOKENS)?;
        Ok(References {
            names: own_names(&environment, compiled.undeclared_variables(true)),
            unknown: unknown_words(&environment, &tag),
        })
    })
}

/// Returns true if each tag of a text is a path: names, and places in lists, separated by dots or in brackets.
pub(crate) fn holds_only_paths(text: &str) -> bool {
    tokens::tags(text, MAX_TOKENS).is_ok_and(|tags| tags.iter().all(is_path))
        && !text.contains("{#")
}

fn is_path(tag: &Tag<'_>) -> bool {
    let is_first =
        |token: Option<&tokens::Token<'_>>| token.is_some_and(|token| token.kind == Kind::Name);
    let may_stand = |token: &tokens::Token<'_>| match token.kind {
        Kind::Name | Kind::Number => true,
        Kind::Text => false,
        Kind::Open | Kind::Close | Kind::Sign => matches!(token.text, "[" | "]" | "."),
    };
    tag.kind == TagKind::Variable
        && is_first(tag.tokens.first())
        && tag.tokens.iter().all(may_stand)
}

/// Leaves out the functions that every source may call.
fn own_names(
    environment: &Environment<'_>,
    names: impl IntoIterator<Item = String>,
) -> BTreeSet<String> {
    let globals: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
    names
        .into_iter()
        .filter(|name| !globals.contains(name.as_str()))
        .collect()
}

/// Returns the filters and tests of a tag that do not exist: the engine looks them up only when it evaluates.
fn unknown_words(environment: &Environment<'_>, tag: &Tag<'_>) -> Vec<String> {
    let mut unknown = Vec::new();
    let is_filter_block = tag.kind == TagKind::Block
        && tag
            .tokens
            .first()
            .is_some_and(|token| token.text == "filter");
    let mut before = ["", ""];
    for (position, token) in tag.tokens.iter().enumerate() {
        if token.kind == Kind::Name {
            let follows_is = before[1] == "is" || before == ["is", "not"];
            if before[1] == "|" || (is_filter_block && position == 1) {
                unknown.extend(unknown_word(environment, "filter", token.text, FILTERS));
            } else if follows_is && token.text != "not" {
                unknown.extend(unknown_word(environment, "test", token.text, TESTS));
            }
        }
        before = [before[1], token.text];
    }
    unknown
}

/// Returns a sentence on a filter or test that does not exist. `kind` is also the name of the engine's own test for it.
fn unknown_word(
    environment: &Environment<'_>,
    kind: &str,
    word: &str,
    known: &[&str],
) -> Option<String> {
    let source = format!("'{word}' is {kind}");
    let exists = environment
        .compile_expression(&source)
        .and_then(|expression| expression.eval(()))
        .is_ok_and(|value| value.is_true());
    if exists {
        return None;
    }
    let near = suggestion(word, known.iter().copied());
    let list = known.join(", ");
    Some(format!(
        "there is no {kind} `{word}`{near} ({kind}s: {list})"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn names(template: &str) -> Vec<String> {
        let references = references_in_template(template).unwrap();
        references.names.into_iter().collect()
    }

    #[test]
    fn names_omit_own_and_global_ones() {
        assert_eq!(
            names(
                "{{ steps.a.rows[0].n }} {% for r in steps.b.rows %}{{ r.x }}{{ loop.index }}{% endfor %}{{ range(3) }}"
            ),
            ["steps.a.rows", "steps.b.rows"]
        );
        assert_eq!(names("no tag"), [""; 0]);
        let read = references_in_expression("steps.a.row_count == 0 and goal.title").unwrap();
        assert_eq!(
            read.names.into_iter().collect::<Vec<_>>(),
            ["goal.title", "steps.a.row_count"]
        );
    }

    #[test]
    fn unknown_filters_and_tests_are_reported() {
        for (template, word) in [
            ("{{ steps.a.rows|tabel }}", "did you mean `table`?"),
            (
                "{% filter uper %}{{ steps.a.rows }}{% endfilter %}",
                "did you mean `upper`?",
            ),
            (
                "{% if steps.a.rows is defind %}{% endif %}",
                "did you mean `defined`?",
            ),
            (
                "{% if steps.a.rows is not nonesuch %}{% endif %}",
                "there is no test `nonesuch`",
            ),
            (
                "{{ steps.a.rows|strftime('%d') }}",
                "there is no filter `strftime`",
            ),
        ] {
            let found = references_in_template(template).unwrap();
            assert_eq!(found.unknown.len(), 1, "{template}: {found:?}");
            assert!(found.unknown[0].contains(word), "{template}: {found:?}");
            assert!(
                found.names.contains("steps.a.rows"),
                "{template}: {found:?}"
            );
        }
        let unknown = |source: &str| references_in_expression(source).unwrap().unknown.len();
        assert_eq!(unknown("steps.a.rows|lenght > 0"), 1);
        assert_eq!(unknown("steps.a.rows|length is not none"), 0);
    }

    #[test]
    fn listed_filters_and_tests_exist() {
        let environment = environment();
        for filter in FILTERS {
            assert_eq!(unknown_word(&environment, "filter", filter, FILTERS), None);
        }
        for test in TESTS {
            assert_eq!(unknown_word(&environment, "test", test, TESTS), None);
        }
        assert!(unknown_word(&environment, "filter", "pprint", FILTERS).is_some());
    }
}
