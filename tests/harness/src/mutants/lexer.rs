//! Splits a SQL or PL/pgSQL text into tokens. Comments and white space are dropped; every token keeps its position.

/// Class of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, or a name that is not quoted and does not follow a dot.
    Word,
    /// A quoted name, or one that follows a dot: never a keyword.
    Name,
    /// A number.
    Number,
    /// A string, quoted or between dollars.
    Text,
    /// A run of operator characters, `:=`, `::`, `..` or a lone dot or colon.
    Operator,
    /// `(` or `[`.
    Open,
    /// `)` or `]`.
    Close,
    /// `,` or `;`.
    Separator,
}

/// Token with its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl Token<'_> {
    /// Returns the position after its last byte.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Returns true for this keyword, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Returns true for one of these keywords.
    pub(super) fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Returns true for this operator, bracket or separator.
    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        !matches!(self.kind, Kind::Word | Kind::Name | Kind::Text) && self.text == symbol
    }
}

/// Splits a text into tokens. Text that is not SQL gives tokens too: the input is meant to be accepted by Postgres.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let skipped = blank_length(rest);
        if skipped > 0 {
            at += skipped;
            continue;
        }
        let (kind, length) = token_at(rest);
        let (length, text) = (length, rest.get(..length).unwrap_or(rest));
        let follows_dot = found.last().is_some_and(|token| token.is_symbol("."));
        let kind = if kind == Kind::Word && follows_dot {
            Kind::Name
        } else {
            kind
        };
        found.push(Token {
            kind,
            text,
            start: at,
        });
        at += length.max(1);
    }
    found
}

/// Returns the text without comments and with every run of white space as one space.
pub(super) fn normalized(text: &str) -> String {
    let mut out = String::new();
    let mut end = None;
    for token in tokens(text) {
        if end.is_some_and(|end| end < token.start) {
            out.push(' ');
        }
        out.push_str(token.text);
        end = Some(token.end());
    }
    out
}

/// Returns the length of leading white space or of a leading comment.
fn blank_length(text: &str) -> usize {
    if text.starts_with("--") {
        return text.find('\n').map_or(text.len(), |at| at + 1);
    }
    if text.starts_with("/*") {
        return block_comment_length(text);
    }
    text.len() - text.trim_start().len()
}

/// Returns the length of a block comment, which nests in SQL.
fn block_comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth = depth.saturating_sub(1);
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

/// Returns the class and length of the first token of a text.
fn token_at(text: &str) -> (Kind, usize) {
    let first = text.chars().next().unwrap_or(' ');
    match first {
        '(' | '[' => (Kind::Open, 1),
        ')' | ']' => (Kind::Close, 1),
        ',' | ';' => (Kind::Separator, 1),
        '\'' => (Kind::Text, string_length(text, 0, false)),
        '"' => (Kind::Name, quoted_length(text)),
        '$' => match dollar_length(text) {
            Some(length) => (Kind::Text, length),
            None => (
                Kind::Word,
                1 + run_length(text.get(1..), |c| c.is_ascii_digit()),
            ),
        },
        '0'..='9' => (Kind::Number, number_length(text)),
        ':' | '.' => (Kind::Operator, punctuation_length(text)),
        _ if is_word_start(first) => word_at(text),
        _ if OPERATOR.contains(first) => (Kind::Operator, operator_length(text)),
        _ => (Kind::Operator, first.len_utf8()),
    }
}

const OPERATOR: &str = "+-*/<>=~!@#%^&|`?";

fn is_word_start(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_'
}

fn run_length(text: Option<&str>, belongs: impl Fn(char) -> bool) -> usize {
    let text = text.unwrap_or_default();
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

/// Reads a word, or a string with a prefix (`e'…'`, `b'…'`, `x'…'`, `u&'…'`, `n'…'`).
fn word_at(text: &str) -> (Kind, usize) {
    let length = run_length(Some(text), |c| c.is_alphanumeric() || c == '_' || c == '$');
    let (word, rest) = text.split_at_checked(length).unwrap_or((text, ""));
    if rest.starts_with('\'')
        && ["e", "b", "x", "n"]
            .iter()
            .any(|p| word.eq_ignore_ascii_case(p))
    {
        let escapes = word.eq_ignore_ascii_case("e");
        return (Kind::Text, string_length(text, length, escapes));
    }
    if rest.starts_with("&'") && word.eq_ignore_ascii_case("u") {
        return (Kind::Text, string_length(text, length + 1, false));
    }
    (Kind::Word, length)
}

/// Returns the length of a string up to its closing quote; `at` is its opening one.
fn string_length(text: &str, at: usize, escapes: bool) -> usize {
    let mut letters = text
        .char_indices()
        .skip_while(|(index, _)| *index <= at)
        .peekable();
    while let Some((index, letter)) = letters.next() {
        if letter == '\\' && escapes {
            letters.next();
        } else if letter == '\'' && letters.next_if(|(_, next)| *next == '\'').is_none() {
            return index + 1;
        }
    }
    text.len()
}

fn quoted_length(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((index, letter)) = letters.next() {
        if letter == '"' && letters.next_if(|(_, next)| *next == '"').is_none() {
            return index + 1;
        }
    }
    text.len()
}

/// Returns the length of a dollar-quoted string; none for a parameter such as `$1`.
fn dollar_length(text: &str) -> Option<usize> {
    let name = run_length(text.get(1..), |c| c.is_alphanumeric() || c == '_');
    let tag = text.get(..name + 2)?;
    if !tag.ends_with('$') || tag.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let body = text.get(tag.len()..)?;
    Some(
        body.find(tag)
            .map_or(text.len(), |at| tag.len() + at + tag.len()),
    )
}

/// Returns the length of a number: digits, at most one fraction (but not the `..` of a range) and an exponent.
fn number_length(text: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut length = run_length(Some(text), is_part);
    let rest = text.get(length..).unwrap_or_default();
    if rest.starts_with('.') && !rest.starts_with("..") {
        length += 1 + run_length(rest.get(1..), is_part);
    }
    let ends_in_exponent = text
        .get(..length)
        .is_some_and(|number| number.ends_with(['e', 'E']) && !number.starts_with("0x"));
    let rest = text.get(length..).unwrap_or_default();
    if ends_in_exponent && rest.starts_with(['+', '-']) {
        length += 1 + run_length(rest.get(1..), |c| c.is_ascii_digit());
    }
    length
}

fn punctuation_length(text: &str) -> usize {
    let pairs = ["::", ":=", ".."];
    if pairs.iter().any(|pair| text.starts_with(pair)) {
        2
    } else {
        1
    }
}

/// Returns the length of an operator by Postgres' rule: the longest run without the beginning of a comment, which ends
/// in `+` or `-` only if it has one of the characters that no SQL operator has.
fn operator_length(text: &str) -> usize {
    let mut length = run_length(Some(text), |c| OPERATOR.contains(c));
    let run = text.get(..length).unwrap_or_default();
    for comment in ["--", "/*"] {
        if let Some(at) = run.find(comment) {
            length = length.min(at);
        }
    }
    let run = text.get(..length).unwrap_or_default();
    if !run.contains(|c| "~!@#%^&|`?".contains(c)) {
        let kept = run.trim_end_matches(['+', '-']).len();
        length = kept.max(1);
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_blanks_are_dropped() {
        assert_eq!(
            texts("a -- and b\n and /* or /* nested */ c */ d"),
            ["a", "and", "d"]
        );
    }

    #[test]
    fn strings_are_one_token() {
        assert_eq!(
            texts("x = 'a '' and b' and e'it\\'s' || $q$ or $1 $q$ || $$;$$ || $1"),
            [
                "x",
                "=",
                "'a '' and b'",
                "and",
                "e'it\\'s'",
                "||",
                "$q$ or $1 $q$",
                "||",
                "$$;$$",
                "||",
                "$1"
            ]
        );
    }

    #[test]
    fn operators_end_as_in_postgres() {
        assert_eq!(
            texts("a<=-1 and b->>'k'<>c::text and d:=1..3 and 1e-3@>x--"),
            [
                "a", "<=", "-", "1", "and", "b", "->>", "'k'", "<>", "c", "::", "text", "and", "d",
                ":=", "1", "..", "3", "and", "1e-3", "@>", "x"
            ]
        );
    }

    #[test]
    fn names_after_dots_or_quoted_are_no_keywords() {
        let found = tokens("o.limit and \"limit\" limit");
        let keywords: Vec<usize> = found
            .iter()
            .filter(|token| token.is("limit"))
            .map(|token| token.start)
            .collect();
        assert_eq!(keywords, [20]);
    }

    #[test]
    fn normalized_text_has_single_spaces_and_no_comments() {
        assert_eq!(
            normalized("a  =\n -- why\n  b and  f( c )"),
            "a = b and f( c )"
        );
    }
}
