//! The rotation stores tokens that the project accepts, for either kind of signing key.

use std::sync::Arc;
use std::time::Duration;

use aws::{Operation, Settings};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use local_stack::keys::ProjectKeys;
use local_stack::lambda::{FunctionConfig, Host, HostConfig, InvocationType, Reply};
use local_stack::progress::Progress;
use local_stack::stack::Stack;
use local_stack::{binaries, secrets};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use system_tests::stacks;

use super::any_credentials;
use super::moto::{self, Moto};

const PREFIX: &str = "/goalpost/test";

/// Runs the rotation once with a signing key; returns the answer of the function.
async fn rotate(moto: &Moto, stack: &Stack, signing_key: &str) -> Result<Value, String> {
    let home = stack.server().home();
    let built = binaries::deployed(home, &Progress::quiet()).await.unwrap();
    let program = built["rotate"].clone();
    let folder = tempfile::tempdir().unwrap();
    let mut config = HostConfig::new(folder.path());
    let signing_key = SecretString::from(signing_key.to_owned());
    let parameters = Arc::new(move |name: &str| {
        (name == format!("{PREFIX}/signing_key")).then(|| signing_key.clone())
    });
    let secrets = secrets::Server::start(config.session_token.clone(), parameters)
        .await
        .unwrap();
    let mut function = FunctionConfig::new("rotate", program);
    // As infra/aws sets it.
    function.timeout = Duration::from_secs(30);
    for (name, value) in [
        ("GOALPOST_SECRETS_PREFIX", PREFIX.to_owned()),
        ("AWS_ENDPOINT_URL_SSM", moto.url.to_string()),
        (
            "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT",
            secrets.port().to_string(),
        ),
    ] {
        function.environment.insert(name.to_owned(), value);
    }
    config.functions = vec![function];
    let host = Host::start(config).await.unwrap();
    let tick = Bytes::from_static(b"{}");
    let invoked = host
        .invoke("rotate", tick, InvocationType::RequestResponse)
        .await;
    let reply = match invoked.unwrap().reply {
        Reply::Payload(answer) => Ok(serde_json::from_slice(&answer).unwrap()),
        Reply::FunctionError(error) => Err(String::from_utf8_lossy(&error).into_owned()),
        Reply::Accepted | Reply::DryRun => panic!("the function was not waited for"),
    };
    host.stop().await;
    reply
}

/// Returns the stored token and how it is stored.
async fn stored_token(moto: &Moto) -> (String, String) {
    let settings = Settings {
        credentials: any_credentials(),
        region: moto::REGION.to_owned(),
    };
    let operation = Operation {
        service: "ssm",
        target: "AmazonSSM.GetParameter",
        content_type: "application/x-amz-json-1.1",
    };
    let input = json!({"Name": format!("{PREFIX}/worker_token"), "WithDecryption": true});
    let client = aws::Client::new(settings).unwrap();
    let found = client.call(&moto.url, operation, &input).await.unwrap();
    let text = |name: &str| found["Parameter"][name].as_str().unwrap().to_owned();
    (text("Value"), text("Type"))
}

/// Calls a function of the worker's schema with a token; returns the status.
async fn sweep(stack: &Stack, token: &str) -> u16 {
    let response = reqwest::Client::new()
        .post(format!("{}/rest/v1/rpc/sweep", stack.url()))
        .header("apikey", stack.publishable_key())
        .header("content-profile", "goalpost_worker")
        .bearer_auth(token)
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    response.status().as_u16()
}

/// Returns the project's ES256 key as a private JSON Web Key, as `supabase gen signing-key` prints one.
async fn private_jwk(stack: &Stack, keys: &ProjectKeys) -> Value {
    let published = reqwest::get(format!("{}/auth/v1/.well-known/jwks.json", stack.url()));
    let published: Value = published.await.unwrap().json().await.unwrap();
    let mut jwk = published["keys"][0].clone();
    let stored = keys.to_stored();
    let pkcs8 = stored["p256_signing_key"].as_str().unwrap();
    // A P-256 key in PKCS #8 has its private number in these bytes.
    let pkcs8 = STANDARD.decode(pkcs8).unwrap();
    jwk["d"] = json!(URL_SAFE_NO_PAD.encode(&pkcs8[36..68]));
    jwk
}

#[tokio::test]
async fn renewed_token_is_accepted_by_the_project() {
    let Some(moto) = Moto::start("aws_services::rotation", None).await else {
        return;
    };
    let stack = stacks::start().await.unwrap();
    let keys = stack.keys().clone();
    let jwk = private_jwk(&stack, &keys).await.to_string();
    let mut tokens = Vec::new();
    for (signing_key, algorithm) in [
        (jwk.as_str(), "ES256"),
        (keys.jwt_secret().expose_secret(), "HS256"),
    ] {
        let answer = rotate(&moto, &stack, signing_key).await.unwrap();
        assert_eq!(answer["expires_in_seconds"], 900, "{answer}");
        let (token, kind) = stored_token(&moto).await;
        assert_eq!(kind, "SecureString");
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
        let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
        assert_eq!(header["alg"], algorithm);
        assert_eq!(sweep(&stack, &token).await, 200, "{algorithm}");
        tokens.push(token);
    }
    let forged = format!("{}x", tokens[0]);
    assert_eq!(sweep(&stack, &forged).await, 401);
    let other_key = rotate(&moto, &stack, &"another secret ".repeat(3)).await;
    other_key.unwrap();
    let (token, _) = stored_token(&moto).await;
    assert_eq!(sweep(&stack, &token).await, 401, "the key is another one");
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn unusable_signing_key_leaves_the_former_token() {
    let Some(moto) = Moto::start("aws_services::rotation", None).await else {
        return;
    };
    let stack = stacks::start().await.unwrap();
    let secret = stack.keys().jwt_secret().clone();
    rotate(&moto, &stack, secret.expose_secret()).await.unwrap();
    let (former, _) = stored_token(&moto).await;
    for key in ["too short", r#"{"kty": "EC", "crv": "P-256"}"#] {
        let error = rotate(&moto, &stack, key).await.unwrap_err();
        assert!(error.contains("secret_unusable"), "{error}");
        assert!(!error.contains(key), "{error}");
    }
    assert_eq!(stored_token(&moto).await.0, former);
    stack.stop().await.unwrap();
}
