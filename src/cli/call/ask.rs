//! The request that `call` sends.

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::header::ACCEPT;
use http::header::ACCEPT_LANGUAGE;
use http::header::CONTENT_TYPE;
use http::header::TE;
use sfv::FieldType as _;

use super::Call;
use crate::cli::client::connection::Ask;
use crate::cli::client::gateway::Address;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::language::Language;
use crate::message::digest::content_digest;
use crate::message::profile::LABEL;
use crate::message::profile::TAG;

/// Puts together what was asked for.
///
/// # Errors
/// The body cannot be read, or a value cannot stand in a header.
pub fn of(call: &Call, address: &Address, language: Language) -> Result<Ask, Failure> {
    let body = call.data.as_deref().map(body).transpose()?;
    let method = match (&call.method, &body) {
        (Some(method), _) => method.clone(),
        (None, Some(_)) => Method::POST,
        (None, None) => Method::GET,
    };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, application/problem+json"));
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    stated(call, &mut headers)?;
    if let Some(body) = &body {
        let content_type = call.content_type.as_deref().unwrap_or("application/json");
        headers.insert(CONTENT_TYPE, value("--content-type", content_type)?);
        headers.insert("content-digest", value("content-digest", &content_digest(body))?);
    }
    Ok(Ask { method, target: address.target.clone(), headers, body: body.unwrap_or_default() })
}

fn body(data: &str) -> Result<Bytes, Failure> {
    match data.strip_prefix('@') {
        Some(file) => {
            let file = std::path::Path::new(file);
            std::fs::read(file).map(Bytes::from).map_err(|cause| Failure::unreadable(file, cause))
        }
        None => Ok(Bytes::copy_from_slice(data.as_bytes())),
    }
}

fn stated(call: &Call, headers: &mut HeaderMap) -> Result<(), Failure> {
    for (name, option, text) in [
        ("exchange-purpose", "--purpose", &call.purpose),
        ("exchange-case", "--case", &call.case),
        ("exchange-user", "--user", &call.user),
    ] {
        if let Some(text) = text {
            headers.insert(HeaderName::from_static(name), value(option, text)?);
        }
    }
    if !call.fields.is_empty() {
        headers.insert("exchange-fields", value("--fields", &field_list(&call.fields)?)?);
    }
    if call.accept_signature {
        let wanted = format!("{LABEL}=(\"@status\");tag=\"{TAG}\"");
        headers.insert("accept-signature", value("--accept-signature", &wanted)?);
    }
    Ok(())
}

/// The pointers as a list of strings (RFC 9651 3.1).
fn field_list(fields: &[String]) -> Result<String, Failure> {
    let mut list = sfv::List::new();
    for field in fields {
        let text = sfv::String::from_string(field.clone()).map_err(|_| unfit("--fields", field))?;
        list.push(sfv::Item::new(text).into());
    }
    list.serialize().ok_or_else(|| unfit("--fields", ""))
}

fn value(option: &str, text: &str) -> Result<HeaderValue, Failure> {
    let visible = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    HeaderValue::from_str(text).ok().filter(|_| visible).ok_or_else(|| unfit(option, text))
}

fn unfit(option: &str, text: &str) -> Failure {
    let text = shown(text);
    let vi =
        format!("`{text}` không dùng được cho `{option}`: chỉ dùng chữ không dấu, chữ số và dấu câu ASCII.");
    let en = format!("`{text}` cannot be used for `{option}`: only visible ASCII goes into a header.");
    Failure::usage(vi, en)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::line;

    fn ask(options: &str) -> Result<Ask, Failure> {
        let files = "--cert a.pem --key a.key --cacert ca.pem";
        let call: Call = line(&format!("https://gw1.example/dan-cu/x {files} {options}"));
        of(&call, &Address::parse(&call.url).unwrap(), Language::En)
    }

    #[test]
    fn what_is_stated_goes_into_the_headers_a_gateway_reads() {
        let ask =
            ask("--purpose giai-quyet-tthc --case H31-1 --fields /CongDan/HoVaTen,/a\"b --accept-signature")
                .unwrap();
        let header = |name: &str| ask.headers.get(name).unwrap().to_str().unwrap();
        assert_eq!((ask.method.as_str(), ask.target.as_str()), ("GET", "/dan-cu/x"));
        assert_eq!((header("exchange-purpose"), header("exchange-case")), ("giai-quyet-tthc", "H31-1"));
        assert_eq!(header("exchange-fields"), r#""/CongDan/HoVaTen", "/a\"b""#);
        assert_eq!(header("accept-signature"), r#"phohien=("@status");tag="phohien/1""#);
        assert_eq!(header("accept-language"), "en");
    }

    #[test]
    fn data_is_posted_with_its_digest() {
        let ask = ask("--data {}").unwrap();
        assert_eq!((ask.method.as_str(), &ask.body[..]), ("POST", &b"{}"[..]));
        let digest = ask.headers.get("content-digest").unwrap().to_str().unwrap();
        assert_eq!(digest, content_digest(b"{}"));
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_told_before_anything_is_sent() {
        assert!(ask("--case Hồ-sơ").is_err() && ask("--fields /trường").is_err());
        assert!(ask("--data @no/such/file").is_err());
    }
}
