//! Aligns the texts of several runs: what is equal in all of them, and what differs between them.

/// The longest text that is aligned, in tokens.
const MAX_TOKENS: usize = 1_500;

/// A part of aligned texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Equal in all texts; as the first one spells it.
    Constant(String),
    /// Different: one text per run, without quotation marks around it.
    Slot(Vec<String>),
}

/// Splits texts into constants and slots; none if a text is too long. White space counts as one space. Texts without a
/// common word are one slot.
pub(crate) fn align(texts: &[&str]) -> Option<Vec<Piece>> {
    let tokens: Vec<Vec<&str>> = texts.iter().map(|text| split(text)).collect();
    let first = tokens.first()?;
    if tokens.iter().any(|one| one.len() > MAX_TOKENS) {
        return None;
    }
    let mut common: Vec<&str> = first.clone();
    for other in tokens.iter().skip(1) {
        common = longest_common(&common, other);
    }
    if common.iter().all(|token| token.trim().is_empty()) && !first.is_empty() {
        let slot = texts.iter().map(|text| (*text).to_owned()).collect();
        return Some(vec![Piece::Slot(slot)]);
    }
    let gaps: Vec<Vec<String>> = tokens
        .iter()
        .map(|one| gaps_between(one, &common))
        .collect();
    let mut pieces = Vec::new();
    for place in 0..=common.len() {
        let slot: Vec<String> = gaps
            .iter()
            .map(|gaps| gaps.get(place).cloned().unwrap_or_default())
            .collect();
        if slot.iter().any(|text| !text.trim().is_empty()) {
            push_slot(&mut pieces, slot);
        }
        if let Some(token) = common.get(place) {
            push_constant(&mut pieces, token);
        }
    }
    Some(pieces)
}

/// Splits a text into tokens: quotations, templates, words with their numbers and dates, white space, single signs.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = template_length(rest)
            .or_else(|| month_length(rest))
            .or_else(|| quotation_length(rest, text.len() - rest.len(), text))
            .unwrap_or_else(|| plain_length(rest, letter));
        let (token, after) = rest.split_at(length.min(rest.len()));
        tokens.push(token);
        rest = after;
    }
    tokens
}

fn template_length(rest: &str) -> Option<usize> {
    let end = if rest.starts_with("{{") {
        "}}"
    } else if rest.starts_with("{%") {
        "%}"
    } else {
        return None;
    };
    rest.find(end).map(|place| place + end.len())
}

/// Returns the length of a month with its year, which is one value: "March 2026".
fn month_length(rest: &str) -> Option<usize> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let (name, after) = rest.split_at_checked(rest.find(' ')?)?;
    let year = after.get(1..5)?;
    let is_year = year.chars().all(|digit| digit.is_ascii_digit())
        && !after
            .get(5..)?
            .starts_with(|letter: char| letter.is_ascii_digit());
    let is_month = MONTHS.iter().any(|month| name.eq_ignore_ascii_case(month));
    (is_month && is_year).then(|| name.len() + 5)
}

/// Returns the length of a quotation that begins here. An apostrophe inside a word begins none.
fn quotation_length(rest: &str, start: usize, text: &str) -> Option<usize> {
    let mark = rest
        .chars()
        .next()
        .filter(|letter| matches!(letter, '\'' | '"'))?;
    let before = text.get(..start)?.chars().next_back();
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let inner = rest.get(1..)?;
    let end = inner.find(mark)?;
    let quoted = inner.get(..end)?;
    let after = inner.get(end + 1..)?.chars().next();
    let is_quotation = end > 0
        && end <= 200
        && !quoted.contains('\n')
        && !after.is_some_and(char::is_alphanumeric);
    is_quotation.then_some(end + 2)
}

fn plain_length(rest: &str, first: char) -> usize {
    if first.is_whitespace() {
        return rest
            .find(|letter: char| !letter.is_whitespace())
            .unwrap_or(rest.len());
    }
    if !is_word(first) {
        return first.len_utf8();
    }
    let letters: Vec<(usize, char)> = rest.char_indices().collect();
    let mut length = rest.len();
    for (number, (place, letter)) in letters.iter().enumerate() {
        let joins = matches!(letter, '-' | '.' | ':' | '@' | ',')
            && letters.get(number + 1).is_some_and(|(_, next)| {
                next.is_ascii_digit() || (*letter != ',' && is_word(*next))
            })
            && (*letter != ','
                || letters
                    .get(number.wrapping_sub(1))
                    .is_some_and(|(_, last)| last.is_ascii_digit()));
        if !is_word(*letter) && !joins {
            length = *place;
            break;
        }
    }
    length
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn same(left: &str, right: &str) -> bool {
    left == right || (left.trim().is_empty() && right.trim().is_empty())
}

/// Returns the longest common subsequence of two lists of tokens.
fn longest_common<'a>(left: &[&'a str], right: &[&str]) -> Vec<&'a str> {
    let width = right.len() + 1;
    let mut lengths = vec![0_u32; (left.len() + 1) * width];
    let at = |row: usize, column: usize| row * width + column;
    for (row, one) in left.iter().enumerate().rev() {
        for (column, other) in right.iter().enumerate().rev() {
            let length = if same(one, other) {
                lengths.get(at(row + 1, column + 1)).copied().unwrap_or(0) + 1
            } else {
                let below = lengths.get(at(row + 1, column)).copied().unwrap_or(0);
                below.max(lengths.get(at(row, column + 1)).copied().unwrap_or(0))
            };
            if let Some(cell) = lengths.get_mut(at(row, column)) {
                *cell = length;
            }
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut common = Vec::new();
    while let (Some(one), Some(other)) = (left.get(row), right.get(column)) {
        if same(one, other) {
            common.push(*one);
            row += 1;
            column += 1;
        } else if lengths.get(at(row + 1, column)) >= lengths.get(at(row, column + 1)) {
            row += 1;
        } else {
            column += 1;
        }
    }
    common
}

/// Returns the texts before, between and after the common tokens.
fn gaps_between(tokens: &[&str], common: &[&str]) -> Vec<String> {
    let mut gaps = vec![String::new()];
    let mut wanted = common.iter();
    let mut next = wanted.next();
    for token in tokens {
        match next {
            Some(one) if same(one, token) => {
                gaps.push(String::new());
                next = wanted.next();
            }
            _ => {
                if let Some(gap) = gaps.last_mut() {
                    gap.push_str(token);
                }
            }
        }
    }
    gaps
}

fn push_constant(pieces: &mut Vec<Piece>, token: &str) {
    match pieces.last_mut() {
        Some(Piece::Constant(text)) => text.push_str(token),
        _ => pieces.push(Piece::Constant(token.to_owned())),
    }
}

/// Adds a slot; quotation marks that all its texts have become constants.
fn push_slot(pieces: &mut Vec<Piece>, slot: Vec<String>) {
    let marks = slot
        .first()
        .and_then(|text| text.chars().next())
        .filter(|mark| matches!(mark, '\'' | '"'));
    let quoted = |text: &String, mark: char| {
        text.len() >= 2 && text.starts_with(mark) && text.ends_with(mark)
    };
    match marks.filter(|mark| slot.iter().all(|text| quoted(text, *mark))) {
        Some(mark) => {
            let inner = slot
                .iter()
                .map(|text| text.trim_matches(mark).to_owned())
                .collect();
            push_constant(pieces, &mark.to_string());
            pieces.push(Piece::Slot(inner));
            push_constant(pieces, &mark.to_string());
        }
        None => pieces.push(Piece::Slot(slot)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn constant(text: &str) -> Piece {
        Piece::Constant(text.to_owned())
    }

    fn slot(texts: &[&str]) -> Piece {
        Piece::Slot(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn literals_of_queries_become_slots() {
        let texts = [
            "select count(*) from shop.orders o where o.status = 'paid' and o.day >= '2026-03-01' limit 5",
            "select count(*) from shop.orders o where o.status = 'open' and o.day >= '2026-04-01' limit 7",
        ];
        let pieces = align(&texts).unwrap();
        assert_eq!(
            pieces,
            vec![
                constant("select count(*) from shop.orders o where o.status = '"),
                slot(&["paid", "open"]),
                constant("' and o.day >= '"),
                slot(&["2026-03-01", "2026-04-01"]),
                constant("' limit "),
                slot(&["5", "7"]),
            ]
        );
    }

    #[test]
    fn white_space_and_templates_are_single_tokens() {
        let texts = ["a  {{ steps.x.n }} b", "a {{ steps.x.n }}\nb"];
        assert_eq!(
            align(&texts).unwrap(),
            vec![constant("a  {{ steps.x.n }} b")]
        );
        assert_eq!(
            split("in March 2026, may 12"),
            vec!["in", " ", "March 2026", ",", " ", "may", " ", "12"]
        );
        assert_eq!(
            split("don't 'it is' 1,250.50 mia@x.org"),
            vec![
                "don",
                "'",
                "t",
                " ",
                "'it is'",
                " ",
                "1,250.50",
                " ",
                "mia@x.org"
            ]
        );
    }

    #[test]
    fn texts_without_a_common_word_are_one_slot() {
        assert_eq!(
            align(&["north", "south"]).unwrap(),
            vec![slot(&["north", "south"])]
        );
        assert_eq!(align(&["same", "same"]).unwrap(), vec![constant("same")]);
    }
}
