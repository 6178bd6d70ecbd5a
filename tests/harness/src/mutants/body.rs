//! Structure of a function body as far as mutations need it: the tokens of each level of parentheses or `case`, the
//! clauses of a level, and which of them are conditions.
//!
//! This is no parser of SQL. It relies on Postgres having accepted the text, and cuts every level at the keywords that
//! no boolean expression contains. The tokens between two cuts are a [`Segment`].

use std::ops::Range;

use super::lexer::{Kind, Token, tokens};

/// Context of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Starter {
    /// `where`, `on` of a join, `having`: filters rows.
    Filter,
    /// `if`, `elsif`, `while`, `when` of a searched `case`, of `exit` or of `continue`: chooses what runs.
    Branch,
    /// `return` or the first `select`, in a function that returns a boolean.
    Result,
    /// Anything else: an expression in a list, an assignment, an argument.
    Other,
}

/// Tokens of one level between two cuts. A bracket or `case` inside it represents its whole content.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) starter: Starter,
    /// Positions in [`Body::tokens`], in order; never empty.
    pub(super) members: Vec<usize>,
}

/// An `if` statement of PL/pgSQL.
#[derive(Debug, Clone, Copy)]
pub(super) struct If {
    /// Position of its `if`.
    pub(super) start: usize,
    /// Position of its `end`.
    pub(super) end: usize,
    /// True if it has an `else` or an `elsif`.
    pub(super) has_other: bool,
}

/// Function body with its levels.
#[derive(Debug)]
pub(super) struct Body<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) ifs: Vec<If>,
    levels: Vec<Level>,
    /// True for every token that opens or closes a bracket or a `case` expression, since it belongs to an operand.
    is_operand: Vec<bool>,
    returns_boolean: bool,
    is_plpgsql: bool,
}

#[derive(Debug, Default)]
struct Level {
    members: Vec<usize>,
    /// For a `case`: true if its `when`s are conditions. None for brackets and the body itself.
    is_searched_case: Option<bool>,
    is_top: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Bracket(usize),
    Case(usize),
    If {
        start: usize,
        has_other: bool,
    },
    /// `loop` or `begin`: has an `end` of its own.
    Block,
}

/// Keywords that no boolean expression contains at its own level.
const CUTS: [&str; 54] = [
    "as",
    "begin",
    "by",
    "case",
    "conflict",
    "continue",
    "cross",
    "declare",
    "default",
    "do",
    "else",
    "elseif",
    "elsif",
    "end",
    "except",
    "exception",
    "execute",
    "exit",
    "fetch",
    "for",
    "foreach",
    "from",
    "full",
    "group",
    "having",
    "if",
    "inner",
    "insert",
    "intersect",
    "into",
    "join",
    "left",
    "limit",
    "loop",
    "natural",
    "offset",
    "on",
    "order",
    "perform",
    "raise",
    "return",
    "returning",
    "right",
    "select",
    "set",
    "then",
    "union",
    "update",
    "using",
    "values",
    "when",
    "where",
    "while",
    "window",
];

impl<'a> Body<'a> {
    /// Reads a body. `returns_boolean` is a property of its function.
    pub(super) fn read(text: &'a str, is_plpgsql: bool, returns_boolean: bool) -> Self {
        let tokens = tokens(text);
        let mut body = Self {
            text,
            is_operand: vec![false; tokens.len()],
            ifs: Vec::new(),
            levels: vec![Level {
                is_top: true,
                ..Level::default()
            }],
            tokens,
            returns_boolean,
            is_plpgsql,
        };
        body.read_levels();
        body
    }

    /// Returns the token at a position.
    pub(super) fn token(&self, at: usize) -> Option<&Token<'a>> {
        self.tokens.get(at)
    }

    /// Returns true if this keyword stands at this position.
    pub(super) fn is(&self, at: Option<usize>, word: &str) -> bool {
        at.and_then(|at| self.tokens.get(at))
            .is_some_and(|token| token.is(word))
    }

    /// Returns the byte range of these positions.
    pub(super) fn span(&self, members: &[usize]) -> Range<usize> {
        let start = members.first().and_then(|at| self.tokens.get(*at));
        let end = members.last().and_then(|at| self.tokens.get(*at));
        start.map_or(0, |token| token.start)..end.map_or(0, Token::end)
    }

    /// Returns the text of these bytes.
    pub(super) fn text_of(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// Returns the position of the `;` that ends the statement of this token, or the end.
    pub(super) fn statement_end(&self, from: usize) -> usize {
        self.tokens
            .iter()
            .enumerate()
            .skip(from)
            .find(|(_, token)| token.is_symbol(";"))
            .map_or(self.tokens.len(), |(at, _)| at)
    }

    /// Returns true if a statement of PL/pgSQL may begin at this position.
    pub(super) fn begins_statement(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).and_then(|at| self.tokens.get(at)) else {
            return true;
        };
        before.is_symbol(";")
            || before.is_symbol(">>")
            || before.is_one_of(&["then", "else", "loop", "begin"])
    }

    /// Returns all segments of all levels.
    pub(super) fn segments(&self) -> Vec<Segment> {
        self.levels
            .iter()
            .flat_map(|level| self.cut(level))
            .collect()
    }

    fn read_levels(&mut self) {
        let mut frames: Vec<Frame> = Vec::new();
        for at in 0..self.tokens.len() {
            let Some(token) = self.tokens.get(at).copied() else {
                break;
            };
            if token.kind == Kind::Close || token.is("end") {
                self.close(at, token.kind == Kind::Close, &mut frames);
                continue;
            }
            self.add(at, &frames);
            self.open(at, token, &mut frames);
        }
    }

    fn open(&mut self, at: usize, token: Token<'a>, frames: &mut Vec<Frame>) {
        let follows_end = at
            .checked_sub(1)
            .is_some_and(|before| self.is(Some(before), "end"));
        if token.kind == Kind::Open {
            frames.push(Frame::Bracket(self.new_level(None)));
            self.mark(at);
        } else if token.is("case") && !follows_end {
            let is_searched = self.is(Some(at + 1), "when");
            frames.push(Frame::Case(self.new_level(Some(is_searched))));
            self.mark(at);
        } else if self.is_plpgsql && !follows_end {
            if token.is("if") && self.begins_statement(at) {
                frames.push(Frame::If {
                    start: at,
                    has_other: false,
                });
            } else if token.is_one_of(&["else", "elsif", "elseif"]) {
                if let Some(Frame::If { has_other, .. }) = frames.last_mut() {
                    *has_other = true;
                }
            } else if token.is_one_of(&["loop", "begin"]) {
                frames.push(Frame::Block);
            }
        }
    }

    fn close(&mut self, at: usize, is_bracket: bool, frames: &mut Vec<Frame>) {
        let closed = match frames.last() {
            Some(Frame::Bracket(_)) if is_bracket => frames.pop(),
            Some(Frame::Case(_) | Frame::If { .. } | Frame::Block) if !is_bracket => frames.pop(),
            _ => None,
        };
        match closed {
            Some(Frame::Bracket(_) | Frame::Case(_)) => self.mark(at),
            Some(Frame::If { start, has_other }) => self.ifs.push(If {
                start,
                end: at,
                has_other,
            }),
            _ => {}
        }
        self.add(at, frames);
    }

    fn new_level(&mut self, is_searched_case: Option<bool>) -> usize {
        self.levels.push(Level {
            is_searched_case,
            ..Level::default()
        });
        self.levels.len() - 1
    }

    fn mark(&mut self, at: usize) {
        if let Some(mark) = self.is_operand.get_mut(at) {
            *mark = true;
        }
    }

    fn add(&mut self, at: usize, frames: &[Frame]) {
        let level = frames.iter().rev().find_map(|frame| match frame {
            Frame::Bracket(level) | Frame::Case(level) => Some(*level),
            Frame::If { .. } | Frame::Block => None,
        });
        if let Some(level) = self.levels.get_mut(level.unwrap_or(0)) {
            level.members.push(at);
        }
    }

    fn cut(&self, level: &Level) -> Vec<Segment> {
        let mut segments = Vec::new();
        let mut keyword = None;
        let mut members: Vec<usize> = Vec::new();
        let mut is_first_select = true;
        for (place, at) in level.members.iter().enumerate() {
            if !self.is_cut(&level.members, place) {
                members.push(*at);
                continue;
            }
            self.end_segment(
                level,
                keyword,
                &mut members,
                &mut is_first_select,
                &mut segments,
            );
            keyword = Some(*at);
        }
        self.end_segment(
            level,
            keyword,
            &mut members,
            &mut is_first_select,
            &mut segments,
        );
        segments
    }

    fn end_segment(
        &self,
        level: &Level,
        keyword: Option<usize>,
        members: &mut Vec<usize>,
        is_first_select: &mut bool,
        segments: &mut Vec<Segment>,
    ) {
        if members.is_empty() {
            return;
        }
        let members = std::mem::take(members);
        let mut starter = self.starter(level, keyword, &members);
        if self.is(keyword, "select") {
            if !*is_first_select && starter == Starter::Result {
                starter = Starter::Other;
            }
            *is_first_select = false;
        }
        segments.push(Segment { starter, members });
    }

    fn starter(&self, level: &Level, keyword: Option<usize>, members: &[usize]) -> Starter {
        let Some(at) = keyword else {
            return Starter::Other;
        };
        let Some(token) = self.tokens.get(at) else {
            return Starter::Other;
        };
        let before = at.checked_sub(1);
        let after_members = members.last().map(|last| last + 1);
        if token.is_one_of(&["where", "having"]) {
            // `on conflict (…) where … do …` names an index.
            let names_index = self.is(after_members, "do");
            return if names_index {
                Starter::Other
            } else {
                Starter::Filter
            };
        }
        if token.is("on") && !self.is(before, "distinct") {
            return Starter::Filter;
        }
        let ends_in_then = self.is(after_members, "then");
        if token.is_one_of(&["if", "elsif", "elseif"]) && ends_in_then || token.is("while") {
            return Starter::Branch;
        }
        if token.is("when") {
            let is_statement = self.is(before, "exit") || self.is(before, "continue");
            let is_case = level.is_searched_case == Some(true) && ends_in_then;
            return if is_statement || is_case {
                Starter::Branch
            } else {
                Starter::Other
            };
        }
        let is_result = if self.is_plpgsql {
            token.is("return")
        } else {
            token.is("select")
        };
        if self.returns_boolean && level.is_top && is_result {
            return Starter::Result;
        }
        Starter::Other
    }

    fn is_cut(&self, members: &[usize], place: usize) -> bool {
        let Some(at) = members.get(place).copied() else {
            return false;
        };
        let Some(token) = self.tokens.get(at) else {
            return false;
        };
        if self.is_operand.get(at) == Some(&true) {
            return false;
        }
        if token.kind == Kind::Separator || token.is_symbol(":=") || token.is_symbol("=>") {
            return true;
        }
        if !token.is_one_of(&CUTS) {
            return false;
        }
        let before = place
            .checked_sub(1)
            .and_then(|place| members.get(place))
            .copied();
        if token.is("from") && self.is(before, "distinct") {
            let earlier = place
                .checked_sub(2)
                .and_then(|place| members.get(place))
                .copied();
            return !(self.is(earlier, "is") || self.is(earlier, "not"));
        }
        let is_call = self
            .tokens
            .get(at + 1)
            .is_some_and(|next| next.is_symbol("("));
        !(token.is_one_of(&["left", "right"]) && is_call)
    }
}
