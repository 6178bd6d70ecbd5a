//! The list of tools and the checks around every call.

use std::sync::Arc;
use std::time::Duration;

use domain::Tool;
use serde_json::Value;

use crate::http::{self, Http, HttpPolicy};
use crate::http_get::HttpGet;
use crate::sql::QueryRunner;
use crate::webhook::Webhook;
use crate::{ToolError, calculate, http_get, schema, sql, template, webhook};

/// The largest result of a call, as JSON text.
pub const MAX_RESULT_BYTES: usize = 256 * 1024;

/// What a call may use besides its arguments. It comes from the claimed step, never from a model.
#[derive(Clone)]
pub struct CallContext {
    /// The schemas that `sql` may read.
    pub readable_schemas: Vec<String>,
    /// How `sql` runs a query that passed the gate; without it `sql` is refused.
    pub run_query: Option<QueryRunner>,
    /// The hosts that `webhook` may post to: the workspace's own list. Nothing listed, nothing posted.
    pub webhook_hosts: Vec<String>,
    /// What tells this call from every other: the same for each try of it, and never the try's own number.
    pub idempotency_key: String,
    /// What is left of the step's time; a tool's own limit holds as well.
    pub time_limit: Duration,
}

/// Every tool that can be called, by name.
pub struct Registry {
    entries: Vec<Entry>,
}

struct Entry {
    tool: Tool,
    timeout: Duration,
    run: Run,
}

enum Run {
    Sql,
    Calculate,
    HttpGet(HttpGet),
    Template,
    Webhook(Webhook),
}

impl Registry {
    /// The built-in tools.
    ///
    /// # Errors
    /// `http_unavailable` when no HTTP client can be made, which means a broken build or machine.
    pub fn builtin(policy: HttpPolicy) -> Result<Self, ToolError> {
        let seconds = Duration::from_secs;
        let http = Http::new(policy)?;
        let entries = vec![
            Entry {
                tool: sql::describe(),
                timeout: seconds(30),
                run: Run::Sql,
            },
            Entry {
                tool: calculate::describe(),
                timeout: seconds(5),
                run: Run::Calculate,
            },
            Entry {
                tool: http_get::describe(),
                timeout: http::TIMEOUT + seconds(1),
                run: Run::HttpGet(HttpGet::new(Arc::clone(&http))),
            },
            Entry {
                tool: template::describe(),
                timeout: seconds(5),
                run: Run::Template,
            },
            Entry {
                tool: webhook::describe(),
                timeout: http::TIMEOUT + seconds(1),
                run: Run::Webhook(Webhook::new(http)),
            },
        ];
        Ok(Self { entries })
    }

    /// The tools as the database and models see them, in a fixed order.
    #[must_use]
    pub fn catalogue(&self) -> Vec<Tool> {
        self.entries
            .iter()
            .map(|entry| entry.tool.clone())
            .collect()
    }

    /// Fills in the templates in a call's arguments from the step's context.
    ///
    /// Whatever a tool renders itself is left for it, with the context put beside it: rendered here
    /// and there, a result that looks like a template would be run as one.
    ///
    /// # Errors
    /// `template_failed`, with what is wrong; trying again gives the same.
    pub fn render_arguments(
        &self,
        name: &str,
        arguments: &Value,
        context: &Value,
    ) -> Result<Value, ToolError> {
        let rendered = match name {
            template::NAME => template::arguments(arguments, context),
            _ => domain::expression::render(arguments, context),
        };
        rendered.map_err(|error| ToolError::terminal("template_failed", error.to_string()))
    }

    /// Calls a tool with arguments whose templates have been filled in.
    ///
    /// # Errors
    /// `unknown_tool`, `invalid_arguments`, `tool_timeout`, `result_too_large`, and the tool's own.
    pub async fn call(
        &self,
        name: &str,
        arguments: &Value,
        context: &CallContext,
    ) -> Result<Value, ToolError> {
        let Some(entry) = self.entries.iter().find(|entry| entry.tool.name == name) else {
            let names: Vec<&str> = self.entries.iter().map(|e| e.tool.name.as_str()).collect();
            let message = format!("there is no tool `{name}`; use one of {}", names.join(", "));
            return Err(ToolError::terminal("unknown_tool", message));
        };
        schema::check(name, &entry.tool.parameters, arguments)?;
        let limit = entry.timeout.min(context.time_limit);
        let result = tokio::time::timeout(limit, entry.run.call(arguments, context)).await;
        let result = result.map_err(|_| {
            let message = format!("{name} took longer than {} s", limit.as_secs());
            ToolError::retryable("tool_timeout", message)
        })??;
        check_size(name, &result)?;
        Ok(result)
    }
}

impl Run {
    async fn call(&self, arguments: &Value, context: &CallContext) -> Result<Value, ToolError> {
        match self {
            Self::Sql => sql::call(arguments, context).await,
            Self::Calculate => calculate::call(arguments),
            Self::HttpGet(http) => http.call(arguments).await,
            Self::Template => template::call(arguments),
            Self::Webhook(webhook) => webhook.call(arguments, context).await,
        }
    }
}

fn check_size(name: &str, result: &Value) -> Result<(), ToolError> {
    let bytes = result.to_string().len();
    if bytes <= MAX_RESULT_BYTES {
        return Ok(());
    }
    let message = format!(
        "the result of {name} has {bytes} bytes, more than {MAX_RESULT_BYTES}; ask for less"
    );
    Err(ToolError::terminal("result_too_large", message))
}

#[cfg(test)]
mod tests;
