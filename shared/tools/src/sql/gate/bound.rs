//! Bounds the operands of what compares every part of one value with every part of another.
//!
//! Postgres does not look for interrupts meanwhile, so with two large values neither a time limit nor an operator ends
//! the query. The database refuses such a call (`goalpost_private.size_problem`, with the same list) unless one operand is a short
//! literal or all pass through `goalpost_private.bounded`, which refuses large values; the gate puts it there.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, Statement, VisitMut, VisitorMut,
};

use super::plain_name;

/// The function that returns small values and refuses others.
pub(super) const SCHEMA: &str = "goalpost_private";
pub(super) const FUNCTION: &str = "bounded";

/// Compare their first two arguments.
const PAIR: &[&str] = &[
    "btrim",
    "ltrim",
    "replace",
    "rtrim",
    "split_part",
    "string_to_array",
    "strpos",
    "translate",
];

/// Compare parts of one argument with each other.
const EACH: &[&str] = &[
    "jsonb_path_exists",
    "jsonb_path_query",
    "jsonb_path_query_array",
    "jsonb_path_query_first",
    "ts_rank",
];

/// A literal of at most so many characters, or an array of so many elements, is small.
const MAX_LITERAL_CHARS: usize = 1_000;
const MAX_ELEMENTS: usize = 30;

/// Wraps the operands that are not small, after the checks and before the query is printed.
pub(super) fn operands(statement: &mut Statement) {
    // Never breaks off: the visitor below has nothing to refuse.
    let _: ControlFlow<()> = VisitMut::visit(statement, &mut Bound);
}

struct Bound;

impl VisitorMut for Bound {
    type Break = ();

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        match expression {
            Expr::BinaryOp {
                left,
                op: BinaryOperator::AtArrow | BinaryOperator::ArrowAt | BinaryOperator::PGOverlap,
                right,
            } => pair(left, right),
            Expr::BinaryOp {
                left,
                op: BinaryOperator::AtQuestion,
                ..
            } => each(left),
            Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => {
                pair(expr, pattern);
            }
            Expr::Position { expr, r#in } => pair(expr, r#in),
            Expr::Trim {
                expr,
                trim_what: Some(letters),
                ..
            } => pair(expr, letters),
            Expr::Function(call) => arguments(call),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn arguments(call: &mut Function) {
    let Some(name) = plain_name(&call.name).and_then(|mut words| words.pop()) else {
        return;
    };
    let FunctionArguments::List(list) = &mut call.args else {
        return;
    };
    let mut values = list.args.iter_mut().filter_map(|argument| match argument {
        FunctionArg::Named { arg, .. } | FunctionArg::Unnamed(arg) => match arg {
            FunctionArgExpr::Expr(value) => Some(value),
            _ => None,
        },
        FunctionArg::ExprNamed { .. } => None,
    });
    if EACH.contains(&name.as_str()) {
        values.for_each(each);
    } else if PAIR.contains(&name.as_str())
        && let (Some(first), Some(second)) = (values.next(), values.next())
    {
        pair(first, second);
    }
}

/// One of two may have any size if the other is small.
fn pair(first: &mut Expr, second: &mut Expr) {
    if !is_small(first) && !is_small(second) {
        each(first);
        each(second);
    }
}

fn each(value: &mut Expr) {
    if is_literal(value) {
        return;
    }
    let inner = std::mem::replace(value, Expr::Identifier(Ident::new(FUNCTION)));
    let word = |word| ObjectNamePart::Identifier(Ident::new(word));
    *value = Expr::Function(Function {
        name: ObjectName(vec![word(SCHEMA), word(FUNCTION)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(inner))],
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    });
}

fn is_small(value: &Expr) -> bool {
    is_literal(value) && value.to_string().chars().count() <= MAX_LITERAL_CHARS
}

/// A text of no type of its own cannot be wrapped; a query bounds its length.
fn is_literal(value: &Expr) -> bool {
    match value {
        Expr::Value(_) | Expr::TypedString(_) => true,
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => is_literal(inner),
        Expr::Array(array) => array.elem.len() <= MAX_ELEMENTS && array.elem.iter().all(is_literal),
        _ => false,
    }
}
