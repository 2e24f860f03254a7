//! Requests for tests, here and in the stages below. Each is read by the very code that reads a caller's: there is no other way to one.

use http::request::Parts;

use crate::id::ExchangeId;
use crate::listener::Protocol;

use super::authority::Authorities;
use super::refused::Ambiguous;
use super::{Request, read_over};

/// The name the sample gateway answers to.
pub(crate) const HOST: &str = "gw1.hungyen.example";

/// Reads an HTTP/1.1 request to the sample gateway. `Host` is added.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Request, Ambiguous> {
    let with_host: Vec<_> = [("host", HOST)].into_iter().chain(headers.iter().copied()).collect();
    over(Protocol::Http1, Some(HOST), &parts(method, target, &with_host))
}

/// A head, as hyper would hand it over.
pub(crate) fn parts(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut builder = http::Request::builder().method(method).uri(target);
    for (name, value) in headers {
        // Bytes, so that obs-text can be sent too.
        builder = builder.header(*name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    builder.body(()).unwrap().into_parts().0
}

/// Reads a head as if it came over a connection of this protocol and server name.
pub(crate) fn over(
    protocol: Protocol,
    server_name: Option<&str>,
    parts: &Parts,
) -> Result<Request, Ambiguous> {
    let names = Authorities::parse([HOST, "10.1.2.3:8443"]).unwrap();
    read_over(ExchangeId::new(1_790_000_000_000, &[7; 10]), (protocol, server_name), parts, &names)
}
