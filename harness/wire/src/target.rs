//! Whom to talk to, and how much.

use std::{fmt, net::IpAddr};

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The name to ask for (SNI, and the domain of an XMPP stream). `None`: the host, where it is a name.
    pub server_name: Option<String>,
    /// What to say before TLS.
    pub starttls: Option<StartTls>,
}

impl Target {
    /// The name for SNI: the one given, otherwise the host; nothing where that is an address
    /// (RFC 6066, section 3, allows names only).
    #[must_use]
    pub fn sni(&self) -> Option<&str> {
        let name = self.server_name.as_deref().unwrap_or(&self.host);
        let is_name = name.parse::<IpAddr>().is_err() && !name.is_empty();
        is_name.then_some(name)
    }

    /// The domain of an XMPP stream: the name given, otherwise the host, whatever it is.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.server_name.as_deref().unwrap_or(&self.host)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// What is said before TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTls {
    /// RFC 6120, section 5, client to server.
    Xmpp,
}

/// How many connections a target has to bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// In all. One in sixteen of them is kept for asking again.
    pub connections: u32,
    /// At the same time.
    pub in_flight: u32,
}

impl Budget {
    /// How many connections may be spent on first tries.
    pub(crate) fn for_first_tries(&self) -> u32 {
        self.connections - self.connections / 16
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { connections: 400, in_flight: 8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str, server_name: Option<&str>) -> Target {
        let server_name = server_name.map(str::to_owned);
        Target { host: host.to_owned(), port: 5222, server_name, starttls: None }
    }

    #[test]
    fn only_names_are_asked_for() {
        assert_eq!(target("chat.example", None).sni(), Some("chat.example"));
        assert_eq!(target("192.0.2.1", Some("chat.example")).sni(), Some("chat.example"));
        assert_eq!(target("192.0.2.1", None).sni(), None);
        assert_eq!(target("2001:db8::1", None).sni(), None);
    }

    #[test]
    fn an_address_of_ipv6_is_bracketed() {
        assert_eq!(target("2001:db8::1", None).to_string(), "[2001:db8::1]:5222");
        assert_eq!(target("chat.example", None).to_string(), "chat.example:5222");
    }

    #[test]
    fn a_small_budget_has_no_reserve() {
        assert_eq!(Budget { connections: 3, in_flight: 1 }.for_first_tries(), 3);
        assert_eq!(Budget::default().for_first_tries(), 375);
    }
}
