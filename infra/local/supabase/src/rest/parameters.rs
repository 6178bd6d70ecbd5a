//! Parses a request to `/rest/v1/rpc/…`: schema, arguments, the form of the answer.
//!
//! Bodies are parsed only as far as their top-level keys; the text goes to Postgres unchanged.

use super::{
    call::{Arguments, Wanted},
    error::Error,
    overload::Body,
};
use axum::http::{HeaderMap, Method, StatusCode, header};
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet};

/// The arguments of a call, not yet matched with a function.
pub(super) struct Given {
    /// JSON text for the one bound parameter.
    pub(super) text: String,
    pub(super) names: BTreeSet<String>,
    /// The forms in which a function may accept them.
    pub(super) bodies: Vec<Body>,
    pub(super) in_query: bool,
}

impl Given {
    /// Returns the form in which the chosen function receives them.
    pub(super) fn arguments(&self, whole: bool) -> Arguments {
        match (whole, self.in_query) {
            (true, _) => Arguments::WholeBody,
            (false, true) => Arguments::Texts,
            (false, false) => Arguments::JsonObject,
        }
    }
}

/// Query parameters that filter, order or limit the rows of a function.
const ON_ROWS: [&str; 6] = ["select", "order", "limit", "offset", "and", "or"];

/// Parses the arguments of a GET or HEAD request.
pub(super) fn from_query(query: Option<&str>) -> Result<Given, Error> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        refuse_work_on_rows(&name)?;
        if name != "apikey" {
            texts.insert(name.into_owned(), value.into_owned());
        }
    }
    Ok(Given {
        text: serde_json::to_string(&texts).unwrap_or_default(),
        names: texts.into_keys().collect(),
        bodies: vec![Body::Named],
        in_query: true,
    })
}

/// Parses the arguments of a POST request.
pub(super) fn from_body(
    headers: &HeaderMap,
    query: Option<&str>,
    body: &[u8],
) -> Result<Given, Error> {
    for (name, _) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        refuse_work_on_rows(&name)?;
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type.unwrap_or("application/json").split(';').next();
    if media_type.map(str::trim) != Some("application/json") {
        let message = format!(
            "Content-Type not acceptable: {}",
            content_type.unwrap_or_default()
        );
        return Err(Error::bad_request("PGRST102", message));
    }
    let invalid = || Error::bad_request("PGRST102", "Empty or invalid json");
    let text = std::str::from_utf8(body).map_err(|_| invalid())?.trim();
    let text = if text.is_empty() { "{}" } else { text };
    let (names, bodies) = match text.starts_with('{') {
        true => {
            let keys = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text);
            (
                keys.map_err(|_| invalid())?.into_keys().collect(),
                vec![Body::Named, Body::Whole],
            )
        }
        false => {
            serde_json::from_str::<IgnoredAny>(text).map_err(|_| invalid())?;
            (BTreeSet::new(), vec![Body::Whole])
        }
    };
    Ok(Given {
        text: text.to_owned(),
        names,
        bodies,
        in_query: false,
    })
}

fn refuse_work_on_rows(name: &str) -> Result<(), Error> {
    match ON_ROWS.contains(&name) {
        false => Ok(()),
        true => Err(Error::bad_request("PGRST127", "Feature not implemented").details(format!(
            "The local stack does not apply `{name}` to the rows of a function. Put it into the function, or read a view."
        ))),
    }
}

/// Returns the schema that the profile header of the method names.
pub(super) fn schema<'a>(
    headers: &'a HeaderMap,
    method: &Method,
    exposed: &'a [String],
) -> Result<&'a str, Error> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let name = if reads {
        "accept-profile"
    } else {
        "content-profile"
    };
    let Some(wanted) = headers.get(name) else {
        return Ok(exposed.first().map(String::as_str).unwrap_or_default());
    };
    let wanted = wanted.to_str().unwrap_or_default();
    match exposed.iter().find(|schema| *schema == wanted) {
        Some(schema) => Ok(schema),
        None => Err(Error::new(
            StatusCode::NOT_ACCEPTABLE,
            "PGRST106",
            format!("Invalid schema: {wanted}"),
        )
        .hint(format!(
            "Only the following schemas are exposed: {}",
            exposed.join(", ")
        ))),
    }
}

/// Returns the form of the answer that `Accept` requests.
pub(super) fn wanted(headers: &HeaderMap) -> Result<Wanted, Error> {
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    let Some(accepted) = accepted else {
        return Ok(Wanted::AsReturned);
    };
    for media_type in accepted.split(',') {
        match media_type.split(';').next().unwrap_or_default().trim() {
            "application/vnd.pgrst.object+json" | "application/vnd.pgrst.object" => {
                return Ok(Wanted::OneObject);
            }
            "*/*"
            | "application/*"
            | "application/json"
            | "application/vnd.pgrst.array+json"
            | "application/vnd.pgrst.array" => return Ok(Wanted::AsReturned),
            _ => {}
        }
    }
    Err(Error::new(
        StatusCode::NOT_ACCEPTABLE,
        "PGRST107",
        format!("None of these media types are available: {accepted}"),
    ))
}
