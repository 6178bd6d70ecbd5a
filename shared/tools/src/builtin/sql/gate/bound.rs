//! Bounds the operands of operations that compare every part of one value with every part of another.
//!
//! Postgres does not check for interrupts meanwhile, so with two large values neither a time limit nor an operator ends
//! the query. The database refuses such a call (`goalpost_private.size_problem`, with the same list) unless one operand
//! is a short literal or all pass through `goalpost_private.bounded`, which refuses large values; the gate inserts that
//! call. In the same way it counts the values that aggregates collect, whose state no setting bounds.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, Statement, Value, VisitMut, VisitorMut,
};

use super::name::plain_name;

/// The schema of the function that returns small values and refuses others.
pub(super) const SCHEMA: &str = "goalpost_private";
const BOUNDED: &str = "bounded";
const COLLECTED: &str = "collected";

/// Returns true for the functions of this file.
pub(super) fn is_ours(word: &str) -> bool {
    word == BOUNDED || word == COLLECTED
}

/// Functions that compare their first two arguments.
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

/// Functions that compare parts of one argument with each other.
const EACH: &[&str] = &[
    "jsonb_path_exists",
    "jsonb_path_query",
    "jsonb_path_query_array",
    "jsonb_path_query_first",
    "ts_rank",
];

/// Aggregates whose state grows with every value: their input is counted (`goalpost_private.collected`).
const COLLECTING: &[&str] = &[
    "array_agg",
    "json_agg",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_object_agg",
    "string_agg",
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
    if COLLECTING.contains(&name.as_str()) {
        collect(list);
        return;
    }
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

/// Wraps the values of an aggregate, and where they are ordered by themselves the order too: of DISTINCT values Postgres
/// takes no other.
fn collect(list: &mut FunctionArgumentList) {
    let mut wrapped = Vec::new();
    for (place, argument) in list.args.iter_mut().enumerate() {
        let (FunctionArg::Named { arg, .. } | FunctionArg::Unnamed(arg)) = argument else {
            continue;
        };
        let FunctionArgExpr::Expr(value) = arg else {
            continue;
        };
        if is_wrapped(value) || (place > 0 && is_literal(value)) {
            continue;
        }
        let before = value.clone();
        if matches!(&before, Expr::Value(value) if !matches!(value.value, Value::Number(..) | Value::Boolean(_)))
        {
            // A text without a type of its own cannot be passed through.
            let inner = std::mem::replace(value, Expr::Identifier(Ident::new(COLLECTED)));
            *value = Expr::Cast {
                kind: CastKind::DoubleColon,
                expr: Box::new(inner),
                data_type: DataType::Text,
                format: None,
            };
        }
        wrap(value, COLLECTED);
        wrapped.push((before, value.clone()));
    }
    for clause in &mut list.clauses {
        let FunctionArgumentClause::OrderBy(orders) = clause else {
            continue;
        };
        for order in orders {
            if let Some((_, value)) = wrapped.iter().find(|(before, _)| *before == order.expr) {
                order.expr = value.clone();
            }
        }
    }
}

/// Wraps two operands unless one is small: the other may have any size then.
fn pair(first: &mut Expr, second: &mut Expr) {
    if !is_small(first) && !is_small(second) {
        each(first);
        each(second);
    }
}

fn each(value: &mut Expr) {
    if !is_literal(value) && !is_wrapped(value) {
        wrap(value, BOUNDED);
    }
}

fn wrap(value: &mut Expr, function: &str) {
    let inner = std::mem::replace(value, Expr::Identifier(Ident::new(function)));
    let word = |word| ObjectNamePart::Identifier(Ident::new(word));
    *value = Expr::Function(Function {
        name: ObjectName(vec![word(SCHEMA), word(function)]),
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

/// Returns true for a wrapped value, so that a checked query passes unchanged.
fn is_wrapped(value: &Expr) -> bool {
    matches!(value, Expr::Function(call)
        if plain_name(&call.name).is_some_and(|words| matches!(words.as_slice(), [schema, word] if schema == SCHEMA && is_ours(word))))
}

fn is_small(value: &Expr) -> bool {
    is_literal(value) && value.to_string().chars().count() <= MAX_LITERAL_CHARS
}

/// Returns true for a text without a type of its own, which cannot be wrapped; a query bounds its length.
fn is_literal(value: &Expr) -> bool {
    match value {
        Expr::Value(_) | Expr::TypedString(_) => true,
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => is_literal(inner),
        Expr::Array(array) => array.elem.len() <= MAX_ELEMENTS && array.elem.iter().all(is_literal),
        _ => false,
    }
}
