//! Splits a template into the tokens of the template parser, without recursion.

use super::error::Error;

/// The kind of a token inside a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Number,
    Text,
    Open,
    Close,
    Sign,
}

/// A token and its place in the source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) end: usize,
}

/// The form of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagKind {
    Variable,
    Block,
}

/// The tokens between the braces of one tag.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    pub(super) kind: TagKind,
    pub(super) tokens: Vec<Token<'a>>,
}

/// Returns the tags of a template. Text after an unclosed tag or comment is left to the parser, which refuses it.
pub(super) fn tags(source: &str, max_tokens: usize) -> Result<Vec<Tag<'_>>, Error> {
    let mut tags = Vec::new();
    let mut left = max_tokens;
    let mut at = 0;
    while let Some((start, mark)) = next_mark(source, at) {
        let inner = start + 2;
        let kind = match mark {
            b'#' => {
                let Some(length) = rest(source, inner).find("#}") else {
                    break;
                };
                at = inner + length + 2;
                continue;
            }
            b'{' => TagKind::Variable,
            _ => TagKind::Block,
        };
        let (tokens, end) = tokens(source, inner, Some(kind), &mut left)?;
        at = end;
        let is_raw =
            kind == TagKind::Block && matches!(tokens.as_slice(), [only] if only.text == "raw");
        if is_raw {
            at = end_of_raw(source, at);
        }
        tags.push(Tag { kind, tokens });
    }
    Ok(tags)
}

/// Returns the tokens of a bare expression.
pub(super) fn expression(source: &str, max_tokens: usize) -> Result<Tag<'_>, Error> {
    let mut left = max_tokens;
    let (tokens, _) = tokens(source, 0, None, &mut left)?;
    let kind = TagKind::Variable;
    Ok(Tag { kind, tokens })
}

fn next_mark(source: &str, from: usize) -> Option<(usize, u8)> {
    let bytes = source.as_bytes();
    let pairs = bytes.get(from..)?.windows(2);
    pairs.enumerate().find_map(|(offset, pair)| match pair {
        [b'{', mark @ (b'{' | b'%' | b'#')] => Some((from + offset, *mark)),
        _ => None,
    })
}

/// Finds the end of the block whose content is not read as a template.
fn end_of_raw(source: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(offset) = rest(source, at).find("{%") {
        at += offset + 2;
        let inner = rest(source, at).trim_start_matches(['-', '+']).trim_start();
        let Some(inner) = inner.strip_prefix("endraw") else {
            continue;
        };
        let inner = inner.trim_start().trim_start_matches(['-', '+']);
        if let Some(after) = inner.strip_prefix("%}") {
            return source.len() - after.len();
        }
    }
    source.len()
}

/// Reads tokens up to the end of the tag, and returns them with the place behind it.
fn tokens<'a>(
    source: &'a str,
    from: usize,
    tag: Option<TagKind>,
    left: &mut usize,
) -> Result<(Vec<Token<'a>>, usize), Error> {
    let mut at = from;
    // The sign right behind the opening braces controls white space.
    if tag.is_some() && matches!(byte(source, at), Some(b'-' | b'+')) {
        at += 1;
    }
    let close = match tag {
        Some(TagKind::Block) => "%}",
        _ => "}}",
    };
    let mut found: Vec<Token<'a>> = Vec::new();
    let mut open = 0_i32;
    while let Some(first) = byte(source, at) {
        if first.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if open == 0 {
            let end = rest(source, at);
            let end = end.strip_prefix(['-', '+']).unwrap_or(end);
            if let Some(after) = end.strip_prefix(close) {
                return Ok((found, source.len() - after.len()));
            }
        }
        let (kind, length) = token(source, at, first);
        match first {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open -= 1,
            _ => {}
        }
        let text = source.get(at..at + length).unwrap_or_default();
        *left = left
            .checked_sub(1)
            .ok_or(Error::TooComplex("it has too many parts"))?;
        at += length;
        found.push(Token {
            kind,
            text,
            end: at,
        });
    }
    Ok((found, source.len()))
}

fn token(source: &str, at: usize, first: u8) -> (Kind, usize) {
    match first {
        b'\'' | b'"' => (Kind::Text, text_length(source, at, first)),
        b'0'..=b'9' => (Kind::Number, number_length(source, at)),
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
            let name = rest(source, at).bytes();
            let length = name.take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            (Kind::Name, length.count())
        }
        b'(' | b'[' | b'{' => (Kind::Open, 1),
        b')' | b']' | b'}' => (Kind::Close, 1),
        _ => {
            let two = rest(source, at).get(..2).unwrap_or_default();
            if ["//", "**", "==", "!=", ">=", "<="].contains(&two) {
                return (Kind::Sign, 2);
            }
            let length = rest(source, at).chars().next().map_or(1, char::len_utf8);
            (Kind::Sign, length)
        }
    }
}

/// Returns the length of a quoted text with its quotes, or of the rest if it has no end.
fn text_length(source: &str, at: usize, quote: u8) -> usize {
    let mut escaped = false;
    for (offset, byte) in rest(source, at).bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if byte == quote => return offset + 1,
            _ => {}
        }
    }
    source.len() - at
}

/// Returns the length of a number. Digits behind a dot belong to it; an exponent's sign does as well.
fn number_length(source: &str, at: usize) -> usize {
    let bytes = rest(source, at).as_bytes();
    let after_dot = at > 0 && byte(source, at - 1) == Some(b'.');
    let mut length = 0;
    let mut dotted = after_dot;
    while let Some(byte) = bytes.get(length) {
        let is_radix = bytes.first() == Some(&b'0')
            && matches!(bytes.get(1), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B'));
        match byte {
            b'0'..=b'9' | b'_' => {}
            b'x' | b'X' | b'o' | b'O' | b'b' | b'B' if length == 1 && is_radix => {}
            b'a'..=b'f' | b'A'..=b'F' if is_radix => {}
            b'e' | b'E' if !is_radix => {}
            b'+' | b'-' if !is_radix && matches!(bytes.get(length - 1), Some(b'e' | b'E')) => {}
            b'.' if !dotted && !is_radix => {
                let next = bytes.get(length + 1);
                if next.is_some_and(|next| next.is_ascii_alphabetic() || *next == b'_') {
                    break;
                }
                dotted = true;
            }
            _ => break,
        }
        length += 1;
    }
    length
}

fn rest(source: &str, at: usize) -> &str {
    source.get(at..).unwrap_or_default()
}

fn byte(source: &str, at: usize) -> Option<u8> {
    source.as_bytes().get(at).copied()
}
