//! Where effects arrive: what was sent under which key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use local_stack::faults::{Faults, Point};
use serde_json::{Value, json};

/// The running server.
pub(super) struct Receiver {
    pub(super) url: String,
    pub(super) host: String,
    known: Known,
}

#[derive(Clone)]
struct Known {
    faults: Faults,
    received: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
}

impl Receiver {
    pub(super) async fn serve(faults: &Faults) -> Self {
        let known = Known {
            faults: faults.clone(),
            received: Arc::default(),
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

    /// What was sent, by key, in the order of arrival.
    pub(super) fn effects(&self) -> BTreeMap<String, Vec<Value>> {
        self.known.received.lock().unwrap().clone()
    }
}

/// The key begins `workspace/run/step`: whoever holds that step has sent it.
async fn receive(
    State(known): State<Known>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Json<Value> {
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
    Json(json!({"taken": true}))
}
