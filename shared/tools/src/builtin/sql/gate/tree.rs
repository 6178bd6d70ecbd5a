//! The walk over the tree: statements, tables and functions. Clauses and expressions have their own files.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Select, Statement, TableFactor, Value, ValueWithSpan, Visit,
    Visitor,
};

use super::clause::{argument, query_is_plain, select_is_plain};
use super::field::FunctionRows;
use super::name::plain_name;
use super::rules::Gate;
use super::step::Step;

/// Relations that are refused even where `pg_catalog` is readable. Postgres guards them too.
const SECRET_RELATIONS: &[&str] = &[
    "pg_authid",
    "pg_config",
    "pg_file_settings",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_largeobject",
    "pg_settings",
    "pg_shadow",
    "pg_statistic",
    "pg_stat_activity",
    "pg_subscription",
    "pg_user_mapping",
    "pg_user_mappings",
];

impl Gate<'_> {
    pub(super) fn statement(&mut self, statement: &Statement) -> Step {
        self.function_rows = FunctionRows::of(statement);
        match statement.visit(self) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(reason) => Err(reason),
        }
    }

    fn relation(&self, name: &ObjectName) -> Step {
        let readable = |schema: &str| self.readable_schemas.iter().any(|known| known == schema);
        let (schema, table) = match plain_name(name).as_deref() {
            Some([table]) if table.starts_with("pg_") => ("pg_catalog".to_owned(), table.clone()),
            // Found on the search path, which holds readable schemas only, or a name from WITH.
            Some([_]) => return Ok(()),
            Some([schema, table]) => (schema.clone(), table.clone()),
            _ => return Err(format!("`{name}` is not a table of a readable schema")),
        };
        if !readable(&schema) {
            let list = self.readable_schemas.join(", ");
            return Err(format!(
                "schema `{schema}` may not be read; these may: {list}"
            ));
        }
        if SECRET_RELATIONS.contains(&table.as_str()) {
            return Err(format!("`{table}` may not be read"));
        }
        Ok(())
    }

    fn table_factor(&self, factor: &TableFactor) -> Step {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version: None,
                partitions,
                json_path: None,
                sample: None,
                index_hints,
                with_ordinality: _,
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                self.table_alias(alias.as_ref())?;
                match args {
                    None => self.relation(name),
                    Some(call) if call.settings.is_none() => {
                        call.args.iter().try_for_each(argument)?;
                        self.function(name)
                    }
                    Some(_) => Err("SETTINGS is not allowed".into()),
                }
            }
            TableFactor::Function {
                name,
                args,
                alias,
                lateral: _,
                with_ordinality: _,
            } => {
                self.table_alias(alias.as_ref())?;
                args.iter().try_for_each(argument)?;
                self.function(name)
            }
            TableFactor::Derived {
                sample: None,
                alias,
                ..
            }
            | TableFactor::NestedJoin { alias, .. }
            | TableFactor::UNNEST {
                alias,
                with_offset: false,
                ..
            } => self.table_alias(alias.as_ref()),
            _ => Err("this form of FROM is not allowed; use tables, subqueries and joins".into()),
        }
    }
}

impl Visitor for Gate<'_> {
    type Break = String;

    /// Checks the statement itself, and those inside WITH.
    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<String> {
        flow(if matches!(statement, Statement::Query(_)) {
            Ok(())
        } else {
            Err("only SELECT is allowed, also inside WITH".into())
        })
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        flow(query_is_plain(query))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        flow(select_is_plain(select))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        flow(self.table_factor(factor))
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<String> {
        flow(self.expression(expression))
    }

    fn pre_visit_ident(&mut self, word: &Ident) -> ControlFlow<String> {
        let plain = matches!(word.quote_style, None | Some('"'));
        flow(if plain {
            Ok(())
        } else {
            Err("quote names with \"".into())
        })
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<String> {
        flow(match value.value {
            Value::Number(..)
            | Value::SingleQuotedString(_)
            | Value::DollarQuotedString(_)
            | Value::Boolean(_)
            | Value::Null => Ok(()),
            Value::Placeholder(_) => Err("placeholders have no value here; write the value".into()),
            _ => Err("write texts as 'text', without a prefix".into()),
        })
    }
}

fn flow(step: Step) -> ControlFlow<String> {
    match step {
        Ok(()) => ControlFlow::Continue(()),
        Err(reason) => ControlFlow::Break(reason),
    }
}
