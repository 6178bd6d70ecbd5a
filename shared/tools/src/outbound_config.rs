//! The configuration of what leaves the installation, which the executor and the notifier share.

use domain::PrivateHosts;
use domain::private_hosts::PRIVATE_HOSTS;

use crate::HttpPolicy;

/// The destinations that an operator allows, and the mail provider.
#[derive(Debug, Clone, Default)]
pub struct OutboundConfig {
    /// The policy of everything that uses HTTP.
    pub http: HttpPolicy,
    /// The mail provider; without it, no mail is sent.
    pub email: Option<EmailProvider>,
}

/// The mail provider; its key is a secret, read later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailProvider {
    /// `GOALPOST_EMAIL_URL`: the provider's endpoint, such as `https://api.resend.com/emails`.
    pub url: String,
    /// `GOALPOST_EMAIL_FROM`: the sender, such as `Goalpost <goalpost@example.com>`.
    pub from: String,
}

impl OutboundConfig {
    /// Reads the variables that `variable` returns. Beside the configuration it returns a sentence for each problem; the
    /// configuration is empty in those places.
    #[must_use]
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
        supabase_url: &str,
    ) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let private_hosts = PrivateHosts::parse(&variable(PRIVATE_HOSTS).unwrap_or_default());
        let private_hosts = private_hosts.unwrap_or_else(|error| {
            problems.push(error.to_string());
            PrivateHosts::default()
        });
        let email = match (
            variable("GOALPOST_EMAIL_URL"),
            variable("GOALPOST_EMAIL_FROM"),
        ) {
            (Some(url), Some(from)) => Some(EmailProvider { url, from }),
            (None, None) => None,
            _ => {
                let problem =
                    "GOALPOST_EMAIL_URL and GOALPOST_EMAIL_FROM are set together, or neither is";
                problems.push(problem.to_owned());
                None
            }
        };
        let http = HttpPolicy {
            private_hosts,
            denied_hosts: own_host(supabase_url).into_iter().collect(),
            ..HttpPolicy::default()
        };
        (Self { http, email }, problems)
    }
}

/// Returns the host of the project's own API, which nothing may call: a key or token of another user would be used
/// there. An address (as a local stack has) is none of a public host, and refused for that.
fn own_host(supabase_url: &str) -> Option<String> {
    let (_, rest) = supabase_url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host
        .split(':')
        .next()?
        .trim_end_matches('.')
        .to_ascii_lowercase();
    let is_name = host.contains('.') && host.parse::<std::net::IpAddr>().is_err();
    is_name.then_some(host)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (OutboundConfig, Vec<String>) {
        let found = |name: &str| pairs.iter().find(|(known, _)| *known == name);
        OutboundConfig::read(|name| found(name).map(|(_, value)| (*value).to_owned()), "")
    }

    #[test]
    fn own_host_is_denied_unless_an_address() {
        assert_eq!(
            own_host("https://Abc.supabase.co/").as_deref(),
            Some("abc.supabase.co")
        );
        assert_eq!(
            own_host("https://abc.supabase.co.:443").as_deref(),
            Some("abc.supabase.co")
        );
        for local in [
            "http://127.0.0.1:54321",
            "http://localhost:54321",
            "nonsense",
            "",
        ] {
            assert_eq!(own_host(local), None, "{local}");
        }
    }

    #[test]
    fn mail_requires_provider_and_sender() {
        let (url, from) = (
            ("GOALPOST_EMAIL_URL", "https://m.example/"),
            ("GOALPOST_EMAIL_FROM", "a@b.example"),
        );
        assert!(read(&[]).0.email.is_none());
        let (config, problems) = read(&[url, from]);
        assert_eq!(config.email.unwrap().from, "a@b.example");
        assert!(problems.is_empty());
        for half in [url, from] {
            let (config, problems) = read(&[half]);
            assert!(config.email.is_none());
            assert!(problems.concat().contains("set together"));
        }
    }

    #[test]
    fn private_host_without_workspace_is_a_problem() {
        let named = "127.0.0.1:80=3f2504e0-4f89-41d3-9a0c-0305e82c3301";
        let (config, problems) = read(&[(PRIVATE_HOSTS, named)]);
        assert_eq!((config.http.private_hosts.len(), problems.len()), (1, 0));
        let (_, problems) = read(&[(PRIVATE_HOSTS, "hooks.local:80")]);
        assert!(problems.concat().contains("host[:port]=<workspace id>"));
    }
}
