//! The way out, shared by every tool that uses HTTP: the rules for destinations, and the clients that keep them.
//!
//! An address is arbitrary text from a model or a row, so it must not reach anything that only this machine can reach.
//! The address of the connection counts, not its spelling: a name is resolved once, by [`resolve`], which returns
//! public addresses or none ([`address::is_public`]); an address written as a number is checked before (the resolver
//! never receives it). No proxy, no cookies, no credentials, no connection kept, and no redirect followed without a
//! check by the tool.
//!
//! Two policies decide: [`HttpPolicy`] is the installation's, [`EgressPolicy`] the workspace's.

mod address;
pub(crate) mod body;
pub(crate) mod charset;
mod client;
#[cfg(test)]
mod forbidden;
mod http_policy;
mod resolve;
pub(crate) mod response;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod vectors;
mod workspace_policy;

pub(crate) use client::{HttpClient, TIMEOUT, read_url, refusal_or_failure, timed_out};
pub use http_policy::HttpPolicy;
#[cfg(test)]
pub(crate) use resolve::Lookup;
pub use workspace_policy::EgressPolicy;
