//! The rules for URLs, applied before anything is resolved.

use std::collections::BTreeSet;
use std::net::IpAddr;

use domain::{PrivateHosts, WorkspaceId};
use url::{Host, Url};

use super::address;
use crate::ToolError;

/// Names that never mean a public host, whatever a resolver returns.
const LOCAL_SUFFIXES: &[&str] = &[
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "home.arpa",
];

/// The additions of an installation to the built-in rules.
#[derive(Debug, Clone, Default)]
pub struct HttpPolicy {
    /// `host:port` pairs that may be reached by plain http and at any address: for local tests only.
    pub allowed_http: BTreeSet<String>,
    /// Hosts that are never reached, such as the project's own API and the functions' own URLs.
    pub denied_hosts: BTreeSet<String>,
    /// Ports besides 443 and 80.
    pub further_ports: BTreeSet<u16>,
    /// Hosts inside the operator's network that `webhook`, `http`, MCP and mail may call, by plain http too, for the
    /// workspaces that are named with them: `GOALPOST_PRIVATE_HOSTS`.
    pub private_hosts: PrivateHosts,
}

impl HttpPolicy {
    /// Checks that a URL may be called; true when it is one of the exempt hosts.
    pub(crate) fn allows(&self, url: &Url) -> Result<bool, ToolError> {
        let refused = |message: String| Err(ToolError::terminal("address_refused", message));
        let (host, name, port) = self.destination(url)?;
        if url.scheme() == "http" && self.allowed_http.contains(&format!("{name}:{port}")) {
            return Ok(true);
        }
        if url.scheme() != "https" {
            return refused(format!("`{}` URLs are refused; use https", url.scheme()));
        }
        if !matches!(port, 443 | 80) && !self.further_ports.contains(&port) {
            return refused(format!(
                "port {port} is refused; only 443 and 80 are allowed"
            ));
        }
        match host {
            Host::Ipv4(ip) => literal(IpAddr::V4(ip))?,
            Host::Ipv6(ip) => literal(IpAddr::V6(ip))?,
            Host::Domain(_) if is_local(&name) => {
                return refused(format!("{name} is not a public host"));
            }
            Host::Domain(_) => {}
        }
        Ok(false)
    }

    /// Checks that a workspace which lists these hosts (`host`, or `host:port` for another port than https' own) may
    /// call a URL; true when it is a private host that serves the workspace. Unlisted hosts are refused. `column` is
    /// where the workspace lists them.
    pub(crate) fn allows_listed(
        &self,
        url: &Url,
        listed: &[String],
        column: &str,
        workspace: &WorkspaceId,
    ) -> Result<bool, ToolError> {
        let (_, name, port) = self.destination(url)?;
        let with_port = format!("{name}:{port}");
        let is_listed = listed.iter().any(|entry| {
            let entry = entry.to_ascii_lowercase();
            entry == with_port || (port == 443 && entry == name)
        });
        if !is_listed {
            let message = format!(
                "{with_port} is not among the hosts that this workspace may call with it; an operator adds hosts to \
                 goalpost.workspaces.{column}"
            );
            return Err(ToolError::terminal("address_refused", message));
        }
        self.allows_named(url, workspace)
    }

    /// Checks that a URL may be called that a person of the workspace or the operator gave; true when it is a private
    /// host that serves the workspace. For every other workspace it is an address like any other.
    pub(crate) fn allows_named(
        &self,
        url: &Url,
        workspace: &WorkspaceId,
    ) -> Result<bool, ToolError> {
        let (_, name, port) = self.destination(url)?;
        let with_port = format!("{name}:{port}");
        if self.private_hosts.serve(&with_port, workspace)
            && matches!(url.scheme(), "http" | "https")
        {
            return Ok(true);
        }
        self.allows(url)
    }

    /// Returns the host, its name in the form that is compared, and the port. Credentials and denied hosts are always
    /// refused.
    fn destination<'url>(
        &self,
        url: &'url Url,
    ) -> Result<(Host<&'url str>, String, u16), ToolError> {
        let refused = |message: String| Err(ToolError::terminal("address_refused", message));
        if !url.username().is_empty() || url.password().is_some() {
            return refused("a URL with a user name or password is refused".into());
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return refused(format!("`{}` URLs are refused; use https", url.scheme()));
        };
        // A last dot does not change the host that a name means.
        let name = host.to_string().trim_end_matches('.').to_ascii_lowercase();
        if self.denied_hosts.contains(&name) {
            return refused(format!("{name} is denied by this installation"));
        }
        Ok((host, name, port))
    }
}

fn literal(ip: IpAddr) -> Result<(), ToolError> {
    if address::is_public(ip) {
        return Ok(());
    }
    Err(ToolError::terminal(
        "address_refused",
        format!("{ip} is not a public address"),
    ))
}

/// Returns true for a name without a dot, or below a name that is only used inside.
fn is_local(name: &str) -> bool {
    let below = |suffix: &str| {
        name.strip_suffix(suffix)
            .is_some_and(|start| start.is_empty() || start.ends_with('.'))
    };
    !name.contains('.') || LOCAL_SUFFIXES.iter().any(|suffix| below(suffix))
}
