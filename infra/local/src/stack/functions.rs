//! The functions on the Lambda host: their environment, their secrets and their queues.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::limits::{FunctionLimits, Sandboxes, limits};
use super::options::{StackOptions, Transport};
use super::shared_secrets::Secrets;
use crate::binaries::{Binaries, FUNCTIONS, GATEWAY};
use crate::fault_hook::FaultHook;
use crate::keys::ProjectKeys;
use crate::lambda::{FunctionConfig, Host, HostConfig};
use crate::queue::{Mapping, MappingConfig, QueueConfig, Queues, Redrive};
use crate::secrets;

/// The worker's token may live 15 minutes; functions keep it for 5 at most.
const WORKER_TOKEN_LIFE: Duration = Duration::from_secs(600);
const SECRETS_PREFIX: &str = "/goalpost/local";
/// The dead-letter queue of messages that no function could process.
const DEAD_LETTER_QUEUE: &str = "goalpost-dead";
/// The number of attempts before a message goes there.
const MAX_RECEIVES: u32 = 3;

/// The running functions; dropping them ends them.
pub(super) struct Functions {
    // Dropped in this order: callers of the host first.
    mappings: Vec<Mapping>,
    pub(super) host: Host,
    pub(super) queues: Queues,
    secrets: secrets::Server,
}

impl Functions {
    pub(super) async fn start(
        options: &StackOptions,
        url: &str,
        keys: &ProjectKeys,
        secrets: &Secrets,
        binaries: &Binaries,
        log_folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut config = HostConfig::new(log_folder);
        config.invoke_key = keys.secret_key().clone();
        let parameters = parameters(keys.clone(), secrets.clone());
        let secrets = secrets::Server::start(config.session_token.clone(), parameters).await?;
        let mut environment = BTreeMap::from([
            (
                "SUPABASE_URL".to_owned(),
                match &options.faults {
                    Some(faults) => faults.address_for_functions(url),
                    None => url.to_owned(),
                },
            ),
            (
                "GOALPOST_INTAKE_URL".to_owned(),
                format!("{url}/functions/v1/intake"),
            ),
            (
                "SUPABASE_PUBLISHABLE_KEY".to_owned(),
                keys.publishable_key().to_owned(),
            ),
            (
                "GOALPOST_SECRETS_PREFIX".to_owned(),
                SECRETS_PREFIX.to_owned(),
            ),
            (
                "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT".to_owned(),
                secrets.port().to_string(),
            ),
        ]);
        environment.extend(options.environment.clone());
        config.functions = configs(binaries, &environment, &options.limits)?;
        if options.transport == Transport::Queue {
            let queues = queue_urls(url, &config.account_id);
            environment.insert("GOALPOST_QUEUES".to_owned(), queues);
            let gateway = function_config(GATEWAY, binaries, environment, &options.limits)?;
            config.functions.push(gateway);
        }
        let host = Host::start(config).await?;
        if let Some(faults) = &options.faults {
            faults.receive_control(host.sandbox_control())?;
        }
        let (queues, mappings) = start_queues(&host, options.faults.as_ref())?;
        Ok(Self {
            mappings,
            host,
            queues,
            secrets,
        })
    }

    pub(super) async fn stop(&mut self) {
        self.mappings.clear();
        self.host.stop().await;
        self.secrets.stop();
    }
}

/// Returns the values of the secrets endpoint; the worker's token is signed at each request.
fn parameters(keys: ProjectKeys, secrets: Secrets) -> secrets::Parameters {
    Arc::new(move |name| match name.strip_prefix(SECRETS_PREFIX)? {
        "/worker_token" => Some(keys.mint_worker_token(WORKER_TOKEN_LIFE)),
        "/wake_secret" => Some(secrets.wake.clone()),
        "/webhook_secret" => Some(secrets.webhook.clone()),
        "/openai_api_key" => secrets.openai_api_key.clone(),
        "/anthropic_api_key" => secrets.anthropic_api_key.clone(),
        "/email_api_key" => secrets.email_api_key.clone(),
        _ => None,
    })
}

/// Starts one queue per function, delivered in batches; a message is a wake.
fn start_queues(
    host: &Host,
    faults: Option<&Arc<dyn FaultHook>>,
) -> anyhow::Result<(Queues, Vec<Mapping>)> {
    let mut configs: Vec<_> = FUNCTIONS
        .iter()
        .map(|function| QueueConfig {
            redrive: Some(Redrive {
                dead_letter_queue: DEAD_LETTER_QUEUE.to_owned(),
                max_receive_count: MAX_RECEIVES,
            }),
            ..QueueConfig::new(queue_name(function))
        })
        .collect();
    configs.push(QueueConfig::new(DEAD_LETTER_QUEUE));
    let queues = Queues::new(&configs, host.region(), host.account_id())?;
    let mut mappings = Vec::new();
    for function in FUNCTIONS {
        if let Some(queue) = queues.get(&queue_name(function)) {
            mappings.push(Mapping::start(
                host.clone(),
                queue,
                MappingConfig {
                    faults: faults.cloned(),
                    ..MappingConfig::new(function)
                },
            )?);
        }
    }
    Ok((queues, mappings))
}

fn queue_name(function: &str) -> String {
    format!("goalpost-{function}")
}

/// Returns the queues in the form that the gateway reads.
fn queue_urls(url: &str, account_id: &str) -> String {
    let pairs = FUNCTIONS
        .map(|function| format!("{function}={url}/sqs/{account_id}/{}", queue_name(function)));
    pairs.join(",")
}

/// Builds the configuration of each function for the Lambda host.
fn configs(
    binaries: &Binaries,
    environment: &BTreeMap<String, String>,
    given: &BTreeMap<String, FunctionLimits>,
) -> anyhow::Result<Vec<FunctionConfig>> {
    FUNCTIONS
        .iter()
        .map(|function| function_config(function, binaries, environment.clone(), given))
        .collect()
}

fn function_config(
    function: &str,
    binaries: &Binaries,
    mut environment: BTreeMap<String, String>,
    given: &BTreeMap<String, FunctionLimits>,
) -> anyhow::Result<FunctionConfig> {
    let program = binaries
        .get(function)
        .with_context(|| format!("there is no binary of {function}"))?;
    let limits = limits(function, given);
    environment.insert("GOALPOST_BATCH".to_owned(), limits.batch_size.to_string());
    environment.extend(limits.environment);
    Ok(FunctionConfig {
        environment,
        timeout: limits.timeout,
        max_sandboxes: limits.max_sandboxes,
        max_waiting: limits.max_waiting,
        memory_megabytes: 256,
        invocations_per_sandbox: match limits.sandboxes {
            Sandboxes::Frozen => 1,
            Sandboxes::Managed { invocations } => invocations.max(2),
        },
        ..FunctionConfig::new(function, program)
    })
}
