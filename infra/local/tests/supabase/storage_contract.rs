//! The contract of Storage: requests in order and what must come back, run against a URL.
//!
//! The one thing to know: nothing here knows who serves. With `SUPABASE_URL` set (and `SUPABASE_PUBLISHABLE_KEY`,
//! `SUPABASE_SECRET_KEY`, `SUPABASE_USER_TOKEN`: a token whose `sub` is 00000000-0000-4000-8000-000000000001) it runs
//! against that project, which must have `storage_contract.sql`; otherwise against a gateway started here.

use crate::support::{Database, Gateway};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::{env, time::Duration};
use uuid::Uuid;

const SETUP: &str = include_str!("storage_contract.sql");
const PERSON: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001);

struct Target {
    url: String,
    publishable_key: String,
    secret_key: String,
    user_token: String,
    local: Option<(Database, Gateway)>,
}

impl Target {
    async fn open() -> Self {
        let Some(url) = env::var("SUPABASE_URL").ok().filter(|url| !url.is_empty()) else {
            return Self::local().await;
        };
        let var = |name| {
            env::var(name).unwrap_or_else(|_| panic!("SUPABASE_URL is set, so set {name} too"))
        };
        Self {
            url: url.trim_end_matches('/').to_owned(),
            publishable_key: var("SUPABASE_PUBLISHABLE_KEY"),
            secret_key: var("SUPABASE_SECRET_KEY"),
            user_token: var("SUPABASE_USER_TOKEN"),
            local: None,
        }
    }

    async fn local() -> Self {
        let database = Database::with(SETUP).await;
        let gateway = Gateway::over(&database).await;
        let keys = &gateway.keys;
        let token = keys.mint_user_token(PERSON, "ada@example.com", Duration::from_secs(600));
        Self {
            url: gateway.url.clone(),
            publishable_key: keys.publishable_key().to_owned(),
            secret_key: keys.secret_key().expose_secret().to_owned(),
            user_token: token.expose_secret().to_owned(),
            local: Some((database, gateway)),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Sender {
    Nobody,
    Anonymous,
    User,
    Secret,
    Forger,
}

struct Case {
    name: &'static str,
    sender: Sender,
    method: Method,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    status: u16,
    expected: Expected,
}

enum Expected {
    Bytes(&'static str, &'static str),
    /// Status, code, error and message in the body.
    Refusal(
        &'static str,
        &'static str,
        &'static str,
        Option<&'static str>,
    ),
    Has(Value),
}

fn case(
    name: &'static str,
    sender: Sender,
    method: Method,
    path: &str,
    expected: Expected,
) -> Case {
    let status = match expected {
        Expected::Refusal(..) => 400,
        _ => 200,
    };
    Case {
        name,
        sender,
        method,
        path: path.to_owned(),
        headers: vec![("content-type", "text/plain")],
        body: Vec::new(),
        status,
        expected,
    }
}

impl Case {
    fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
        self
    }
}

const NOT_FOUND: Expected =
    Expected::Refusal("404", "NoSuchKey", "not_found", Some("Object not found"));
const NO_BUCKET: Expected = Expected::Refusal(
    "404",
    "NoSuchBucket",
    "Bucket not found",
    Some("Bucket not found"),
);
const ROW_LEVEL: Expected = Expected::Refusal(
    "403",
    "AccessDenied",
    "Unauthorized",
    Some("new row violates row-level security policy"),
);

fn cases(run: &str) -> Vec<Case> {
    use Sender::{Anonymous, Forger, Nobody, Secret, User};
    let mine = format!("contract/{PERSON}/{run}/note.txt");
    let other = format!("contract/{}/{run}/note.txt", Uuid::from_u128(7));
    let public = format!("contract_public/{run}/note.txt");
    let stored = |place: &str| Expected::Has(json!({"Key": place}));
    let duplicate = Expected::Refusal(
        "409",
        "KeyAlreadyExists",
        "Duplicate",
        Some("The resource already exists"),
    );
    let too_large = Expected::Refusal(
        "413",
        "EntityTooLarge",
        "Payload too large",
        Some("The object exceeded the maximum allowed size"),
    );
    let mime = Expected::Refusal(
        "415",
        "InvalidMimeType",
        "invalid_mime_type",
        Some("mime type image/png is not supported"),
    );
    let no_token = Some("headers must have required property 'authorization'");
    let no_token = Expected::Refusal("400", "InvalidRequest", "Error", no_token);
    vec![
        case(
            "who brings no token puts nothing",
            Nobody,
            Method::POST,
            &mine,
            no_token,
        )
        .body("x"),
        case(
            "a token of another signature is refused",
            Forger,
            Method::POST,
            &mine,
            Expected::Refusal("403", "AccessDenied", "Unauthorized", None),
        )
        .body("x"),
        case(
            "there is no such bucket",
            User,
            Method::POST,
            "contract_none/a",
            NO_BUCKET,
        )
        .body("x"),
        case(
            "row-level security refuses",
            User,
            Method::POST,
            &other,
            ROW_LEVEL,
        )
        .body("x"),
        case(
            "row-level security lets in",
            User,
            Method::POST,
            &mine,
            stored(&mine),
        )
        .body("first"),
        case("once", User, Method::POST, &mine, duplicate).body("second"),
        case(
            "its own reader reads",
            User,
            Method::GET,
            &mine,
            Expected::Bytes("first", "text/plain"),
        ),
        case(
            "by the other address too",
            User,
            Method::GET,
            &format!("authenticated/{mine}"),
            Expected::Bytes("first", "text/plain"),
        ),
        case(
            "what one may not see is not there",
            Anonymous,
            Method::GET,
            &mine,
            NOT_FOUND,
        ),
        case(
            "nor is its bucket, without a token",
            Nobody,
            Method::GET,
            &mine,
            NO_BUCKET,
        ),
        case(
            "nothing is where nothing was put",
            User,
            Method::GET,
            &other,
            NOT_FOUND,
        ),
        case(
            "a name is refused",
            User,
            Method::POST,
            &format!("contract/{PERSON}/a%23b"),
            Expected::Refusal("400", "InvalidKey", "InvalidKey", None),
        )
        .body("x"),
        case(
            "a bucket has a limit",
            User,
            Method::POST,
            &format!("contract/{PERSON}/{run}/large"),
            too_large,
        )
        .body(vec![b'x'; 1001]),
        case(
            "up to which objects may go",
            User,
            Method::POST,
            &format!("contract/{PERSON}/{run}/full"),
            stored(&format!("contract/{PERSON}/{run}/full")),
        )
        .body(vec![b'x'; 1000]),
        case(
            "a bucket has its kinds",
            User,
            Method::POST,
            &format!("contract/{PERSON}/{run}/picture"),
            mime,
        )
        .header("content-type", "image/png")
        .body("x"),
        case(
            "to overwrite is a right of its own",
            User,
            Method::POST,
            &mine,
            ROW_LEVEL,
        )
        .header("x-upsert", "true")
        .body("third"),
        case(
            "which the secret key has",
            Secret,
            Method::PUT,
            &mine,
            stored(&mine),
        )
        .body("third"),
        case(
            "and then it is another",
            User,
            Method::GET,
            &mine,
            Expected::Bytes("third", "text/plain"),
        ),
        case(
            "to delete is one too",
            User,
            Method::DELETE,
            &mine,
            NOT_FOUND,
        ),
        case(
            "a public bucket is written by who may",
            Secret,
            Method::POST,
            &public,
            stored(&public),
        )
        .body("all"),
        case(
            "and read by all",
            Nobody,
            Method::GET,
            &public,
            Expected::Bytes("all", "text/plain"),
        ),
        case(
            "what is deleted",
            Secret,
            Method::DELETE,
            &mine,
            Expected::Has(json!({"message": "Successfully deleted"})),
        ),
        case("is gone", User, Method::GET, &mine, NOT_FOUND),
        case(
            "and cannot be deleted again",
            Secret,
            Method::DELETE,
            &mine,
            NOT_FOUND,
        ),
    ]
}

async fn run(http: &reqwest::Client, target: &Target, case: &Case) -> Result<(), String> {
    let url = format!("{}/storage/v1/object/{}", target.url, case.path);
    let request = http.request(case.method.clone(), url);
    let key = &target.publishable_key;
    let mut request = match case.sender {
        Sender::Nobody => request,
        Sender::Anonymous => request.header("apikey", key),
        Sender::User => request
            .header("apikey", key)
            .bearer_auth(&target.user_token),
        Sender::Secret => request.header("apikey", &target.secret_key),
        Sender::Forger => {
            let token = local_stack::keys::ProjectKeys::generate()
                .mint_role_token("service_role", Duration::from_secs(60));
            request
                .header("apikey", key)
                .bearer_auth(token.expose_secret())
        }
    };
    for (name, value) in &case.headers {
        request = request.header(*name, *value);
    }
    if case.method != Method::GET && case.method != Method::DELETE {
        request = request.body(case.body.clone());
    }
    let response = request.send().await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type");
    let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
    let text = response.text().await.map_err(|error| error.to_string())?;
    if status != case.status {
        return Err(format!(
            "status {status} instead of {}: {text}",
            case.status
        ));
    }
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let as_expected = match &case.expected {
        Expected::Bytes(bytes, mime) => text == *bytes && content_type.as_deref() == Some(mime),
        Expected::Has(fields) => fields
            .as_object()
            .unwrap()
            .iter()
            .all(|(name, value)| body[name] == *value),
        // The code is newer than the rest, and left out by some versions.
        Expected::Refusal(status, code, error, message) => {
            body["statusCode"] == **status
                && body["error"] == **error
                && body.get("code").is_none_or(|said| said == code)
                && message.is_none_or(|message| body["message"] == message)
        }
    };
    as_expected
        .then_some(())
        .ok_or(format!("got {text} as {content_type:?}"))
}

#[tokio::test]
async fn every_request_of_the_contract_is_answered_as_storage_answers_it() {
    let target = Target::open().await;
    let http = reqwest::Client::new();
    let mut broken = Vec::new();
    let cases = cases(&Uuid::new_v4().simple().to_string());
    for case in &cases {
        if let Err(why) = run(&http, &target, case).await {
            broken.push(format!("- {}: {why}", case.name));
        }
    }
    assert!(
        broken.is_empty(),
        "{} of {} differ:\n{}",
        broken.len(),
        cases.len(),
        broken.join("\n")
    );
    if let Some((database, gateway)) = target.local {
        gateway.stop().await;
        database.drop().await;
    }
}
