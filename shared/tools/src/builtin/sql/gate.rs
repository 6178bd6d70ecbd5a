//! The gate: the statements that may reach the database.
//!
//! Everything is an allow-list: a form of expression, a function, a type or a table that is not named as allowed is
//! refused, so a form that a later parser adds is refused until it is reviewed. The result is text printed from the
//! checked tree, with each function's name made `pg_catalog.name`, so that no function of the project can replace a
//! built-in one, and with bounds around the operands of operations that no time limit ends.

mod bound;
mod clause;
mod expression;
mod field;
mod name;
mod qualify;
mod rules;
mod step;
mod tree;

use sqlparser::ast::Statement;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use rules::Gate;

/// The deepest nesting that the parser follows.
const RECURSION_LIMIT: usize = 40;

/// Operators and keywords in a query. `1 + 1 + 1 …` nests without the parser noticing, and walking
/// the tree needs stack for every level.
const MAX_NESTING_TOKENS: usize = 600;

/// The reason why a query may not run, and an allowed alternative.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the query is refused: {0}")]
pub struct Refusal(String);

/// Checks a query and returns the text to run.
///
/// # Errors
/// The first part that is not allowed.
pub fn check(query: &str, readable_schemas: &[String]) -> Result<String, Refusal> {
    let mut statement = parse(query)?;
    let mut gate = Gate::new(readable_schemas);
    gate.statement(&statement).map_err(Refusal)?;
    qualify::functions(&mut statement);
    bound::operands(&mut statement);
    let printed = statement.to_string();
    // The printed text must parse to the checked tree; if this printer and parser disagree, Postgres may read it
    // differently too.
    let again = parse(&printed)?;
    gate.statement(&again).map_err(Refusal)?;
    if again != statement {
        return Err(Refusal(
            "it is written in a way that cannot be checked; write it more simply".into(),
        ));
    }
    Ok(printed)
}

fn parse(query: &str) -> Result<Statement, Refusal> {
    // Postgres stores no NUL, and readers may treat other control characters differently.
    if query
        .chars()
        .any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'))
    {
        return Err(Refusal("it holds a control character".into()));
    }
    let unreadable = |error: &dyn std::fmt::Display| {
        let reason: String = error.to_string().chars().take(200).collect();
        Refusal(format!("it cannot be read as PostgreSQL ({reason})"))
    };
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, query)
        .tokenize()
        .map_err(|error| unreadable(&error))?;
    if tokens.iter().filter(|token| may_nest(token)).count() > MAX_NESTING_TOKENS {
        return Err(Refusal(
            "it is too long; split it into smaller queries".into(),
        ));
    }
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(RECURSION_LIMIT)
        .with_tokens(tokens);
    let statements = parser
        .parse_statements()
        .map_err(|error| unreadable(&error))?;
    let mut statements = statements.into_iter();
    match (statements.next(), statements.next()) {
        (Some(statement), None) => Ok(statement),
        (None, _) => Err(Refusal("it is empty; write one SELECT".into())),
        _ => Err(Refusal(
            "it has more than one statement; write one SELECT".into(),
        )),
    }
}

/// Returns true if a token may put one more level around the operand before it. Lists of values and columns may have
/// any length.
fn may_nest(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::LParen
        | Token::RParen => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
