//! The HTTP client of all calls, and requests of `postgrest` in its types.

use std::sync::OnceLock;

use bytes::Bytes;
use postgrest::Builder;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Url};

use crate::Error;

/// A client that is built at the first call: building it costs some of a cold start.
#[derive(Default)]
pub(crate) struct LazyClient(OnceLock<Client>);

impl LazyClient {
    pub(crate) fn get(&self) -> Result<&Client, Error> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        // A redirect would send the token to the host that it names.
        let built = Client::builder().redirect(Policy::none()).build();
        let built =
            built.map_err(|_| misconfigured("no HTTP client could be built for the project"))?;
        Ok(self.0.get_or_init(|| built))
    }
}

/// A request that `postgrest` has built. Its own types are those of reqwest 0.11, which sends nothing.
pub(crate) struct Request {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl Request {
    pub(crate) fn of(builder: Builder) -> Result<Self, Error> {
        let unusable = || misconfigured("the project's URL cannot be called; set SUPABASE_URL");
        let built = builder.build().build().map_err(|_| unusable())?;
        let mut headers = HeaderMap::new();
        for (name, value) in built.headers() {
            let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(|_| unusable())?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unusable())?;
            headers.append(name, value);
        }
        let body = built.body().and_then(|body| body.as_bytes());
        Ok(Self {
            method: Method::from_bytes(built.method().as_str().as_bytes())
                .map_err(|_| unusable())?,
            url: built.url().clone(),
            headers,
            body: Bytes::copy_from_slice(body.unwrap_or_default()),
        })
    }

    pub(crate) fn with(&self, client: &Client) -> RequestBuilder {
        client
            .request(self.method.clone(), self.url.clone())
            .headers(self.headers.clone())
            .body(self.body.clone())
    }
}

fn misconfigured(message: &str) -> Error {
    Error::Misconfigured {
        message: message.to_owned(),
    }
}
