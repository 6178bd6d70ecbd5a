//! Servers outside the stack: a model's provider and a receiver of webhooks, on 127.0.0.1.
//!
//! Neither stores its answers. The model answers from the goal's number, which is in every question, and the receiver
//! follows the body of the webhook. Only the callers are stored.

mod effects;
mod model;
mod receiver;
mod shared;

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};

use anyhow::Context;
use axum::Router;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(super) use effects::{Effect, Effects};
pub(super) use shared::TOKENS;
use shared::{SharedState, host};

use crate::faults::Faults;

/// Both servers, on one port.
pub(super) struct World {
    port: u16,
    known: SharedState,
    serving: JoinHandle<()>,
}

impl World {
    pub(super) async fn start(seed: u64, faults: Faults) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("opening a port for the model and the receiver of webhooks")?;
        let port = listener
            .local_addr()
            .context("asking for that port")?
            .port();
        let known = SharedState {
            seed,
            faults,
            effects: Arc::default(),
            answers: Arc::default(),
            port,
        };
        let router = Router::new()
            .route(
                "/model/{sandbox}/v1/chat/completions",
                post(model::complete),
            )
            .route("/effect", post(receiver::receive))
            .with_state(known.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the model and the receiver of webhooks have ended");
            }
        });
        Ok(Self {
            port,
            known,
            serving,
        })
    }

    /// Returns `host:port`, as a workspace lists it and the operator allows it.
    pub(super) fn host(&self) -> String {
        host(self.port)
    }

    /// Returns the provider's address template, with one address per sandbox.
    pub(super) fn model_url(&self) -> String {
        format!("http://{}/model/{{sandbox}}/v1", self.host())
    }

    /// Returns the faults that both servers report to.
    pub(super) fn faults(&self) -> &Faults {
        &self.known.faults
    }

    /// Returns the effects that have arrived so far.
    pub(super) fn effects(&self) -> MutexGuard<'_, Effects> {
        self.known.effects()
    }

    /// Returns the number of model answers.
    pub(super) fn answers(&self) -> u64 {
        self.known.answers.load(Ordering::Relaxed)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
