//! Receiver of effects by key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use harness::faults::{Faults, Point};
use serde_json::{Value, json};

/// Running server.
pub(super) struct Receiver {
    pub(super) url: String,
    pub(super) host: String,
    known: SharedState,
}

#[derive(Clone)]
struct SharedState {
    faults: Faults,
    received: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
    /// Number of accepted effects to answer with this status nevertheless.
    fails: Arc<Mutex<(u32, u16)>>,
}

impl Receiver {
    pub(super) async fn serve(faults: &Faults) -> Self {
        let known = SharedState {
            faults: faults.clone(),
            received: Arc::default(),
            fails: Arc::default(),
        };
        let router = Router::new()
            .route("/hook", post(receive))
            .with_state(known.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url: format!("http://{host}/hook"),
            host,
            known,
        }
    }

    /// Accepts effects, but answers the next ones with an error.
    pub(super) fn fails(&self, times: u32, status: u16) {
        *self.known.fails.lock().unwrap() = (times, status);
    }

    /// Returns the received bodies by key, in the order of arrival.
    pub(super) fn effects(&self) -> BTreeMap<String, Vec<Value>> {
        self.known.received.lock().unwrap().clone()
    }
}

/// Receives an effect. The key begins with `workspace/run/step`: the holder of that step is the sender.
async fn receive(
    State(known): State<SharedState>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let step = key.split('/').nth(2).unwrap().to_owned();
    known
        .received
        .lock()
        .unwrap()
        .entry(key)
        .or_default()
        .push(body);
    if let Some(sandbox) = known.faults.holder_of(&step) {
        known.faults.reached(Point::AfterEffect, &sandbox);
    }
    let (times, status) = &mut *known.fails.lock().unwrap();
    let status = match times.checked_sub(1) {
        Some(left) => {
            *times = left;
            StatusCode::from_u16(*status).unwrap()
        }
        None => StatusCode::OK,
    };
    (status, Json(json!({"taken": true})))
}
