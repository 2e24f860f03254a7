//! A request's head, and what of it can be covered.

use http::HeaderMap;
use http::header::HOST;
use http::request::Parts;

use crate::message::base::Line;
use crate::message::params::Component;

/// What begins the name of every header that states something to the gateway: all of them are covered.
const STATED: &str = "exchange-";

/// A request's head, as it was or will be sent.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a str,
    /// The authority in lower case, without the scheme's own port (RFC 9421 2.2.3).
    pub authority: &'a str,
    /// The path.
    pub path: &'a str,
    /// The query without `?`.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
}

/// The authority that a request names: in lower case, without the port of https (RFC 9421 2.2.3).
#[must_use]
pub fn authority_of(parts: &Parts) -> String {
    let host = || parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let authority = parts.uri.authority().map_or_else(host, |authority| authority.as_str());
    authority.to_lowercase().trim_end_matches(":443").to_owned()
}

impl<'a> Head<'a> {
    /// The head of a request that came in. Its authority is that of [`authority_of`].
    #[must_use]
    pub fn of(parts: &'a Parts, authority: &'a str) -> Self {
        Self {
            method: parts.method.as_str(),
            authority,
            path: parts.uri.path(),
            query: parts.uri.query(),
            headers: &parts.headers,
        }
    }

    pub(super) fn value(&self, component: &Component) -> Option<String> {
        if !component.params().is_empty() {
            return None;
        }
        let path = if self.path.is_empty() { "/" } else { self.path };
        match component.name() {
            "@method" => Some(self.method.to_owned()),
            "@authority" => Some(self.authority.to_owned()),
            "@path" => Some(path.to_owned()),
            "@query" => Some(format!("?{}", self.query.unwrap_or_default())),
            name if name.starts_with('@') => None,
            name => self.field(name),
        }
    }

    /// A field's lines as one value (RFC 9421 2.1); none if it is not there or is not visible text.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let lines: Option<Vec<&str>> =
            self.headers.get_all(name).iter().map(|line| line.to_str().ok().map(str::trim)).collect();
        lines.filter(|lines| !lines.is_empty()).map(|lines| lines.join(", "))
    }

    /// The names of what is stated, sorted.
    pub(super) fn stated(&self) -> Vec<&'a str> {
        let names = self.headers.keys().map(http::HeaderName::as_str);
        let mut names: Vec<_> = names.filter(|name| name.starts_with(STATED)).collect();
        names.sort_unstable();
        names
    }

    pub(super) fn lines<'c>(&self, components: impl IntoIterator<Item = &'c Component>) -> Option<Vec<Line>> {
        components.into_iter().map(|component| Some((component.clone(), self.value(component)?))).collect()
    }
}
