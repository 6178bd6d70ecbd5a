//! The HTTP client of Supabase Storage.

use std::sync::OnceLock;

use reqwest::redirect::Policy;

use crate::Error;

/// The client, built when the first object comes: most invocations meet none, and building it costs some of a cold
/// start.
#[derive(Default)]
pub(crate) struct Client(OnceLock<reqwest::Client>);

impl Client {
    pub(super) fn get(&self) -> Result<&reqwest::Client, Error> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        // A redirect would send the token to the host that it names.
        let built = reqwest::Client::builder().redirect(Policy::none()).build();
        let built = built.map_err(|_| Error::Misconfigured {
            message: "no HTTP client could be built for Supabase Storage".to_owned(),
        })?;
        Ok(self.0.get_or_init(|| built))
    }
}
