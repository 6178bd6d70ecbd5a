//! Splits a SQL file into its statements, so that an error has a position and each can be recorded.
//!
//! The scanner handles everything that may hide a semicolon: strings, quoted names, dollar quotes, comments (which
//! nest), parentheses and the bodies of `begin atomic` functions. It parses nothing else of SQL.

/// One statement of a file, without its semicolon, with any comment that precedes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement's text in the file.
    pub text: String,
    /// The line of the file on which `text` begins, from 1.
    pub line: usize,
}

/// Splits a file into its statements, in order. Text after the last semicolon is a statement too, unless it is blank.
#[must_use]
pub fn split(source: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut begin = 0;
    let mut scanner = Scanner { source, at: 0 };
    let mut shape = Shape::default();
    while let Some(token) = scanner.next_token() {
        match token {
            Token::Semicolon(at) if shape.is_whole() => {
                push(&mut statements, source, begin, at, &shape);
                begin = scanner.at;
                shape = Shape::default();
            }
            Token::Semicolon(_) | Token::Blank => {}
            other => shape.see(&other),
        }
    }
    push(&mut statements, source, begin, source.len(), &shape);
    statements
}

fn push(statements: &mut Vec<Statement>, source: &str, begin: usize, end: usize, shape: &Shape) {
    let Some(raw) = source.get(begin..end).filter(|_| shape.has_code) else {
        return;
    };
    let blank = raw.len() - raw.trim_start().len();
    let before = source.get(..begin + blank).unwrap_or_default();
    statements.push(Statement {
        text: raw.trim().to_owned(),
        line: before.matches('\n').count() + 1,
    });
}

/// The open brackets and blocks of the present statement.
#[derive(Default)]
struct Shape {
    parentheses: i32,
    atomic_depth: i32,
    previous_word: String,
    has_code: bool,
}

impl Shape {
    fn is_whole(&self) -> bool {
        self.parentheses <= 0 && self.atomic_depth <= 0
    }

    fn see(&mut self, token: &Token<'_>) {
        self.has_code = true;
        let word = match token {
            Token::Word(word) => word.to_ascii_lowercase(),
            Token::Open => {
                self.parentheses += 1;
                String::new()
            }
            Token::Close => {
                self.parentheses -= 1;
                String::new()
            }
            _ => String::new(),
        };
        match word.as_str() {
            "atomic" if self.previous_word == "begin" => self.atomic_depth += 1,
            "case" if self.atomic_depth > 0 => self.atomic_depth += 1,
            "end" if self.atomic_depth > 0 => self.atomic_depth -= 1,
            _ => {}
        }
        self.previous_word = word;
    }
}

enum Token<'a> {
    /// White space or a comment.
    Blank,
    Word(&'a str),
    Semicolon(usize),
    Open,
    Close,
    /// Strings, quoted names, numbers, operators.
    Other,
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn next_token(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let begin = self.at;
        let (length, token) = match first {
            ';' => (1, Token::Semicolon(begin)),
            '(' => (1, Token::Open),
            ')' => (1, Token::Close),
            '\'' => (quoted(rest, '\''), Token::Other),
            '"' => (quoted(rest, '"'), Token::Other),
            '$' => (dollar_quoted(rest), Token::Other),
            _ if rest.starts_with("--") => (rest.find('\n').unwrap_or(rest.len()), Token::Blank),
            _ if rest.starts_with("/*") => (block_comment(rest), Token::Blank),
            'e' | 'E' if rest.get(1..).is_some_and(|next| next.starts_with('\'')) => {
                (escape_string(rest), Token::Other)
            }
            _ if first.is_whitespace() => (first.len_utf8(), Token::Blank),
            _ if is_word(first) => {
                let length = rest
                    .find(|letter| !is_word(letter) && letter != '$')
                    .unwrap_or(rest.len());
                (length, Token::Word(rest.get(..length).unwrap_or_default()))
            }
            _ => (first.len_utf8(), Token::Other),
        };
        self.at += length.max(1);
        Some(token)
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Returns the length of a quoted piece at the beginning of `text`. A doubled quote is two pieces, which is the same.
fn quoted(text: &str, quote: char) -> usize {
    text.char_indices()
        .skip(1)
        .find(|(_, letter)| *letter == quote)
        .map_or(text.len(), |(at, _)| at + 1)
}

fn escape_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(2) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of `$tag$ … $tag$`, or 1 where the dollar begins no quote (a parameter, `$1`).
fn dollar_quoted(text: &str) -> usize {
    let after = text.get(1..).unwrap_or_default();
    let Some(tag_length) = after.find('$') else {
        return 1;
    };
    let tag = after.get(..tag_length).unwrap_or_default();
    if tag.starts_with(|letter: char| letter.is_ascii_digit()) || !tag.chars().all(is_word) {
        return 1;
    }
    let opening = tag_length + 2;
    let delimiter = text.get(..opening).unwrap_or_default();
    text.get(opening..)
        .and_then(|body| body.find(delimiter))
        .map_or(text.len(), |at| opening + at + opening)
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;

    fn texts(source: &str) -> Vec<String> {
        split(source)
            .into_iter()
            .map(|statement| statement.text)
            .collect()
    }

    #[test]
    fn statements_end_at_semicolons_with_their_lines() {
        let found = split("select 1;\n\n  select 2 ;\n-- why\nselect\n 3");
        let lines: Vec<usize> = found.iter().map(|statement| statement.line).collect();
        assert_eq!(lines, [1, 3, 4]);
        assert_eq!(found[2].text, "-- why\nselect\n 3");
    }

    #[test]
    fn semicolons_in_strings_names_and_comments_are_skipped() {
        for whole in [
            "select 'a;b', 'it''s;', E'\\';', \"x;y\"",
            "select 1 -- ; not here\n + 1",
            "select 1 /* ; /* nested; */ ; */ + 1",
            "create rule r as on insert to t do also (select 1; select 2)",
            "select 'ü;', \"ß;\"",
        ] {
            assert_eq!(texts(&format!("{whole};")), [whole]);
        }
    }

    #[test]
    fn function_bodies_stay_in_one_piece() {
        for whole in [
            "do $$ begin perform 1; end $$",
            "create function f() returns text language sql as $body$ select '$$;'; $body$",
            "create function f() returns int language sql begin atomic select case when true then 1 end; select 2; end",
        ] {
            assert_eq!(texts(&format!("{whole};\nselect 1;")), [whole, "select 1"]);
        }
    }

    #[test]
    fn parameters_and_dollars_in_names_are_no_quotes() {
        assert_eq!(
            texts("prepare p as select $1; select a$b from t; select 2"),
            ["prepare p as select $1", "select a$b from t", "select 2"]
        );
    }

    #[test]
    fn file_of_comments_has_no_statements() {
        assert!(texts("-- nothing\n/* at all */ ;;\n").is_empty());
    }
}
