//! The environment variables of a sandbox, as AWS documents them.
//!
//! Nothing of the host's own environment is passed on. A function that works here because of a variable in a person's
//! shell would fail once deployed.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::{config::FunctionConfig, ids::SandboxId, platform::Platform};

/// The placeholder for the sandbox's id in a function's variable, so that a server can identify the caller. AWS has
/// nothing like it: it is for faults and for tests.
pub const SANDBOX_PLACEHOLDER: &str = "{sandbox}";

/// Returns all variables of one sandbox. `changed` wins over the function's own, and the reserved ones over both.
pub(super) fn variables(
    config: &FunctionConfig,
    changed: &BTreeMap<String, String>,
    platform: &Platform,
    sandbox: SandboxId,
) -> BTreeMap<String, String> {
    let folder = config
        .program
        .parent()
        .map(|folder| folder.display().to_string())
        .unwrap_or_default();
    // A path requires the scheme: without it, lambda_runtime cannot parse the address. The real one has no path,
    // because on AWS each sandbox has an address of its own.
    let runtime_api = format!("http://{}/{}/{sandbox}", platform.runtime_api, config.name);
    let date = chrono::Utc::now().format("%Y/%m/%d");
    let reserved = [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", config.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            config.memory_megabytes.to_string(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", config.name),
        ),
        (
            "AWS_LAMBDA_LOG_STREAM_NAME",
            format!("{date}/[$LATEST]{sandbox}"),
        ),
        ("AWS_REGION", platform.region.clone()),
        ("AWS_DEFAULT_REGION", platform.region.clone()),
        // Not valid credentials: they only have to exist, as they do on AWS.
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        (
            "AWS_SESSION_TOKEN",
            platform.session_token.expose_secret().to_owned(),
        ),
        ("_HANDLER", "bootstrap".to_owned()),
        ("LAMBDA_TASK_ROOT", folder),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ];
    let mut variables = config.environment.clone();
    variables.extend(changed.clone());
    for value in variables.values_mut() {
        if value.contains(SANDBOX_PLACEHOLDER) {
            *value = value.replace(SANDBOX_PLACEHOLDER, &sandbox.to_string());
        }
    }
    variables.extend(reserved.map(|(name, value)| (name.to_owned(), value)));
    if config.is_managed_instance() {
        variables.insert(
            "AWS_LAMBDA_INITIALIZATION_TYPE".to_owned(),
            "lambda-managed-instances".to_owned(),
        );
        variables.insert(
            "AWS_LAMBDA_MAX_CONCURRENCY".to_owned(),
            config.invocations_per_sandbox.to_string(),
        );
    }
    variables
}
