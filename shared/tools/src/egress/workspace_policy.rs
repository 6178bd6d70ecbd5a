//! The destinations that a workspace allows: from the claimed step's workspace, never from a model.

use serde::Deserialize;

/// The destinations that the workspace allows to tools. An empty list allows none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct EgressPolicy {
    /// The hosts that `http` may call: `host`, or `host:port` where the port is not 443.
    #[serde(default)]
    pub http_hosts: Vec<String>,
    /// The domains that `email` may write to.
    #[serde(default)]
    pub email_domains: Vec<String>,
    /// True if webhooks are signed: the workspace has a secret for it, or requires one.
    #[serde(default)]
    pub webhooks_signed: bool,
}
