//! The world outside of the stack: a model's provider and a receiver of webhooks, on 127.0.0.1.
//!
//! The one thing to know: neither remembers what it has to answer. The model answers from the goal's number, which is
//! in every question, and the receiver does what the webhook's own body says. What is remembered is who called.

mod effects;
mod model;
mod receiver;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(super) use effects::{Effect, Effects};
pub(super) use receiver::Sent;

use crate::faults::Faults;

/// Tokens of every answer of the model.
pub(super) const TOKENS: (i64, i64) = (100, 10);

/// Both servers, behind one port.
pub(super) struct World {
    port: u16,
    known: Known,
    serving: JoinHandle<()>,
}

/// What both servers know.
#[derive(Clone)]
struct Known {
    seed: u64,
    faults: Faults,
    effects: Arc<Mutex<Effects>>,
    answers: Arc<AtomicU64>,
    port: u16,
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
        let known = Known {
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

    /// `host:port`, as a workspace lists it and the operator names it.
    pub(super) fn host(&self) -> String {
        host(self.port)
    }

    /// The provider's address, of which each sandbox has one of its own.
    pub(super) fn model_url(&self) -> String {
        format!("http://{}/model/{{sandbox}}/v1", self.host())
    }

    /// The faults that both servers report to.
    pub(super) fn faults(&self) -> &Faults {
        &self.known.faults
    }

    /// What has arrived so far.
    pub(super) fn effects(&self) -> MutexGuard<'_, Effects> {
        self.known.effects()
    }

    /// How many questions the model has answered.
    pub(super) fn answers(&self) -> u64 {
        self.known.answers.load(Ordering::Relaxed)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Known {
    fn effects(&self) -> MutexGuard<'_, Effects> {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn effect_url(&self) -> String {
        format!("http://{}/effect", host(self.port))
    }
}

fn host(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
