//! Reads what a template or expression refers to, without values for its names.

use std::collections::BTreeSet;

use minijinja::Environment;

use super::tokens::{self, Kind, Tag, TagKind};
use super::{Error, FILTERS, TESTS, environment, guard, is_template, limits, refusal};
use crate::nearest::suggestion;

/// The most tokens that are read; the bounds on the source have been checked before.
const MAX_TOKENS: usize = 8_000;

/// Names that a source reads and does not define itself, as dotted paths: `steps.orders.rows`.
pub type Names = BTreeSet<String>;

/// Checks that a text is a template within bounds, and returns the names it reads.
///
/// # Errors
/// [`Error::Syntax`] or [`Error::TooComplex`], with what is wrong; a filter or test that does not exist is a
/// syntax error.
pub fn names_in_template(template: &str) -> Result<Names, Error> {
    if !is_template(template) {
        return Ok(Names::new());
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
        for tag in tokens::tags(&source, MAX_TOKENS)? {
            check_words(&environment, &tag)?;
        }
        Ok(own_names(&environment, template.undeclared_variables(true)))
    })
}

/// Checks that a text is an expression within bounds, and returns the names it reads.
///
/// # Errors
/// As [`names_in_template`].
pub fn names_in_expression(expression: &str) -> Result<Names, Error> {
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
        check_words(&environment, &tokens::expression(&source, MAX_TOKENS)?)?;
        Ok(own_names(&environment, compiled.undeclared_variables(true)))
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
fn own_names(environment: &Environment<'_>, names: impl IntoIterator<Item = String>) -> Names {
    let globals: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
    names
        .into_iter()
        .filter(|name| !globals.contains(name.as_str()))
        .collect()
}

/// Checks the filters and tests of a tag: the engine looks them up only when it evaluates.
fn check_words(environment: &Environment<'_>, tag: &Tag<'_>) -> Result<(), Error> {
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
                check_word(environment, "filter", token.text, FILTERS)?;
            } else if follows_is && token.text != "not" {
                check_word(environment, "test", token.text, TESTS)?;
            }
        }
        before = [before[1], token.text];
    }
    Ok(())
}

/// Checks that a filter or test exists. `kind` is also the name of the engine's own test for it.
fn check_word(
    environment: &Environment<'_>,
    kind: &str,
    word: &str,
    known: &[&str],
) -> Result<(), Error> {
    let source = format!("'{word}' is {kind}");
    let exists = environment
        .compile_expression(&source)
        .and_then(|expression| expression.eval(()))
        .is_ok_and(|value| value.is_true());
    if exists {
        return Ok(());
    }
    let near = suggestion(word, known.iter().copied());
    let list = known.join(", ");
    Err(Error::Syntax(format!(
        "there is no {kind} `{word}`{near} ({kind}s: {list})"
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn names(template: &str) -> Vec<String> {
        names_in_template(template).unwrap().into_iter().collect()
    }

    #[test]
    fn names_are_dotted_paths_without_own_and_global_ones() {
        assert_eq!(
            names(
                "{{ steps.a.rows[0].n }} {% for r in steps.b.rows %}{{ r.x }}{{ loop.index }}{% endfor %}{{ range(3) }}"
            ),
            ["steps.a.rows", "steps.b.rows"]
        );
        assert_eq!(names("no tag"), [""; 0]);
        let read = names_in_expression("steps.a.row_count == 0 and goal.title").unwrap();
        assert_eq!(
            read.into_iter().collect::<Vec<_>>(),
            ["goal.title", "steps.a.row_count"]
        );
    }

    #[test]
    fn unknown_filter_or_test_is_a_syntax_error() {
        for (template, word) in [
            ("{{ steps.a.rows|tabel }}", "did you mean `table`?"),
            ("{% filter uper %}x{% endfilter %}", "did you mean `upper`?"),
            (
                "{% if steps.a is defind %}{% endif %}",
                "did you mean `defined`?",
            ),
            (
                "{% if steps.a is not nonesuch %}{% endif %}",
                "there is no test `nonesuch`",
            ),
            (
                "{{ steps.a|strftime('%d') }}",
                "there is no filter `strftime`",
            ),
        ] {
            let error = names_in_template(template).unwrap_err();
            assert!(matches!(error, Error::Syntax(_)), "{template}: {error}");
            assert!(error.to_string().contains(word), "{template}: {error}");
        }
        assert!(names_in_expression("steps.a.rows|lenght > 0").is_err());
        assert!(names_in_expression("steps.a.rows|length is not none").is_ok());
    }

    #[test]
    fn listed_filters_and_tests_exist() {
        let environment = environment();
        for filter in FILTERS {
            check_word(&environment, "filter", filter, FILTERS).unwrap();
        }
        for test in TESTS {
            check_word(&environment, "test", test, TESTS).unwrap();
        }
        assert!(check_word(&environment, "filter", "pprint", FILTERS).is_err());
    }
}
