//! Splits text into tokens. Commas stay tokens here: only the position decides whether one separates thousands.

use rust_decimal::Decimal;

use super::error::Error;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(Decimal),
    Name(String),
    Symbol(char),
}

/// Reads an expression into tokens, thousands separators resolved.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    let mut found = Vec::new();
    let mut rest = text;
    // One entry per open parenthesis: whether it belongs to a function.
    let mut calls = Vec::new();
    while let Some(letter) = rest.chars().next() {
        if letter.is_ascii_digit() || letter == '.' {
            let inside_call = calls.last().copied().unwrap_or(false);
            let length = number_length(rest, inside_call);
            let (digits, after) = rest.split_at(length);
            found.push(Token::Number(parse(&digits.replace(',', ""))?));
            rest = after;
            continue;
        }
        if letter.is_ascii_alphabetic() {
            let length = rest
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(rest.len());
            let (name, after) = rest.split_at(length);
            found.push(Token::Name(name.to_ascii_lowercase()));
            rest = after;
            continue;
        }
        match letter {
            '(' => calls.push(matches!(found.last(), Some(Token::Name(name)) if name != "of")),
            ')' => drop(calls.pop()),
            _ => {}
        }
        if let Some(symbol) = symbol(letter)? {
            found.push(Token::Symbol(symbol));
        }
        rest = rest.strip_prefix(letter).unwrap_or_default();
    }
    Ok(found)
}

/// Returns the operator that a character stands for; none for a space.
fn symbol(letter: char) -> Result<Option<char>, Error> {
    match letter {
        _ if letter.is_whitespace() => Ok(None),
        '+' | '-' | '*' | '/' | '%' | '^' | '(' | ')' | ',' => Ok(Some(letter)),
        '×' | '·' => Ok(Some('*')),
        '÷' | ':' => Ok(Some('/')),
        '−' | '–' => Ok(Some('-')),
        _ => Err(Error::Syntax(format!("`{letter}` is not expected"))),
    }
}

/// Returns how many bytes from the start are one number.
fn number_length(text: &str, inside_call: bool) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(text);
    if !inside_call && (1..=3).contains(&length) {
        while let Some(group) = text.get(length..).and_then(|rest| rest.strip_prefix(',')) {
            if digits(group) != 3 {
                break;
            }
            length += 4;
        }
    }
    if let Some(fraction) = text.get(length..).and_then(|rest| rest.strip_prefix('.')) {
        length += 1 + digits(fraction);
    }
    length
}

fn parse(digits: &str) -> Result<Decimal, Error> {
    if !digits.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(Error::Syntax("a point without digits".into()));
    }
    let digits = if digits.starts_with('.') {
        format!("0{digits}")
    } else {
        digits.to_owned()
    };
    digits
        .trim_end_matches('.')
        .parse()
        .map_err(|_| Error::TooLarge)
}
