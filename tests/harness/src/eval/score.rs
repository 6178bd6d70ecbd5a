//! Verification of a task: facts confirmed by SQL, words, effects.

use anyhow::Context;
use regex_lite::RegexBuilder;
use tokio_postgres::SimpleQueryMessage;

use super::ended::Ended;
use super::tasks::{Ends, Task};

/// Returns the problems of a task's end; none if it succeeded.
pub(super) async fn problems(
    task: &Task,
    ended: &Ended,
    db: &tokio_postgres::Client,
) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    let is_end = match task.ends {
        Ends::Answered => ended.state == "answered",
        Ends::Failed => ended.state == "failed",
        Ends::Either => ended.state == "answered" || ended.state == "failed",
    };
    if !is_end {
        problems.push(format!("ended {}", ended.state));
    }
    if task.goal == Some(false) && ended.has_goal {
        problems.push("became a goal".to_owned());
    }
    if let Some(facts) = &task.facts {
        for fact in values(db, facts).await? {
            if !states(&ended.text, &fact) {
                problems.push(format!("does not state {fact}"));
            }
        }
    }
    for pattern in &task.contains {
        if !matches(pattern, &ended.text)? {
            problems.push(format!("does not match {pattern}"));
        }
    }
    for pattern in &task.omits {
        if matches(pattern, &ended.text)? {
            problems.push(format!("matches {pattern}"));
        }
    }
    for sql in &task.holds {
        let held = values(db, sql).await?;
        if held.first().map(String::as_str) != Some("t") {
            problems.push(format!("does not hold: {sql}"));
        }
    }
    Ok(problems)
}

/// Returns all values of a query's rows, as text.
async fn values(db: &tokio_postgres::Client, sql: &str) -> anyhow::Result<Vec<String>> {
    let messages = db.simple_query(sql).await.with_context(|| sql.to_owned())?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let cells = rows.flat_map(|row| (0..row.len()).filter_map(|at| row.get(at)));
    Ok(cells.map(str::to_owned).collect())
}

fn matches(pattern: &str, text: &str) -> anyhow::Result<bool> {
    let pattern = RegexBuilder::new(pattern)
        .case_insensitive(true)
        .multi_line(true)
        .build()?;
    Ok(pattern.is_match(text))
}

/// Returns true if a text states a value: words in any case; a number as such, with separators, or, for an amount of
/// cents, in euros.
pub(super) fn states(text: &str, fact: &str) -> bool {
    let Ok(number) = fact.parse::<f64>() else {
        return text.to_lowercase().contains(&fact.to_lowercase());
    };
    let numbers = numbers_of(text);
    let is = |value: f64| numbers.iter().any(|other| (other - value).abs() < 0.005);
    is(number) || is(number / 100.0)
}

/// Returns the numbers of a text, without commas, apostrophes and thin spaces between groups of three digits.
fn numbers_of(text: &str) -> Vec<f64> {
    let letters: Vec<char> = text.chars().collect();
    let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    let group = |at: usize| (1..=3).all(|next| digit(at + next)) && !digit(at + 4);
    let mut numbers = Vec::new();
    let mut current = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let separates =
            matches!(letter, ',' | '\'' | '’' | '\u{202f}' | '\u{a0}') && !current.contains('.');
        match letter {
            '0'..='9' => current.push(*letter),
            '.' if !current.is_empty() && digit(at + 1) && !current.contains('.') => {
                current.push('.')
            }
            _ if separates && !current.is_empty() && group(at) => {}
            _ => {
                numbers.extend(current.parse::<f64>().ok());
                current.clear();
            }
        }
    }
    numbers.extend(current.parse::<f64>().ok());
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_stated_in_any_usual_form() {
        for text in [
            "There are 1234 of them.",
            "1,234 orders",
            "€1,234",
            "in total 12.34 €",
            "1’234",
        ] {
            assert!(states(text, "1234"), "{text}");
        }
        for text in ["12345", "There are 234.", "1.2345", "none", "123"] {
            assert!(!states(text, "1234"), "{text}");
        }
        assert!(states("678.40 €", "67840") && states("on 3, 4 and 5", "4"));
        assert!(states("best: ANNA Berg", "Anna Berg") && !states("best: Anna", "Anna Berg"));
    }
}
