//! The query behind each number of a report: `goal.sql` and `period.sql`, the one list of them. A query is for psql as the
//! owner of the database; its columns have the names of the report's fields.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use uuid::Uuid;

const GOAL: &str = include_str!("goal.sql");
const PERIOD: &str = include_str!("period.sql");

/// A query and the part of the report that it has the numbers of.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Query {
    pub(super) section: String,
    pub(super) name: String,
    /// The JSON pointer of the part in `--json`: an object for one row, an array for several.
    pub(super) pointer: String,
    pub(super) sql: String,
}

/// Returns the queries of a goal's report.
pub(super) fn of_goal(goal: i64) -> Vec<Query> {
    queries(&GOAL.replace("{goal}", &goal.to_string()))
}

/// Returns the queries of a period's report.
pub(super) fn of_period(workspace: Uuid, since: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Query> {
    let time =
        |time: DateTime<Utc>| format!("'{}'", time.to_rfc3339_opts(SecondsFormat::Micros, true));
    let text = PERIOD
        .replace("{workspace}", &format!("'{workspace}'"))
        .replace("{since}", &time(since))
        .replace("{until}", &time(until));
    queries(&text)
}

/// Reads `-- Section: name (/pointer)` and the statement below it, as often as it occurs.
fn queries(text: &str) -> Vec<Query> {
    text.split("\n\n")
        .filter_map(|block| {
            let (heading, sql) = block.split_once('\n')?;
            let (title, pointer) = heading.strip_prefix("-- ")?.rsplit_once(" (")?;
            let (section, name) = title.split_once(": ")?;
            Some(Query {
                section: section.to_owned(),
                name: name.to_owned(),
                pointer: pointer.trim_end_matches(')').to_owned(),
                sql: sql.trim_end().to_owned(),
            })
        })
        .collect()
}

/// Returns the queries as lines for psql, under a heading for each section.
pub(super) fn lines(queries: &[Query]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut section = "";
    for query in queries {
        if query.section != section {
            section = &query.section;
            lines.push(format!("-- {section}"));
            lines.push(String::new());
        }
        lines.push(format!("-- {} ({})", query.name, query.pointer));
        lines.extend(query.sql.lines().map(str::to_owned));
        lines.push(String::new());
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_block_of_the_lists_is_a_query() {
        let time = "2030-01-01T00:00:00Z".parse().unwrap();
        for (text, queries) in [
            (GOAL, of_goal(3)),
            (PERIOD, of_period(Uuid::nil(), time, time)),
        ] {
            assert_eq!(queries.len(), text.matches(';').count());
            for query in &queries {
                assert!(query.sql.ends_with(';'), "{query:?}");
                assert!(!query.sql.contains('{'), "not filled in: {query:?}");
                assert!(query.pointer.starts_with('/'), "{query:?}");
            }
        }
    }

    #[test]
    fn a_section_has_one_heading() {
        let lines = lines(&of_goal(3));
        let headings = lines.iter().filter(|line| *line == "-- Cost").count();
        assert_eq!(headings, 1);
    }
}
