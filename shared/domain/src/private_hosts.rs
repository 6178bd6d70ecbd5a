//! The hosts inside the operator's own network that tools may call, and for which workspaces.
//!
//! Anyone may create a workspace and register servers in it, so a host of the operator serves only the
//! workspaces that are named with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::WorkspaceId;

/// The environment variable that lists them.
pub const PRIVATE_HOSTS: &str = "GOALPOST_PRIVATE_HOSTS";

/// The port of an entry that names none.
const DEFAULT_PORT: u16 = 443;

/// The private hosts of an installation: `host[:port]=<workspace id>[,<workspace id>…]`, separated by spaces or `;`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrivateHosts(BTreeMap<String, BTreeSet<String>>);

/// An entry that is not of the form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{PRIVATE_HOSTS}: entry {number} {problem}; the form is host[:port]=<workspace id>[,<workspace id>...], and entries \
     are separated by spaces"
)]
pub struct PrivateHostsError {
    number: usize,
    problem: &'static str,
}

impl PrivateHosts {
    /// Reads the variable's value. Empty means none.
    ///
    /// # Errors
    /// Names the first entry that is wrong by its number, never by its text.
    pub fn parse(text: &str) -> Result<Self, PrivateHostsError> {
        let mut hosts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let entries = text.split(|letter: char| letter.is_whitespace() || letter == ';');
        for (position, entry) in entries.filter(|entry| !entry.is_empty()).enumerate() {
            let wrong = |problem| PrivateHostsError {
                number: position + 1,
                problem,
            };
            let (host, workspaces) = entry
                .split_once('=')
                .ok_or_else(|| wrong("names no workspace"))?;
            let host =
                host_and_port(host).ok_or_else(|| wrong("has no host[:port] before the ="))?;
            let served = hosts.entry(host).or_default();
            for workspace in workspaces.split(',') {
                let id: WorkspaceId = workspace
                    .parse()
                    .map_err(|_| wrong("has something that is no workspace id behind the ="))?;
                served.insert(id.as_str().to_ascii_lowercase());
            }
        }
        Ok(Self(hosts))
    }

    /// Returns true if the workspace may call this host, given as `host:port` in lower case.
    #[must_use]
    pub fn serve(&self, host_and_port: &str, workspace: &WorkspaceId) -> bool {
        let served = self.0.get(host_and_port);
        served.is_some_and(|served| served.contains(&workspace.as_str().to_ascii_lowercase()))
    }

    /// Returns the number of hosts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn host_and_port(text: &str) -> Option<String> {
    let has_port = !text.ends_with(']') && text.contains(':');
    let (host, port) = if has_port {
        let (host, port) = text.rsplit_once(':')?;
        (host, port.parse().ok()?)
    } else {
        (text, DEFAULT_PORT)
    };
    let is_host = !host.is_empty() && !host.contains(['/', '@', ',']);
    is_host.then(|| format!("{}:{port}", host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OURS: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
    const THEIRS: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3302";

    fn id(text: &str) -> WorkspaceId {
        text.parse().unwrap()
    }

    #[test]
    fn private_host_serves_only_named_workspaces() {
        let text = format!(
            "127.0.0.1:80={OURS} Hooks.local={OURS},{};\n[::1]:81={THEIRS}",
            THEIRS.to_uppercase()
        );
        let hosts = PrivateHosts::parse(&text).unwrap();
        assert_eq!(hosts.len(), 3);
        for (host, ours, theirs) in [
            ("127.0.0.1:80", true, false),
            ("hooks.local:443", true, true),
            ("[::1]:81", false, true),
            ("127.0.0.1:81", false, false),
            ("hooks.local:80", false, false),
        ] {
            assert_eq!(hosts.serve(host, &id(OURS)), ours, "{host}");
            assert_eq!(hosts.serve(host, &id(THEIRS)), theirs, "{host}");
        }
        assert!(PrivateHosts::parse(" ;\n").unwrap().is_empty());
    }

    #[test]
    fn host_without_workspace_is_refused() {
        for wrong in [
            "127.0.0.1:80",
            "hooks.local",
            &format!("a:80={OURS} b:80"),
            "a:80=",
            &format!("a:80={OURS},"),
            &format!("={OURS}"),
            &format!(":80={OURS}"),
            &format!("a:={OURS}"),
            &format!("a:99999={OURS}"),
            &format!("http://a:80={OURS}"),
            &format!("a:80,b:80={OURS}"),
            "a:80=demo",
            "a:80=*",
        ] {
            let error = PrivateHosts::parse(wrong).unwrap_err().to_string();
            assert!(
                error.contains("host[:port]=<workspace id>"),
                "{wrong}: {error}"
            );
        }
    }
}
