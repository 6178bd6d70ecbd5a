//! Tests of logging in to the local stack, and of the tokens' rights.

use crate::support::{Database, Gateway, sent};
use local_supabase::auth::set_password;
use local_supabase::keys::verify;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

const ADA: Uuid = Uuid::from_u128(0xada);

async fn stage() -> (Database, Gateway) {
    let database = Database::with("create function whoami() returns text language sql stable as $$ select current_user || ' ' || auth.uid() $$").await;
    let insert = format!("insert into auth.users (id, email) values ('{ADA}', 'ada@example.com')");
    database.superuser.batch_execute(&insert).await.unwrap();
    set_password(&database.superuser, ADA, &"engine no. 1".into())
        .await
        .unwrap();
    let gateway = Gateway::over(&database).await;
    (database, gateway)
}

async fn granted(gateway: &Gateway, grant: &str, body: &Value) -> (u16, Value) {
    let request = gateway
        .http
        .post(format!("{}/auth/v1/token?grant_type={grant}", gateway.url));
    sent(
        request
            .header("apikey", gateway.keys.publishable_key())
            .json(body),
    )
    .await
}

async fn log_in(gateway: &Gateway, email: &str, password: &str) -> (u16, Value) {
    granted(
        gateway,
        "password",
        &json!({"email": email, "password": password}),
    )
    .await
}

#[tokio::test]
async fn token_identifies_its_person_to_the_database() {
    let (database, gateway) = stage().await;
    let (status, session) = log_in(&gateway, "Ada@example.com", "engine no. 1").await;
    assert_eq!(status, 200, "{session}");
    assert_eq!(
        (&session["token_type"], &session["expires_in"]),
        (&json!("bearer"), &json!(3600))
    );
    assert_eq!(session["user"]["id"], json!(ADA));
    let call = gateway.call_as(gateway.keys.publishable_key(), "whoami", &json!({}));
    let call = call.bearer_auth(session["access_token"].as_str().unwrap());
    assert_eq!(
        sent(call).await,
        (200, json!(format!("authenticated {ADA}")))
    );
    assert_eq!(
        database
            .text("select last_sign_in_at is not null from auth.users")
            .await,
        "true"
    );
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn tokens_carry_the_accounts_metadata() {
    let (database, gateway) = stage().await;
    let update = "update auth.users set raw_app_meta_data = '{\"tenant\": \"t1\"}', raw_user_meta_data = '{\"name\": \"Ada\"}'";
    database.superuser.batch_execute(update).await.unwrap();
    let (_, session) = log_in(&gateway, "ada@example.com", "engine no. 1").await;
    let token = session["access_token"].as_str().unwrap();
    let claims = verify(token, &gateway.keys).unwrap().0;
    let expected = json!({"provider": "email", "providers": ["email"], "tenant": "t1"});
    assert_eq!(claims["app_metadata"], expected);
    assert_eq!(session["user"]["app_metadata"], expected);
    assert_eq!(claims["user_metadata"], json!({"name": "Ada"}));
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn banned_people_get_no_token() {
    let (database, gateway) = stage().await;
    let (_, session) = log_in(&gateway, "ada@example.com", "engine no. 1").await;
    let ban = "update auth.users set banned_until = now() + interval '1 hour'";
    database.superuser.batch_execute(ban).await.unwrap();
    let refusal = json!({"code": 400, "error_code": "user_banned", "msg": "User is banned"});
    assert_eq!(
        log_in(&gateway, "ada@example.com", "engine no. 1").await,
        (400, refusal.clone())
    );
    let refresh = json!({"refresh_token": session["refresh_token"]});
    assert_eq!(
        granted(&gateway, "refresh_token", &refresh).await,
        (400, refusal)
    );
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn wrong_password_and_unknown_person_are_refused_alike() {
    let (database, gateway) = stage().await;
    let wrong = log_in(&gateway, "ada@example.com", "engine no. 2").await;
    let refusal = json!({"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"});
    assert_eq!(wrong, (400, refusal));
    assert_eq!(
        log_in(&gateway, "unknown@example.com", "engine no. 1").await,
        wrong
    );
    database
        .superuser
        .batch_execute("update auth.users set encrypted_password = null")
        .await
        .unwrap();
    assert_eq!(log_in(&gateway, "ada@example.com", "").await, wrong);
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn passwords_hashed_by_pgcrypto_sign_in() {
    let (database, gateway) = stage().await;
    // As crypt('abc', gen_salt('bf', 6)) writes it.
    let update = "update auth.users set encrypted_password = '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'";
    database.superuser.batch_execute(update).await.unwrap();
    assert_eq!(log_in(&gateway, "ada@example.com", "abc").await.0, 200);
    assert_eq!(
        log_in(&gateway, "ada@example.com", "engine no. 1").await.0,
        400
    );
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn only_a_refresh_token_renews_a_session() {
    let (database, gateway) = stage().await;
    let (_, session) = log_in(&gateway, "ada@example.com", "engine no. 1").await;
    let refresh = session["refresh_token"].as_str().unwrap();
    let (status, again) = granted(
        &gateway,
        "refresh_token",
        &json!({"refresh_token": refresh}),
    )
    .await;
    assert_eq!((status, &again["user"]["id"]), (200, &json!(ADA)));
    let mut forged = refresh.to_owned();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.insert(0, last);
    for other in [
        forged.as_str(),
        session["access_token"].as_str().unwrap(),
        "",
    ] {
        let (status, body) =
            granted(&gateway, "refresh_token", &json!({"refresh_token": other})).await;
        assert_eq!(
            (status, &body["error_code"]),
            (400, &json!("refresh_token_not_found"))
        );
    }
    database
        .superuser
        .batch_execute("delete from auth.users")
        .await
        .unwrap();
    let (status, _) = granted(
        &gateway,
        "refresh_token",
        &json!({"refresh_token": refresh}),
    )
    .await;
    assert_eq!(status, 400);
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn user_of_a_token_is_returned() {
    let (database, gateway) = stage().await;
    let (_, session) = log_in(&gateway, "ada@example.com", "engine no. 1").await;
    let ask = || {
        gateway
            .http
            .get(format!("{}/auth/v1/user", gateway.url))
            .header("apikey", gateway.keys.publishable_key())
    };
    let (status, person) = sent(ask().bearer_auth(session["access_token"].as_str().unwrap())).await;
    assert_eq!((status, &person["email"]), (200, &json!("ada@example.com")));
    let (status, body) = sent(ask()).await;
    assert_eq!(
        (status, &body["error_code"]),
        (401, &json!("no_authorization"))
    );
    let (status, body) = sent(ask().bearer_auth("a.b.c")).await;
    assert_eq!((status, &body["error_code"]), (403, &json!("bad_jwt")));
    let stranger = gateway.keys.mint_user_token(
        Uuid::new_v4(),
        "x@example.com",
        std::time::Duration::from_secs(60),
    );
    let (status, body) = sent(ask().bearer_auth(stranger.expose_secret())).await;
    assert_eq!(
        (status, &body["error_code"]),
        (403, &json!("user_not_found"))
    );
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn auth_requires_a_key_and_a_supported_grant() {
    let (database, gateway) = stage().await;
    let health = gateway.http.get(format!("{}/auth/v1/health", gateway.url));
    assert_eq!(sent(health.try_clone().unwrap()).await.0, 401);
    let (status, body) = sent(health.header("apikey", gateway.keys.publishable_key())).await;
    assert_eq!((status, &body["name"]), (200, &json!("GoTrue")));
    let (status, body) = granted(&gateway, "magic", &json!({})).await;
    assert_eq!(
        (status, &body["msg"]),
        (400, &json!("unsupported_grant_type"))
    );
    let request = gateway
        .http
        .post(format!("{}/auth/v1/token?grant_type=password", gateway.url));
    let (status, body) = sent(
        request
            .header("apikey", gateway.keys.publishable_key())
            .body("nonsense"),
    )
    .await;
    assert_eq!((status, &body["error_code"]), (400, &json!("bad_json")));
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn sign_up_creates_person_once_and_signs_in() {
    let (database, gateway) = stage().await;
    let sign_up = |body: Value| {
        let request = gateway.http.post(format!("{}/auth/v1/signup", gateway.url));
        sent(
            request
                .header("apikey", gateway.keys.publishable_key())
                .json(&body),
        )
    };
    let wanted =
        json!({"email": " Grace@Example.com ", "password": "compiler", "data": {"name": "Grace"}});
    let (status, session) = sign_up(wanted).await;
    assert_eq!(status, 200, "{session}");
    assert_eq!(session["user"]["email"], "grace@example.com");
    assert_eq!(session["user"]["user_metadata"]["name"], "Grace");
    assert_eq!(
        log_in(&gateway, "grace@example.com", "compiler").await.0,
        200
    );
    for (email, password, expected) in [
        (
            "GRACE@example.com",
            "another one",
            (422, "user_already_exists"),
        ),
        (
            "ada@example.com",
            "another one",
            (422, "user_already_exists"),
        ),
        ("new@example.com", "short", (422, "weak_password")),
        (
            "new@example.com",
            &"x".repeat(73),
            (400, "validation_failed"),
        ),
        ("new@example", "long enough", (400, "validation_failed")),
        ("@example.com", "long enough", (400, "validation_failed")),
        ("", "long enough", (400, "validation_failed")),
    ] {
        let (status, body) = sign_up(json!({"email": email, "password": password})).await;
        let code = body["error_code"].as_str().unwrap_or_default();
        assert_eq!((status, code), expected, "{email}: {body}");
    }
    gateway.stop().await;
    database.drop().await;
}
