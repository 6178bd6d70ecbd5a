//! Tests of the caller's identity for each way of presenting keys and tokens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use super::*;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};

mod algorithms;

fn identified(keys: &ProjectKeys, headers: &[(&str, &str)]) -> Result<Caller, Refused> {
    identified_at(keys, "/rest/v1/x", headers)
}

fn identified_at(
    keys: &ProjectKeys,
    uri: &str,
    headers: &[(&str, &str)],
) -> Result<Caller, Refused> {
    let pairs = headers.iter().map(|(name, value)| {
        (
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        )
    });
    identify(
        &pairs.collect::<HeaderMap>(),
        &uri.parse::<Uri>().unwrap(),
        keys,
    )
}

fn role(keys: &ProjectKeys, headers: &[(&str, &str)]) -> String {
    identified(keys, headers).unwrap().role
}

fn code(keys: &ProjectKeys, headers: &[(&str, &str)]) -> &'static str {
    match identified(keys, headers).unwrap_err() {
        Refused::Token(error) => error.code,
        other => panic!("{other}"),
    }
}

#[test]
fn key_alone_gives_its_role() {
    let keys = ProjectKeys::generate();
    assert_eq!(role(&keys, &[("apikey", keys.publishable_key())]), "anon");
    assert_eq!(
        role(&keys, &[("apikey", keys.secret_key().expose_secret())]),
        "service_role"
    );
    let by_query = identified_at(
        &keys,
        &format!("/rest/v1/x?a=1&apikey={}", keys.publishable_key()),
        &[],
    );
    assert_eq!(by_query.unwrap().role, "anon");
}

#[test]
fn missing_or_unknown_key_is_refused() {
    let keys = ProjectKeys::generate();
    let token = keys.mint_user_token(Uuid::new_v4(), "a@example.com", Duration::from_secs(60));
    let bearer = format!("Bearer {}", token.expose_secret());
    assert_eq!(identified(&keys, &[]).unwrap_err(), Refused::NoKey);
    assert_eq!(
        identified(&keys, &[("authorization", &bearer)]).unwrap_err(),
        Refused::NoKey
    );
    assert_eq!(
        identified(&keys, &[("apikey", "")]).unwrap_err(),
        Refused::NoKey
    );
    assert_eq!(
        identified(&keys, &[("apikey", "sb_secret_other")]).unwrap_err(),
        Refused::UnknownKey
    );
    let others = ProjectKeys::generate();
    let refused = identified(&keys, &[("apikey", others.publishable_key())]).unwrap_err();
    assert_eq!(refused, Refused::UnknownKey);
}

#[test]
fn token_replaces_the_role_of_the_key() {
    let keys = ProjectKeys::generate();
    let token = keys.mint_user_token(Uuid::new_v4(), "a@example.com", Duration::from_secs(60));
    let bearer = format!("Bearer {}", token.expose_secret());
    for key in [keys.publishable_key(), keys.secret_key().expose_secret()] {
        assert_eq!(
            role(&keys, &[("apikey", key), ("authorization", &bearer)]),
            "authenticated"
        );
    }
    let worker = format!(
        "bearer {}",
        keys.mint_worker_token(Duration::from_secs(60))
            .expose_secret()
    );
    let headers = [
        ("apikey", keys.publishable_key()),
        ("authorization", worker.as_str()),
    ];
    assert_eq!(role(&keys, &headers), "goalpost_worker");
    let roleless = format!("Bearer {}", keys.sign(&json!({"sub": "x"})).expose_secret());
    let headers = [
        ("apikey", keys.secret_key().expose_secret()),
        ("authorization", roleless.as_str()),
    ];
    assert_eq!(role(&keys, &headers), "anon");
}

#[test]
fn authorization_accepts_the_key_or_a_token() {
    let keys = ProjectKeys::generate();
    let (publishable, secret) = (keys.publishable_key(), keys.secret_key().expose_secret());
    let same = format!("Bearer {secret}");
    assert_eq!(
        role(&keys, &[("apikey", secret), ("authorization", &same)]),
        "service_role"
    );
    assert_eq!(
        code(&keys, &[("apikey", publishable), ("authorization", &same)]),
        "PGRST301"
    );
    assert_eq!(
        code(
            &keys,
            &[
                ("apikey", publishable),
                ("authorization", "Bearer nonsense")
            ]
        ),
        "PGRST301"
    );
    // PostgREST ignores another scheme.
    assert_eq!(
        role(
            &keys,
            &[("apikey", publishable), ("authorization", "Basic eDp5")]
        ),
        "anon"
    );
}

#[test]
fn older_key_is_a_token_of_its_role() {
    let keys = ProjectKeys::generate();
    for name in ["anon", "service_role"] {
        let key = keys.mint_role_token(name, Duration::from_secs(60));
        assert_eq!(role(&keys, &[("apikey", key.expose_secret())]), name);
        let same = format!("Bearer {}", key.expose_secret());
        assert_eq!(
            role(
                &keys,
                &[("apikey", key.expose_secret()), ("authorization", &same)]
            ),
            name
        );
    }
    for name in ["authenticated", "goalpost_worker"] {
        let key = keys.mint_role_token(name, Duration::from_secs(60));
        let refused = identified(&keys, &[("apikey", key.expose_secret())]).unwrap_err();
        assert_eq!(refused, Refused::UnknownKey, "{name}");
    }
}

#[test]
fn secret_key_is_refused_to_browsers() {
    let keys = ProjectKeys::generate();
    let agent = (
        "user-agent",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15",
    );
    let refused = identified(
        &keys,
        &[("apikey", keys.secret_key().expose_secret()), agent],
    )
    .unwrap_err();
    assert_eq!(refused, Refused::SecretKeyInBrowser);
    assert_eq!(
        role(&keys, &[("apikey", keys.publishable_key()), agent]),
        "anon"
    );
    let curl = ("user-agent", "curl/8.11.0");
    assert_eq!(
        role(
            &keys,
            &[("apikey", keys.secret_key().expose_secret()), curl]
        ),
        "service_role"
    );
}

#[test]
fn token_times_have_thirty_seconds_of_grace() {
    let keys = ProjectKeys::generate();
    let verified = |claims: Value| verify(keys.sign(&claims).expose_secret(), &keys);
    let now = Utc::now().timestamp();
    assert!(verified(json!({"role": "anon"})).is_ok());
    assert!(verified(json!({"exp": now - 20})).is_ok());
    for (claims, message) in [
        (json!({"exp": now - 31}), "JWT expired"),
        (json!({"nbf": now + 60}), "JWT not yet valid"),
        (json!({"iat": now + 60}), "JWT issued at future"),
        (
            json!({"exp": "soon"}),
            "The JWT 'exp' claim must be a number",
        ),
    ] {
        let error = verified(claims).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), ("PGRST303", message));
    }
}

#[test]
fn tokens_of_another_signature_are_refused() {
    let (keys, others) = (ProjectKeys::generate(), ProjectKeys::generate());
    let token = others.mint_role_token("service_role", Duration::from_secs(60));
    let error = verify(token.expose_secret(), &keys).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        ("PGRST301", "No suitable key or wrong key type")
    );
}

#[test]
fn workers_token_lives_fifteen_minutes_at_most() {
    let keys = ProjectKeys::generate();
    let token = keys.mint_worker_token(Duration::from_secs(86_400));
    let claims = verify(token.expose_secret(), &keys).unwrap();
    let life = claims.0["exp"].as_i64().unwrap() - claims.0["iat"].as_i64().unwrap();
    assert_eq!(life, 15 * 60);
}

#[test]
fn generated_keys_are_new_storable_and_hidden() {
    let keys = ProjectKeys::generate();
    assert_ne!(keys.to_stored(), ProjectKeys::generate().to_stored());
    let again = ProjectKeys::from_stored(&keys.to_stored()).unwrap();
    assert_eq!(again.to_stored(), keys.to_stored());
    let shown = format!("{keys:?}");
    assert!(!shown.contains(keys.secret_key().expose_secret()));
    assert!(!shown.contains(keys.jwt_secret().expose_secret()));
    assert!(!shown.contains(keys.signing.stored().expose_secret()));
    let caller = identified(&keys, &[("apikey", keys.secret_key().expose_secret())]).unwrap();
    assert!(!format!("{caller:?}").contains("sb_secret"));
    assert!(ProjectKeys::from_stored(&json!({"publishable_key": "x"})).is_err());
}
