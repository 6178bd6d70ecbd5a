//! Signature Version 4 of a POST without a query, as the IAM user guide describes it ("Create a signed AWS API
//! request").

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use ring::{digest, hmac};
use secrecy::{ExposeSecret as _, SecretString};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The credentials that Lambda gives a sandbox.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: SecretString,
    /// `AWS_SESSION_TOKEN`; credentials of an IAM user have none.
    pub session_token: Option<SecretString>,
}

/// A request to sign.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    /// Names in lower case and in their order; `host` and `x-amz-date` are among them.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

/// Returns the time in the form that signatures contain.
pub(crate) fn timestamp(now: DateTime<Utc>) -> String {
    now.format("%Y%m%dT%H%M%SZ").to_string()
}

/// Returns the value of the header `authorization`.
pub(crate) fn authorization(
    request: &Request<'_>,
    credentials: &Credentials,
    (region, service): (&str, &str),
    now: DateTime<Utc>,
) -> String {
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut canonical = format!("{}\n{}\n{}\n", request.method, request.path, request.query);
    for (name, value) in request.headers {
        let _ = writeln!(canonical, "{name}:{}", value.trim());
    }
    let _ = write!(canonical, "\n{names}\n{}", sha256(request.body));
    let date = now.format("%Y%m%d").to_string();
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let text = format!(
        "{ALGORITHM}\n{}\n{scope}\n{}",
        timestamp(now),
        sha256(canonical.as_bytes())
    );
    let secret = format!("AWS4{}", credentials.secret_access_key.expose_secret());
    let key = [&date, region, service, "aws4_request"]
        .into_iter()
        .fold(secret.into_bytes(), |key, part| mac(&key, part));
    format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        credentials.access_key_id,
        hex(&mac(&key, &text))
    )
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Compares with the worked example of the AWS General Reference (`ListUsers` of IAM).
    #[test]
    fn published_example_has_its_signature() {
        let headers = [
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            ),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ];
        let request = Request {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &headers,
            body: b"",
        };
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: None,
        };
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        assert_eq!(
            authorization(&request, &credentials, ("us-east-1", "iam"), now),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn debug_output_hides_secrets() {
        let credentials = Credentials {
            access_key_id: "id".to_owned(),
            secret_access_key: "canary".into(),
            session_token: Some("canary".into()),
        };
        assert!(!format!("{credentials:?}").contains("canary"));
    }
}
