//! Logs to standard output, where Lambda collects them: JSON if the function's log format is JSON, else text.
//! `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL` are Lambda's own settings ("advanced logging controls").

use tracing_subscriber::EnvFilter;

use crate::Environment;

/// Below this level the libraries' own messages begin; some of them contain content: rustls would print hosts,
/// sqlparser the texts of queries.
const LIBRARIES: &str =
    "h2=warn,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,sqlparser=warn";

#[derive(Debug, PartialEq, Eq)]
enum Format {
    Json,
    Text,
}

/// Starts logging. Later calls change nothing.
pub(crate) fn init() {
    let (format, directives) = settings(&Environment::from_process());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives))
        .with_ansi(false);
    // Fails only if a subscriber is set already, as in a test: that one stays.
    let _ = match format {
        Format::Json => builder.json().flatten_event(true).try_init(),
        Format::Text => builder.with_target(false).try_init(),
    };
}

fn settings(environment: &Environment) -> (Format, String) {
    let format = match environment.optional("AWS_LAMBDA_LOG_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("json") => Format::Json,
        _ => Format::Text,
    };
    let level = environment
        .optional("AWS_LAMBDA_LOG_LEVEL")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let level = match level.as_str() {
        "trace" | "debug" | "warn" | "error" => level.as_str(),
        "fatal" => "error",
        _ => "info",
    };
    (format, format!("{level},{LIBRARIES}"))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    use super::*;

    #[test]
    fn lambda_settings_choose_format_and_level() {
        for (format, level, expected) in [
            ("JSON", "DEBUG", (Format::Json, "debug,")),
            ("Text", "FATAL", (Format::Text, "error,")),
            ("", "", (Format::Text, "info,")),
            ("yaml", "loud", (Format::Text, "info,")),
        ] {
            let environment = [
                ("AWS_LAMBDA_LOG_FORMAT", format),
                ("AWS_LAMBDA_LOG_LEVEL", level),
            ]
            .into_iter()
            .collect();
            let (format, directives) = settings(&environment);
            assert_eq!(format, expected.0);
            assert!(directives.starts_with(expected.1), "{directives}");
        }
    }
}
