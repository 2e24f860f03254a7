//! Where a platform is reached.

use std::num::NonZeroU32;

use http::Uri;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults};
use crate::policy::document::service::EndpointDocument;
use crate::policy::model::{Endpoint, EndpointTls};

/// Compiles one address.
pub fn endpoint(written: &EndpointDocument, faults: &mut Faults) -> Option<Endpoint> {
    let mut bad = |message: &str| {
        let fault =
            Fault::new(Code::BadEndpoint, message).at(written.url.place.clone()).label("not accepted");
        faults.push(fault.help("write it like `https://platform.example:8443/base`"));
    };
    let Ok(uri) = written.url.value.parse::<Uri>() else {
        bad("this is not an address");
        return None;
    };
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => {
            bad("an address begins with `https://` or `http://`");
            return None;
        }
    };
    let authority = uri.authority()?;
    if authority.as_str().contains('@') || uri.query().is_some() || uri.path().contains("//") {
        bad("an address has no user, no query and no empty path segment");
        return None;
    }
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    check_plain(written, tls, authority.host(), faults);
    Some(Endpoint {
        tls: tls.then(|| endpoint_tls(written)),
        host: authority.host().to_ascii_lowercase(),
        port,
        base: uri.path().trim_end_matches('/').to_owned(),
        address: written.address,
        weight: weight(written, faults)?,
    })
}

fn endpoint_tls(written: &EndpointDocument) -> EndpointTls {
    EndpointTls {
        anchors: written.anchors.as_ref().map(|placed| placed.value.clone()),
        client: written.client.as_ref().map(|placed| placed.value.clone()),
        pin: written.pin.as_ref().map(|placed| placed.value.0),
    }
}

fn weight(written: &EndpointDocument, faults: &mut Faults) -> Option<NonZeroU32> {
    let Some(weight) = &written.weight else { return Some(NonZeroU32::MIN) };
    let found = NonZeroU32::new(weight.value);
    if found.is_none() {
        let fault = Fault::new(Code::LimitZero, "an endpoint of no weight is never asked");
        faults.push(fault.at(weight.place.clone()).label("zero"));
    }
    found
}

/// TLS keys go with https alone; http leaves the machine readable.
fn check_plain(written: &EndpointDocument, tls: bool, host: &str, faults: &mut Faults) {
    if tls {
        return;
    }
    let places = [
        written.anchors.as_ref().map(|placed| &placed.place),
        written.client.as_ref().map(|placed| &placed.place),
        written.pin.as_ref().map(|placed| &placed.place),
    ];
    for place in places.into_iter().flatten() {
        let fault = Fault::new(Code::BadEndpoint, "this key goes with an `https://` address");
        faults.push(
            fault.at(place.clone()).label("without effect").also(written.url.place.clone(), "no TLS here"),
        );
    }
    if !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
        let fault = Fault::warning(Code::PlainHttp, "what goes to this platform can be read on the way");
        faults.push(fault.at(written.url.place.clone()).label("no TLS"));
    }
}
