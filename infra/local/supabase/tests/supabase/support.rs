//! A database per test, with the parts around it: a gateway, an endpoint, a proxy.

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
    routing::any,
};
use local_postgres::{SUPERUSER, Server, database};
use local_supabase::{
    auth::{AuthConfig, router},
    keys::ProjectKeys,
    rest::{Rest, RestConfig, serve},
    storage::{Storage, StorageConfig},
};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_postgres::Client;
use uuid::Uuid;

/// Long enough for a busy machine; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) owner: Client,
    pub(crate) superuser: Client,
}

impl Database {
    pub(crate) async fn new() -> Self {
        let server = Server::shared_by_tests().await.unwrap();
        let name = format!("supabase_{}", Uuid::new_v4().simple());
        database::create_empty(server, &name).await.unwrap();
        Self::opened(server, name).await
    }

    /// Creates a database with every migration.
    pub(crate) async fn migrated() -> Self {
        let server = Server::shared_by_tests().await.unwrap();
        let name = format!("supabase_{}", Uuid::new_v4().simple());
        database::create_from_template(server, &name).await.unwrap();
        Self::opened(server, name).await
    }

    async fn opened(server: &Server, name: String) -> Self {
        let owner = server.connect("postgres", &name).await.unwrap();
        let superuser = server.connect(SUPERUSER, &name).await.unwrap();
        Self {
            name,
            owner,
            superuser,
        }
    }

    pub(crate) async fn with(schema: &str) -> Self {
        let database = Self::new().await;
        database.owner.batch_execute(schema).await.unwrap();
        database
    }

    pub(crate) async fn url(&self, role: &str) -> String {
        Server::shared_by_tests()
            .await
            .unwrap()
            .url(role, &self.name)
    }

    /// Returns the first column of the first row, as text.
    pub(crate) async fn text(&self, query: &str) -> String {
        let row = self
            .superuser
            .query_one(&format!("select ({query})::text"), &[])
            .await
            .unwrap();
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }

    /// Waits until the query returns the text.
    pub(crate) async fn until(&self, query: &str, wanted: &str) {
        let waiting = async {
            while self.text(query).await != wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{query} is {:?}, not {wanted:?}", self.text(query).await);
        }
    }

    /// Ends the sessions of a program, as a restart of Postgres would.
    pub(crate) async fn break_connections(&self, application: &str) {
        let query = "select pg_terminate_backend(pid) from pg_stat_activity
                      where datname = current_database() and application_name = $1";
        assert!(
            !self
                .superuser
                .query(query, &[&application])
                .await
                .unwrap()
                .is_empty(),
            "no session of {application}"
        );
    }

    pub(crate) async fn drop(self) {
        let name = self.name.clone();
        drop(self);
        database::drop(Server::shared_by_tests().await.unwrap(), &name)
            .await
            .unwrap();
    }
}

/// A gateway with REST, auth and storage over a database.
pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) keys: ProjectKeys,
    pub(crate) http: reqwest::Client,
    /// The folder in which storage keeps the bytes of objects.
    pub(crate) objects: tempfile::TempDir,
    rest: Rest,
    storage: Storage,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Gateway {
    pub(crate) async fn over(database: &Database) -> Self {
        Self::adjusted(database, |_| {}).await
    }

    pub(crate) async fn adjusted(
        database: &Database,
        adjust: impl FnOnce(&mut RestConfig),
    ) -> Self {
        let keys = ProjectKeys::generate();
        let address = database.url("authenticator").await;
        let mut config = RestConfig::new(&address, &["public", "closed"], keys.clone());
        adjust(&mut config);
        let rest = Rest::start(config).unwrap();
        let auth = router(AuthConfig {
            database_url: database.url(SUPERUSER).await,
            keys: keys.clone(),
        });
        let objects = tempfile::tempdir().unwrap();
        let storage = Storage::start(StorageConfig::new(
            database.url("supabase_storage_admin").await,
            objects.path().join("objects"),
            keys.clone(),
        ))
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(serve(
            listener,
            rest.router().merge(auth).merge(storage.router()),
            std::future::pending(),
        ));
        Self {
            url,
            keys,
            http: reqwest::Client::new(),
            objects,
            rest,
            storage,
            serving,
        }
    }

    /// Builds a call with the secret key.
    pub(crate) fn call(&self, function: &str, arguments: &Value) -> reqwest::RequestBuilder {
        self.call_as(self.keys.secret_key().expose_secret(), function, arguments)
    }

    pub(crate) fn call_as(
        &self,
        key: &str,
        function: &str,
        arguments: &Value,
    ) -> reqwest::RequestBuilder {
        let url = format!("{}/rest/v1/rpc/{function}", self.url);
        self.http.post(url).header("apikey", key).json(arguments)
    }

    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/rest/v1/{path}", self.url);
        self.http
            .get(url)
            .header("apikey", self.keys.secret_key().expose_secret())
    }

    pub(crate) async fn stop(self) {
        self.serving.abort();
        self.storage.stop();
        self.rest.stop().await;
    }
}

/// Sends a request; returns status and JSON of the answer.
pub(crate) async fn sent(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// A request that an endpoint received: path, headers, body.
pub(crate) type Hit = (String, HeaderMap, String);

/// An endpoint that records its requests: `/ok`, `/error`, `/redirect`, and `/slow`, which answers when it is released.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    state: Arc<EndpointState>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct EndpointState {
    hits: Mutex<Vec<Hit>>,
    arrived: Notify,
    released: Notify,
}

impl Endpoint {
    pub(crate) async fn open() -> Self {
        let state = Arc::new(EndpointState::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/{name}", any(endpoint))
            .with_state(Arc::clone(&state));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            state,
            serving,
        }
    }

    pub(crate) fn hits(&self, name: &str) -> Vec<Hit> {
        let hits = self.state.hits.lock().unwrap();
        hits.iter()
            .filter(|(path, ..)| path == name)
            .cloned()
            .collect()
    }

    /// Waits until the endpoint has received so many requests for a path.
    pub(crate) async fn until_hits(&self, name: &str, count: usize) {
        let waiting = async {
            loop {
                let arrived = self.state.arrived.notified();
                if self.hits(name).len() >= count {
                    return;
                }
                arrived.await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(
            waited.is_ok(),
            "{} of {count} requests for {name}",
            self.hits(name).len()
        );
    }

    pub(crate) fn release_one(&self) {
        self.state.released.notify_one();
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn endpoint(
    State(state): State<Arc<EndpointState>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    state
        .hits
        .lock()
        .unwrap()
        .push((name.clone(), headers, body));
    state.arrived.notify_waiters();
    match name.as_str() {
        "ok" => (
            [("x-kind", "fine")],
            axum::Json(serde_json::json!({"ok": true})),
        )
            .into_response(),
        "redirect" => Redirect::temporary("/ok").into_response(),
        "slow" => {
            state.released.notified().await;
            "slow".into_response()
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "broken").into_response(),
    }
}

/// A proxy between a program and Postgres, with which a test cuts and restores the connection.
pub(crate) struct Line {
    pub(crate) port: u16,
    target: String,
    carrying: Option<JoinHandle<()>>,
}

impl Line {
    pub(crate) async fn to(database_url: &str) -> Self {
        let target = url::Url::parse(database_url).unwrap();
        let target = format!(
            "{}:{}",
            target.host_str().unwrap(),
            target.port().unwrap_or(5432)
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let carrying = Some(tokio::spawn(carry(listener, target.clone())));
        Self {
            port,
            target,
            carrying,
        }
    }

    pub(crate) fn through(&self, database_url: &str) -> String {
        let mut address = url::Url::parse(database_url).unwrap();
        address.set_host(Some("127.0.0.1")).unwrap();
        address.set_port(Some(self.port)).unwrap();
        address.to_string()
    }

    pub(crate) async fn cut(&mut self) {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
            let _ = carrying.await;
        }
    }

    pub(crate) async fn mend(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.carrying = Some(tokio::spawn(carry(listener, self.target.clone())));
    }
}

async fn carry(listener: TcpListener, target: String) {
    // The set ends its tasks when this one is aborted, and so closes every connection.
    let mut lines = tokio::task::JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let target = target.clone();
        lines.spawn(async move {
            if let Ok(mut far) = TcpStream::connect(target).await {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}
