//! The resolver that the client uses for every name: it returns public addresses or none.
//!
//! The client connects to these addresses and resolves nothing again, so a name cannot change its address between the
//! check and the connection.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address;

/// A source of addresses.
#[derive(Clone)]
pub(crate) enum Lookup {
    /// The machine's resolver.
    System,
    /// A fixed table, so that a test needs no network.
    #[cfg(test)]
    Table(std::collections::BTreeMap<String, Vec<std::net::IpAddr>>),
    /// One answer after the other, whatever the name.
    #[cfg(test)]
    Turns(std::sync::Arc<std::sync::Mutex<std::collections::VecDeque<Vec<std::net::IpAddr>>>>),
}

/// A name with a private address. One such address among public ones is enough to refuse.
#[derive(Debug, thiserror::Error)]
#[error("{name} leads to {address}, which is not a public address")]
pub(super) struct NotPublic {
    name: String,
    address: std::net::IpAddr,
}

pub(super) struct PublicOnly {
    lookup: Lookup,
}

impl PublicOnly {
    pub(super) fn new(lookup: Lookup) -> Self {
        Self { lookup }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.lookup.clone();
        Box::pin(async move {
            let found = lookup.find(name.as_str()).await?;
            if let Some(private) = found.iter().find(|found| !address::is_public(found.ip())) {
                let refused = NotPublic {
                    name: name.as_str().to_owned(),
                    address: private.ip(),
                };
                return Err(refused.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

impl Lookup {
    async fn find(&self, name: &str) -> Result<Vec<SocketAddr>, std::io::Error> {
        match self {
            // Port 0 stands for the port of the URL.
            Self::System => Ok(tokio::net::lookup_host((name, 0)).await?.collect()),
            #[cfg(test)]
            Self::Table(table) => {
                let found = table.get(name).cloned().unwrap_or_default();
                Ok(found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect())
            }
            #[cfg(test)]
            Self::Turns(turns) => {
                let next = turns.lock().ok().and_then(|mut turns| turns.pop_front());
                let found = next.unwrap_or_default();
                Ok(found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect())
            }
        }
    }
}
