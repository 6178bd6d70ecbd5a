//! The running host: starts functions, accepts or refuses invocations, and stops.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use local_fault_hook::SandboxControl;
use secrecy::SecretString;
use tokio::{net::TcpListener, sync::broadcast, task::AbortHandle};

use super::{
    answer::{Answer, InvocationType, InvokeResult, Invoked, Refusal, Reply},
    config::{HostConfig, MAX_EVENT_BYTES, MAX_REQUEST_BYTES},
    dispatch::Function,
    ids::RequestId,
    logs::LogLine,
    peer::Peer,
    platform::Platform,
    runtime_api::{self, Functions},
    sandbox_control::WeakSandboxes,
    state::Origin,
    stats::FunctionStats,
};

/// A running host. Clones are the same host.
#[derive(Clone)]
pub struct Host {
    functions: Functions,
    platform: Arc<Platform>,
    pub(super) invoke_key: Arc<SecretString>,
    tasks: Arc<Tasks>,
}

/// The background tasks. They end with the last clone of the host, so that a forgotten `stop` leaves no listener
/// behind.
struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Host {
    /// Starts the host: its Runtime API listens on a free local port; no function is started yet.
    ///
    /// # Errors
    /// A function has no program or an unusable name, the log folder cannot be made, or there is no
    /// free port.
    pub async fn start(config: HostConfig) -> anyhow::Result<Self> {
        for function in &config.functions {
            function.check()?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("the Runtime API found no free port on 127.0.0.1")?;
        let platform = Arc::new(Platform::new(&config, listener.local_addr()?)?);
        let mut functions = BTreeMap::new();
        for function in config.functions {
            let name = function.name.clone();
            let known = functions.insert(
                name.clone(),
                Arc::new(Function::new(function, Arc::clone(&platform))),
            );
            anyhow::ensure!(
                known.is_none(),
                "two functions are called {name}; rename one of them"
            );
        }
        let functions: Functions = Arc::new(functions);
        let router = runtime_api::router(Arc::clone(&functions))
            .into_make_service_with_connect_info::<Peer>();
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the Runtime API has ended; restart the stack");
            }
        });
        let reaper = tokio::spawn(reap(Arc::clone(&functions), config.idle_sandbox_lifetime));
        let tasks = Arc::new(Tasks(vec![server.abort_handle(), reaper.abort_handle()]));
        Ok(Self {
            functions,
            platform,
            invoke_key: Arc::new(config.invoke_key),
            tasks,
        })
    }

    /// Invokes a function. An empty payload stands for `{}`. Dropping the returned future does not
    /// cancel the invocation.
    ///
    /// # Errors
    /// A [`Refusal`]: the function has not run. (A function that ran and failed is a [`Reply`].)
    pub async fn invoke(&self, name: &str, payload: Bytes, kind: InvocationType) -> InvokeResult {
        let function = self
            .functions
            .get(name)
            .ok_or_else(|| Refusal::NotFound(self.platform.arn(name)))?;
        let payload = check_payload(payload, kind)?;
        let request_id = RequestId::fresh();
        let reply = match kind {
            InvocationType::DryRun => Reply::DryRun,
            InvocationType::Event => {
                function.enqueue_event(request_id, payload);
                Reply::Accepted
            }
            InvocationType::RequestResponse => {
                match function.submit(request_id, payload, Origin::Caller)?.await {
                    Ok(Answer::Payload(payload)) => Reply::Payload(payload),
                    Ok(Answer::FunctionError(error)) => Reply::FunctionError(error),
                    Err(_) => return Err(Refusal::Stopping),
                }
            }
        };
        Ok(Invoked { request_id, reply })
    }

    /// Sets environment variables of every function, as `UpdateFunctionConfiguration` does: invocations from now on run
    /// in sandboxes that have them, and running ones end as they were.
    pub fn set_environment(&self, variables: &BTreeMap<String, String>) {
        for function in self.functions.values() {
            function.set_environment(variables);
        }
    }

    /// Returns figures about every function, by name.
    pub fn stats(&self) -> Vec<FunctionStats> {
        self.functions
            .values()
            .map(|function| function.stats())
            .collect()
    }

    /// Waits until a function's figures satisfy the condition. `None` if there is no such function.
    pub async fn wait_for(
        &self,
        name: &str,
        is_so: impl Fn(&FunctionStats) -> bool,
    ) -> Option<FunctionStats> {
        let function = self.functions.get(name)?;
        let mut changes = self.platform.changes();
        loop {
            changes.mark_unchanged();
            let stats = function.stats();
            if is_so(&stats) {
                return Some(stats);
            }
            changes.changed().await.ok()?;
        }
    }

    /// Returns a control that kills, stops and continues its sandboxes.
    #[must_use]
    pub fn sandbox_control(&self) -> Arc<dyn SandboxControl> {
        Arc::new(WeakSandboxes::new(&self.functions))
    }

    /// Waits until the figures of all functions together satisfy the condition. `None` if the host has ended.
    pub async fn wait_for_all(
        &self,
        is_so: impl Fn(&[FunctionStats]) -> bool,
    ) -> Option<Vec<FunctionStats>> {
        let mut changes = self.platform.changes();
        loop {
            changes.mark_unchanged();
            let stats = self.stats();
            if is_so(&stats) {
                return Some(stats);
            }
            changes.changed().await.ok()?;
        }
    }

    /// Returns the region named in ARNs.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.platform.region
    }

    /// Returns the account named in ARNs.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.platform.account_id
    }

    /// Returns a receiver of every line that sandboxes print from now on.
    pub fn logs(&self) -> broadcast::Receiver<LogLine> {
        self.platform.logs.subscribe()
    }

    /// Ends every sandbox and waits until none is left. Running invocations end with [`Refusal::Stopping`]; waiting
    /// events are dropped.
    pub async fn stop(&self) {
        for function in self.functions.values() {
            function.begin_stop();
        }
        self.platform.kill_sandboxes();
        let mut changes = self.platform.changes();
        while self
            .functions
            .values()
            .any(|function| function.has_processes())
        {
            if changes.changed().await.is_err() {
                break;
            }
        }
        self.tasks.0.iter().for_each(AbortHandle::abort);
    }
}

fn check_payload(payload: Bytes, kind: InvocationType) -> Result<Bytes, Refusal> {
    let limit_bytes = match kind {
        InvocationType::Event => MAX_EVENT_BYTES,
        InvocationType::RequestResponse | InvocationType::DryRun => MAX_REQUEST_BYTES,
    };
    if payload.len() > limit_bytes {
        return Err(Refusal::TooLarge { limit_bytes });
    }
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => Err(Refusal::NotJson(error.to_string())),
    }
}

async fn reap(functions: Functions, lifetime: Duration) {
    let pause = (lifetime / 4).clamp(Duration::from_millis(10), Duration::from_secs(5));
    loop {
        tokio::time::sleep(pause).await;
        for function in functions.values() {
            function.reap_idle(lifetime);
        }
    }
}
