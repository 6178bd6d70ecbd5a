//! The registry of tools and the checks around every call.

use std::sync::Arc;
use std::time::Duration;

use domain::Tool;
use serde_json::Value;

use crate::builtin::email::Email;
use crate::builtin::http_get::HttpGet;
use crate::builtin::http_request::HttpRequest;
use crate::builtin::webhook::Webhook;
use crate::builtin::{
    calculate, control, email, http_get, http_request, period_report, sql, table_write, template,
    webhook,
};
use crate::egress::{HttpClient, HttpPolicy};
use crate::mcp::{self, Mcp};
use crate::result::check_size;
use crate::{CallContext, EmailConfig, OUTCOME_UNKNOWN, ToolError, arguments};

/// Every tool that can be called, by name.
pub struct Registry {
    entries: Vec<Entry>,
    mcp: Mcp,
}

struct Entry {
    tool: Tool,
    run: Run,
}

enum Run {
    Sql,
    Calculate,
    HttpGet(HttpGet),
    Template,
    Webhook(Webhook),
    Http(HttpRequest),
    TableWrite,
    PeriodReport,
    Email(Email),
    McpList,
    /// A change of rows, carried out by the journal.
    Control,
}

impl Registry {
    /// Builds the built-in tools, without a way to send mail.
    ///
    /// # Errors
    /// `http_unavailable` when no HTTP client can be made, which means a broken build or machine.
    pub fn builtin(policy: HttpPolicy) -> Result<Self, ToolError> {
        Self::with_email(policy, None)
    }

    /// Builds the built-in tools.
    ///
    /// # Errors
    /// `http_unavailable` when no HTTP client can be made, which means a broken build or machine.
    pub fn with_email(policy: HttpPolicy, email: Option<EmailConfig>) -> Result<Self, ToolError> {
        Ok(Self::over(&HttpClient::new(policy)?, email))
    }

    /// Builds the built-in tools over these clients.
    pub(crate) fn over(http: &Arc<HttpClient>, email: Option<EmailConfig>) -> Self {
        let http = || Arc::clone(http);
        let entry = |tool, run| Entry { tool, run };
        let mut entries = vec![
            entry(sql::describe(), Run::Sql),
            entry(calculate::describe(), Run::Calculate),
            entry(http_get::describe(), Run::HttpGet(HttpGet::new(http()))),
            entry(template::describe(), Run::Template),
            entry(webhook::describe(), Run::Webhook(Webhook::new(http()))),
            entry(
                http_request::describe(),
                Run::Http(HttpRequest::new(http())),
            ),
            entry(table_write::describe(), Run::TableWrite),
            entry(email::describe(), Run::Email(Email::new(http(), email))),
            entry(mcp::describe_list(), Run::McpList),
            entry(control::describe_embed_memories(), Run::Control),
            entry(period_report::describe(), Run::PeriodReport),
        ];
        let control = control::describe().into_iter();
        entries.extend(control.map(|tool| entry(tool, Run::Control)));
        Self {
            entries,
            mcp: Mcp::new(http()),
        }
    }

    /// Returns the tools as the database and models receive them, in a fixed order.
    #[must_use]
    pub fn catalogue(&self) -> Vec<Tool> {
        self.entries
            .iter()
            .map(|entry| entry.tool.clone())
            .collect()
    }

    /// Returns the tool of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Tool> {
        let entry = self.entries.iter().find(|entry| entry.tool.name == name);
        entry.map(|entry| &entry.tool)
    }

    /// Fills in the templates in a call's arguments from the step's context.
    ///
    /// Templates that a tool renders itself are left for it, with the context added: rendered twice, a result that
    /// looks like a template would be run as one.
    ///
    /// # Errors
    /// `template_failed`, with the reason; a retry gives the same.
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
        if let Some(parts) = mcp::parts(name) {
            let result = self.mcp.call(parts, arguments, context).await?;
            check_size(name, &result)?;
            return Ok(result);
        }
        let entry = self.entry(name)?;
        arguments::check(name, &entry.tool.parameters, arguments)?;
        let limit = Duration::from_secs(entry.tool.timeout_seconds.into()).min(context.time_limit);
        let run = self.run(entry, arguments, context);
        let result = tokio::time::timeout(limit, run).await;
        let result = result.map_err(|_| entry.too_late(limit))??;
        check_size(name, &result)?;
        Ok(result)
    }

    /// Checks the arguments of a built-in tool whose call is made elsewhere.
    ///
    /// # Errors
    /// `invalid_arguments`; `unknown_tool` for a name that is not built in.
    pub fn check_arguments(&self, name: &str, arguments: &Value) -> Result<(), ToolError> {
        arguments::check(name, &self.entry(name)?.tool.parameters, arguments)
    }

    fn entry(&self, name: &str) -> Result<&Entry, ToolError> {
        let entry = self.entries.iter().find(|entry| entry.tool.name == name);
        entry.ok_or_else(|| {
            let names: Vec<&str> = self.entries.iter().map(|e| e.tool.name.as_str()).collect();
            let message = format!("there is no tool `{name}`; use one of {}", names.join(", "));
            ToolError::terminal("unknown_tool", message)
        })
    }

    async fn run(
        &self,
        entry: &Entry,
        arguments: &Value,
        context: &CallContext,
    ) -> Result<Value, ToolError> {
        match &entry.run {
            Run::Sql => sql::call(arguments, context).await,
            Run::Calculate => calculate::call(arguments),
            Run::HttpGet(http) => http.call(arguments).await,
            Run::Template => template::call(arguments),
            Run::Webhook(webhook) => webhook.call(arguments, context).await,
            Run::Http(http) => http.call(arguments, context).await,
            Run::TableWrite => table_write::call(arguments, context).await,
            Run::Email(email) => email.call(arguments, context).await,
            Run::PeriodReport => period_report::call(arguments, context).await,
            Run::McpList => self.mcp.list(arguments, context).await,
            Run::Control => {
                let message = format!(
                    "{} is not called but carried out by the step's journal; an agent asks for it, a step cannot be one",
                    entry.tool.name
                );
                Err(ToolError::terminal("control_tool", message))
            }
        }
    }
}

impl Entry {
    fn too_late(&self, limit: Duration) -> ToolError {
        let message = format!("{} took longer than {} s", self.tool.name, limit.as_secs());
        if self.tool.idempotent {
            return ToolError::retryable("tool_timeout", message);
        }
        let message = format!(
            "{message}; it may have acted all the same, so it is not called again by itself"
        );
        ToolError::terminal(OUTCOME_UNKNOWN, message)
    }
}

#[cfg(test)]
mod tests;
