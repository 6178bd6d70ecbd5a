//! Expressions: the forms, calls, casts and operators that may stand in a query.

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, FunctionArgumentClause, FunctionArguments, Ident,
};

use super::clause::argument;
use super::name::plain_name;
use super::rules::Gate;
use super::step::Step;
use crate::builtin::sql::types;

/// Words that Postgres reads as a call although they have the form of a column.
const CALLS_WITHOUT_PARENTHESES: &[&str] = &[
    "current_catalog",
    "current_role",
    "current_schema",
    "current_user",
    "session_user",
    "system_user",
    "user",
];

impl Gate<'_> {
    fn call(&self, call: &sqlparser::ast::Function) -> Step {
        self.function(&call.name)?;
        if call.uses_odbc_syntax || call.parameters != FunctionArguments::None {
            return Err(format!(
                "this way of calling `{}` is not allowed",
                call.name
            ));
        }
        match &call.args {
            FunctionArguments::None => Ok(()),
            // `array(select …)`; any other function takes a subquery in its own parentheses.
            FunctionArguments::Subquery(_) => {
                let is_array = plain_name(&call.name).is_some_and(|name| name == ["array"]);
                if is_array {
                    Ok(())
                } else {
                    Err("put the subquery in its own parentheses".into())
                }
            }
            FunctionArguments::List(list) => {
                list.args.iter().try_for_each(argument)?;
                let orders = |clause: &FunctionArgumentClause| {
                    matches!(clause, FunctionArgumentClause::OrderBy(_))
                };
                if list.clauses.iter().all(orders) {
                    return Ok(());
                }
                Err(format!(
                    "a clause in the call of `{}` is not allowed",
                    call.name
                ))
            }
        }
    }

    pub(super) fn cast(&self, data_type: &DataType) -> Step {
        if types::is_allowed(data_type)
            && (self.catalog_is_readable || !types::reveals_names(data_type))
        {
            return Ok(());
        }
        Err(format!(
            "a cast to `{data_type}` is not allowed; only to common built-in types"
        ))
    }

    pub(super) fn expression(&self, expression: &Expr) -> Step {
        match expression {
            Expr::Function(call) => self.call(call),
            Expr::Identifier(word) => identifier(word),
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                data_type,
                format: None,
                ..
            } => self.cast(data_type),
            Expr::TypedString(typed) if !typed.uses_odbc_syntax => self.cast(&typed.data_type),
            Expr::BinaryOp { op, .. } => operator(op),
            Expr::AnyOp { compare_op, .. } | Expr::AllOp { compare_op, .. } => operator(compare_op),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.function_rows.access(root, access_chain)
            }
            Expr::CompoundIdentifier(words) => self.function_rows.column(words),
            Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Like { any: false, .. }
            | Expr::ILike { any: false, .. }
            | Expr::SimilarTo { .. }
            | Expr::UnaryOp { .. }
            | Expr::AtTimeZone { .. }
            | Expr::Extract { .. }
            | Expr::Ceil { .. }
            | Expr::Floor { .. }
            | Expr::Position { .. }
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::Overlay { .. }
            | Expr::Collate { .. }
            | Expr::Nested(_)
            | Expr::Value(_)
            | Expr::Case { .. }
            | Expr::Exists { .. }
            | Expr::Subquery(_)
            | Expr::GroupingSets(_)
            | Expr::Cube(_)
            | Expr::Rollup(_)
            | Expr::Tuple(_)
            | Expr::Array(_)
            | Expr::Interval(_)
            | Expr::Wildcard(_)
            | Expr::QualifiedWildcard(..) => Ok(()),
            _ => Err(format!(
                "`{expression}` is a form of expression that is not allowed"
            )),
        }
    }
}

fn identifier(word: &Ident) -> Step {
    let lower = word.value.to_ascii_lowercase();
    if word.quote_style.is_none() && CALLS_WITHOUT_PARENTHESES.contains(&lower.as_str()) {
        return Err(format!("`{lower}` may not be used"));
    }
    Ok(())
}

/// Checks for operators of `pg_catalog`: `OPERATOR(schema.+)` and unknown ones may be a function of the project.
fn operator(operator: &BinaryOperator) -> Step {
    match operator {
        BinaryOperator::Custom(_)
        | BinaryOperator::PGCustomBinaryOperator(_)
        | BinaryOperator::Assignment
        | BinaryOperator::Spaceship
        | BinaryOperator::DuckIntegerDivide
        | BinaryOperator::MyIntegerDivide
        | BinaryOperator::Match
        | BinaryOperator::Regexp
        | BinaryOperator::Glob
        | BinaryOperator::Xor => Err(format!("the operator `{operator}` is not allowed")),
        _ => Ok(()),
    }
}
