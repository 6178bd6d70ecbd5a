//! Bounds on a template's source, checked before the recursive parser sees it.
//!
//! The parser, the code generator and the release of the parsed tree recurse once per nested bracket,
//! sign, operator, filter and block. The bounds keep that recursion far below the stack of the thread
//! that evaluates (see [`super::guard`]).
//!
//! The source is also changed: wherever a value can have grown (behind literals, calls and filters, and
//! on the right of `set`) the filter [`BOUNDED`] is inserted, which refuses values that are too deep or
//! too large when written out. Operators that would multiply lists get [`NUMERIC`].

use super::error::Error;
use super::tokens::{self, Kind, Tag, TagKind, Token};

/// The longest source of one template.
const MAX_TEMPLATE_BYTES: usize = 64 * 1024;
const MAX_TOKENS: usize = 8_000;
/// Tokens of one tag: a chain of operators or filters is at most that deep.
const MAX_TAG_TOKENS: usize = 800;
/// Brackets within brackets.
const MAX_BRACKETS: usize = 32;
/// Blocks within blocks, and branches of one chain of `elif`.
const MAX_BLOCKS: usize = 32;
const MAX_BRANCHES: usize = 100;
/// Signs and `not` before one operand.
const MAX_PREFIXES: usize = 8;

/// Passes a value through if it is neither too deep nor too large.
pub(super) const BOUNDED: &str = "goalpost_bounded";
/// Passes a value through if it may be assigned to a field of a `namespace()`.
pub(super) const ASSIGNED: &str = "goalpost_assigned";
/// Passes an operand of `*` through if it is not a list.
pub(super) const NUMERIC: &str = "goalpost_numeric";

/// Returns the source with its guards, for the template parser.
pub(super) fn guarded_template(source: &str) -> Result<String, Error> {
    check_length(source)?;
    let tags = tokens::tags(source, MAX_TOKENS)?;
    check_blocks(&tags)?;
    let mut insertions = Vec::new();
    for tag in &tags {
        check_tag(tag)?;
        insert_guards(tag, &mut insertions);
    }
    Ok(inserted(source, insertions))
}

/// Returns the expression with its guards, for the template parser.
pub(super) fn guarded_expression(source: &str) -> Result<String, Error> {
    check_length(source)?;
    let tag = tokens::expression(source, MAX_TOKENS)?;
    check_tag(&tag)?;
    let mut insertions = Vec::new();
    insert_guards(&tag, &mut insertions);
    Ok(inserted(source, insertions))
}

fn check_length(source: &str) -> Result<(), Error> {
    if source.len() > MAX_TEMPLATE_BYTES {
        return Err(Error::TooComplex("it is longer than 65536 bytes"));
    }
    Ok(())
}

fn check_blocks(tags: &[Tag<'_>]) -> Result<(), Error> {
    let mut depth = 0_usize;
    let mut branches = 0_usize;
    for tag in tags.iter().filter(|tag| tag.kind == TagKind::Block) {
        let name = tag.tokens.first().map_or("", |token| token.text);
        match name {
            "for"
                if tag
                    .tokens
                    .last()
                    .is_some_and(|token| token.text == "recursive") =>
            {
                return Err(Error::TooComplex("loops cannot be recursive"));
            }
            "elif" => branches += 1,
            "for" | "if" | "with" | "filter" | "autoescape" | "macro" | "call" | "block" => {
                depth += 1
            }
            "set" if !has_assignment(tag) => depth += 1,
            name if name.starts_with("end") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_BLOCKS {
            return Err(Error::TooComplex("its blocks are nested too deeply"));
        }
        if branches > MAX_BRANCHES {
            return Err(Error::TooComplex("it has too many elif branches"));
        }
    }
    Ok(())
}

fn has_assignment(tag: &Tag<'_>) -> bool {
    assignment(&tag.tokens).is_some()
}

/// Returns the position of the `=` of a `set`; one within brackets belongs to an argument.
fn assignment(tokens: &[Token<'_>]) -> Option<usize> {
    let mut open = 0_i32;
    tokens.iter().position(|token| {
        match token.kind {
            Kind::Open => open += 1,
            Kind::Close => open -= 1,
            _ => {}
        }
        open == 0 && token.text == "=" && token.kind == Kind::Sign
    })
}

fn check_tag(tag: &Tag<'_>) -> Result<(), Error> {
    if tag.tokens.len() > MAX_TAG_TOKENS {
        return Err(Error::TooComplex(
            "one of its expressions has too many parts",
        ));
    }
    let mut open = 0_usize;
    let mut prefixes = 0_usize;
    for token in &tag.tokens {
        match token.kind {
            Kind::Open => open += 1,
            Kind::Close => open = open.saturating_sub(1),
            _ => {}
        }
        let is_prefix = matches!(token.text, "-" | "+" | "not") && token.kind != Kind::Text;
        prefixes = if is_prefix { prefixes + 1 } else { 0 };
        if open > MAX_BRACKETS {
            return Err(Error::TooComplex("its brackets are nested too deeply"));
        }
        if prefixes > MAX_PREFIXES {
            return Err(Error::TooComplex("it has too many signs before one value"));
        }
        if token.kind == Kind::Name && [BOUNDED, ASSIGNED, NUMERIC].contains(&token.text) {
            return Err(Error::Syntax(format!("`{}` is reserved", token.text)));
        }
    }
    Ok(())
}

/// A text to insert at a position of the source.
type Insertion = (usize, &'static str);

fn inserted(source: &str, insertions: Vec<Insertion>) -> String {
    let mut guarded = String::with_capacity(source.len() + insertions.len() * 20);
    let mut done = 0;
    for (place, text) in insertions {
        guarded.push_str(source.get(done..place).unwrap_or_default());
        guarded.push_str(text);
        done = place;
    }
    guarded.push_str(source.get(done..).unwrap_or_default());
    guarded
}

const BOUND: &str = "|goalpost_bounded";
const NUMBER: &str = "|goalpost_numeric";

fn insert_guards(tag: &Tag<'_>, insertions: &mut Vec<Insertion>) {
    let tokens = tag.tokens.as_slice();
    let block = match (tag.kind, tokens.first()) {
        (TagKind::Block, Some(first)) => first.text,
        _ => "",
    };
    let start = first_of_expression(block, tokens);
    let assigns = block == "set" && start > 0 && start < tokens.len();
    if assigns && let Some(sign) = tokens.get(start - 1) {
        insertions.push((sign.end, "("));
    }
    let mut multiplied = vec![false];
    let mut previous: Option<&Token<'_>> = tokens.get(start.wrapping_sub(1));
    for (position, token) in tokens.iter().enumerate().skip(start) {
        let next = tokens.get(position + 1);
        match token.kind {
            Kind::Open => multiplied.push(false),
            Kind::Close if multiplied.len() > 1 => {
                multiplied.pop();
            }
            Kind::Sign => note_sign(token, previous, &mut multiplied),
            _ => {}
        }
        if let Some(guard) = guard_behind(token, previous, next, &multiplied) {
            insertions.push((token.end, guard));
        }
        if is_word_operator(token)
            && let Some(flag) = multiplied.last_mut()
        {
            *flag = false;
        }
        previous = Some(token);
    }
    if assigns && let Some(last) = tokens.last() {
        let field = tokens.iter().take(start).any(|token| token.text == ".");
        let guard = if field {
            ")|goalpost_assigned"
        } else {
            ")|goalpost_bounded"
        };
        insertions.push((last.end, guard));
    }
}

/// Returns the position of the first token that belongs to an expression and not to a keyword or a target.
fn first_of_expression(block: &str, tokens: &[Token<'_>]) -> usize {
    let keyword = match block {
        "" => return 0,
        "for" => tokens
            .iter()
            .position(|token| token.kind == Kind::Name && token.text == "in"),
        "set" => assignment(tokens),
        _ => Some(0),
    };
    keyword.map_or(tokens.len(), |position| position + 1)
}

fn note_sign(token: &Token<'_>, previous: Option<&Token<'_>>, multiplied: &mut [bool]) {
    let Some(flag) = multiplied.last_mut() else {
        return;
    };
    match token.text {
        // Behind an opening bracket or a comma it spreads a list over arguments.
        "*" if previous.is_some_and(|token| token.kind != Kind::Open && token.text != ",") => {
            *flag = true
        }
        "-" | "+" if !previous.is_some_and(ends_operand) => {}
        "." | "|" => {}
        _ => *flag = false,
    }
}

/// Returns the guard that belongs behind a token, if it ends an operand.
fn guard_behind(
    token: &Token<'_>,
    previous: Option<&Token<'_>>,
    next: Option<&Token<'_>>,
    multiplied: &[bool],
) -> Option<&'static str> {
    let follows = next.map_or("", |next| {
        if next.kind == Kind::Text {
            ""
        } else {
            next.text
        }
    });
    // The operand goes on, or the token is a target or the name of an argument.
    if !ends_operand(token) || matches!(follows, "." | "[" | "(" | "=") {
        return None;
    }
    let behind_pipe = previous.is_some_and(|token| token.text == "|" && token.kind == Kind::Sign);
    let behind_is = previous
        .is_some_and(|token| matches!(token.text, "is" | "not") && token.kind == Kind::Name);
    let is_last = !matches!(follows, "|" | "is");
    if is_last && !behind_is && (follows == "*" || multiplied.last() == Some(&true)) {
        return Some(NUMBER);
    }
    let has_grown = behind_pipe || token.kind == Kind::Close;
    has_grown.then_some(BOUND)
}

fn ends_operand(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Name => !is_word_operator(token),
        Kind::Number | Kind::Text | Kind::Close => true,
        Kind::Open | Kind::Sign => false,
    }
}

fn is_word_operator(token: &Token<'_>) -> bool {
    token.kind == Kind::Name
        && matches!(
            token.text,
            "and" | "or" | "not" | "in" | "is" | "if" | "else" | "recursive"
        )
}
