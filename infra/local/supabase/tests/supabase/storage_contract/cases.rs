//! The requests in their order, each with its expected response: later ones depend on earlier ones.

use super::PERSON;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sender {
    WithoutToken,
    Anonymous,
    User,
    Secret,
    Forger,
}

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) sender: Sender,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Vec<u8>,
    pub(super) status: u16,
    pub(super) expected: Expected,
}

pub(super) enum Expected {
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

pub(super) fn cases(run: &str) -> Vec<Case> {
    use Sender::{Anonymous, Forger, Secret, User, WithoutToken};
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
            "a request without a token stores nothing",
            WithoutToken,
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
            WithoutToken,
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
            "a public bucket is written with the right to",
            Secret,
            Method::POST,
            &public,
            stored(&public),
        )
        .body("all"),
        case(
            "and read by all",
            WithoutToken,
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
