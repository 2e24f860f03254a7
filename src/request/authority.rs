//! The authority: exactly one, on our list, and the one that TLS was told.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::HeaderMap;
use http::header::HOST;
use http::request::Parts;

use super::refused::{Ambiguous, AuthorityRule};

/// The port that an `https` authority means when it names none (RFC 9110 4.2.2).
const HTTPS_PORT: u16 = 443;

/// The longest name of a host, in bytes (RFC 1035 2.3.4, as text without the last dot).
const HOST_MAX: usize = 253;

/// The longest label of a host's name, in bytes (RFC 1035 2.3.4).
const LABEL_MAX: usize = 63;

/// The names we answer to: hosts in lower case, each with one port or with any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorities(Vec<Name>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    host: String,
    port: Option<u16>,
}

/// Why a configured text is no list of authorities.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthorities {
    /// There is none: nobody could be answered.
    #[error("no host name is configured")]
    None,
    /// One is not what an authority is.
    #[error("`{0}` is not a host name or address, perhaps with a port, such as `gw1.hungyen.example:8443`")]
    Malformed(String),
}

impl Authorities {
    /// Takes the configured names, such as `gw1.hungyen.example` (with any port), `10.1.2.3:8443` or `[2001:db8::1]`.
    ///
    /// # Errors
    /// There is none, or one is no host name or address in canonical form.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, NotAuthorities> {
        let one = |text: &str| {
            let escaped = || text.chars().take(HOST_MAX).flat_map(char::escape_default).collect();
            Name::parse(text).ok_or_else(|| NotAuthorities::Malformed(escaped()))
        };
        let names = names.into_iter().map(one).collect::<Result<Vec<_>, _>>()?;
        if names.is_empty() { Err(NotAuthorities::None) } else { Ok(Self(names)) }
    }

    /// Whether we answer to this host, on whatever port; in lower case.
    #[must_use]
    pub fn knows_host(&self, host: &str) -> bool {
        self.0.iter().any(|name| name.host == host)
    }

    fn knows(&self, name: &Name) -> bool {
        self.0
            .iter()
            .any(|ours| ours.host == name.host && ours.port.is_none_or(|port| port == name.effective_port()))
    }
}

/// The request's one authority, as `@authority` spells it (RFC 9421 2.2.3): lower case, without the port 443.
///
/// `Host` must be there once, or `:authority` over HTTP/2, or both and say the same. The host must be on the list, and be the TLS
/// server name if one was sent; callers by address send none.
pub(super) fn read(
    parts: &Parts,
    server_name: Option<&str>,
    ours: &Authorities,
) -> Result<String, Ambiguous> {
    let name = one_of(host(&parts.headers)?, parts.uri.authority().map(http::uri::Authority::as_str))?;
    if !ours.knows(&name) {
        return Err(Ambiguous::Authority(AuthorityRule::Known));
    }
    if server_name.is_some_and(|sent| sent != name.host) {
        return Err(Ambiguous::Authority(AuthorityRule::ServerName));
    }
    Ok(name.spelled())
}

fn host(headers: &HeaderMap) -> Result<Option<&str>, Ambiguous> {
    headers
        .get(HOST)
        .map(|value| value.to_str().map_err(|_| Ambiguous::Authority(AuthorityRule::Form)))
        .transpose()
}

fn one_of(host: Option<&str>, authority: Option<&str>) -> Result<Name, Ambiguous> {
    let read = |text| Name::parse(text).ok_or(Ambiguous::Authority(AuthorityRule::Form));
    match (host, authority) {
        (None, None) => Err(Ambiguous::HeaderMissing("host")),
        (Some(only), None) | (None, Some(only)) => read(only),
        (Some(host), Some(authority)) => {
            let (host, authority) = (read(host)?, read(authority)?);
            let agree = host.spelled() == authority.spelled();
            if agree { Ok(host) } else { Err(Ambiguous::Authority(AuthorityRule::Agreement)) }
        }
    }
}

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !text.ends_with(']') => (host, Some(port_of(port)?)),
            Some(_) | None => (text, None),
        };
        let host = host.to_ascii_lowercase();
        is_host(&host).then_some(Self { host, port })
    }

    fn effective_port(&self) -> u16 {
        self.port.unwrap_or(HTTPS_PORT)
    }

    fn spelled(&self) -> String {
        match self.effective_port() {
            HTTPS_PORT => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

fn port_of(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    (port != 0 && port.to_string() == text).then_some(port)
}

/// A name of letters, digits and inner hyphens (RFC 1123 2.1) without a last dot, or an address in its one spelling.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address);
    }
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    match host.rsplit('.').next() {
        Some(last) if is_number(last) => host.parse::<Ipv4Addr>().is_ok(),
        _ => host.len() <= HOST_MAX && host.split('.').all(is_label),
    }
}

fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LABEL_MAX).contains(&label.len())
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_has_one_spelling() {
        let spelled = |text: &str| Name::parse(text).map(|name| name.spelled());
        for (text, canonical) in [
            ("gw1.hungyen.example", "gw1.hungyen.example"),
            ("GW1.HungYen.Example:443", "gw1.hungyen.example"),
            ("localhost:8443", "localhost:8443"),
            ("10.1.2.3:8443", "10.1.2.3:8443"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("[2001:DB8::1]:8443", "[2001:db8::1]:8443"),
        ] {
            assert_eq!(spelled(text).as_deref(), Some(canonical));
        }
    }

    #[test]
    fn what_is_more_or_less_than_host_and_port_is_none() {
        for text in [
            "",
            ":443",
            "gw.",
            "gw.example.:443",
            "gw:",
            "gw:0",
            "gw:0443",
            "gw:+443",
            "gw:65536",
            "gw:443:443",
            "a@gw",
            "gw/",
            "gw?",
            "gw#",
            "g w",
            "gw..example",
            "-gw",
            "gw-",
            "g_w",
            "gẃ",
            "gw,gw",
            "10.1.2",
            "10.1.2.03",
            "0x7f.1",
            "1",
            "[::1",
            "::1",
            "[0:0::1]",
            "[::1%25eth0]",
            "[::1]443",
            "[gw]",
            "%67w",
        ] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_configured_list_is_checked_whole() {
        assert_eq!(Authorities::parse([]), Err(NotAuthorities::None));
        let malformed = Authorities::parse(["gw.example", "gw.example."]).unwrap_err();
        assert_eq!(malformed, NotAuthorities::Malformed("gw.example.".to_owned()));
        assert!(Authorities::parse(["GW.example:8443"]).unwrap().knows_host("gw.example"));
    }
}
