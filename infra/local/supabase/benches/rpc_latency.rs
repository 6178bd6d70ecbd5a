//! Measures one function call with one update: through the stack's own layer and through postrust.
//!
//! It requires a Postgres with Supabase's roles and fsync on, given as a superuser's address:
//! `DATABASE_URL=postgres://… cargo bench -p local-supabase --profile dev --bench rpc_latency`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use local_supabase::{
    keys::ProjectKeys,
    rest::{Rest, RestConfig, serve},
};
use secrecy::ExposeSecret as _;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const CALLS: usize = 500;

#[tokio::main]
async fn main() {
    let Ok(admin) = std::env::var("DATABASE_URL") else {
        println!("rpc_latency: skipped; set DATABASE_URL to a superuser's address");
        return;
    };
    let database = prepare(&admin).await;
    let keys = ProjectKeys::generate();
    let rest = Rest::start(RestConfig::new(&database, &["public"], keys.clone())).unwrap();
    let ours = listen(rest.router()).await;
    let theirs = listen(postrust(&database, &keys).await).await;
    let client = reqwest::Client::builder()
        .tcp_nodelay(true)
        .build()
        .unwrap();
    for connections in [1, 16] {
        measure(
            "own layer",
            &client,
            &format!("{ours}/rest/v1/rpc/bump"),
            &keys,
            connections,
        )
        .await;
        measure(
            "postrust ",
            &client,
            &format!("{theirs}/rpc/bump"),
            &keys,
            connections,
        )
        .await;
    }
}

async fn prepare(admin: &str) -> String {
    let (client, connection) = tokio_postgres::connect(admin, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
        .batch_execute("drop database if exists rpc_latency with (force)")
        .await
        .unwrap();
    client
        .batch_execute("create database rpc_latency")
        .await
        .unwrap();
    let row = client.query_one("show fsync", &[]).await.unwrap();
    println!("fsync {}", row.get::<_, String>(0));
    let address = |user: &str| {
        let mut address = url::Url::parse(admin).unwrap();
        address.set_path("/rpc_latency");
        address.set_username(user).unwrap();
        address.to_string()
    };
    let superuser = url::Url::parse(admin).unwrap().username().to_owned();
    let (client, connection) = tokio_postgres::connect(&address(&superuser), tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let schema = "create table counters (id int primary key, n bigint not null default 0);
        insert into counters select i from generate_series(1, 16) as i;
        grant all on counters to service_role;
        create function bump(p_id int) returns jsonb language sql as
        $$ update counters set n = n + 1 where id = p_id returning jsonb_build_object('n', n) $$;";
    client.batch_execute(schema).await.unwrap();
    address("authenticator")
}

async fn postrust(database: &str, keys: &ProjectKeys) -> axum::Router {
    let settings = [
        ("PGRST_COMPAT_MODE", "true"),
        ("PGRST_DB_URI", database),
        ("PGRST_DB_SCHEMAS", "public"),
        ("PGRST_DB_ANON_ROLE", "anon"),
        ("PGRST_DB_POOL", "10"),
        ("PGRST_JWT_SECRET", keys.jwt_secret().expose_secret()),
    ];
    let settings = postrust_core::AppConfig::try_from_vars(settings).unwrap();
    postrust_server::build(settings, postrust_server::Host::SERVER)
        .await
        .unwrap()
        .router
}

async fn listen(router: axum::Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, router, std::future::pending()));
    address
}

async fn measure(
    name: &str,
    client: &reqwest::Client,
    url: &str,
    keys: &ProjectKeys,
    connections: usize,
) {
    let token = keys.mint_role_token("service_role", Duration::from_secs(600));
    let began = Instant::now();
    let callers = (1..=connections).map(|id| {
        let request = client
            .post(url)
            .header("apikey", keys.publishable_key())
            .bearer_auth(token.expose_secret())
            .json(&serde_json::json!({"p_id": id}));
        async move {
            let mut times = Vec::with_capacity(CALLS);
            for call in 0..CALLS + 50 {
                let began = Instant::now();
                let response = request.try_clone().unwrap().send().await.unwrap();
                assert!(
                    response.status().is_success(),
                    "{}",
                    response.text().await.unwrap()
                );
                response.bytes().await.unwrap();
                if call >= 50 {
                    times.push(began.elapsed());
                }
            }
            times
        }
    });
    let mut times = futures::future::join_all(callers).await.concat();
    let per_second = times.len() as f64 / began.elapsed().as_secs_f64();
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "{name} {connections:2} connections: p50 {:.2} ms, p95 {:.2} ms, {per_second:.0}/s",
        at(0.5),
        at(0.95)
    );
}
