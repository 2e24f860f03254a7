//! `[anchor]`: who stamps the log's heads with the time (RFC 3161), and how often.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::table::Table;
use crate::policy::compile;
use crate::policy::document::service;

use super::settings::AnchorSettings;

/// An hour: what is younger rests on witnesses and receipts.
const EVERY_DEFAULT: Duration = Duration::from_secs(3_600);
/// A second: for trials; an authority would not like it.
const EVERY_MIN: Duration = Duration::from_secs(1);

/// Reads the table.
pub(super) fn read(table: &mut Table<'_>, certs: &Path, faults: &mut Faults) -> Option<AnchorSettings> {
    let every = table.optional::<Duration>("every", faults);
    let certificate = table.required::<String>("certificate", faults);
    let written = service::endpoint(table, faults)?;
    let mut endpoint = compile::endpoint(&written, faults)?;
    // The address is the whole of what is asked for, to its last character.
    let slash = if written.url.value.ends_with('/') || endpoint.base.is_empty() { "/" } else { "" };
    let path = std::mem::take(&mut endpoint.base) + slash;
    if let Some(short) = every.as_ref().filter(|every| every.value < EVERY_MIN) {
        let fault = Fault::new(Code::WrongValue, "`every` is less than a second").at(short.place.clone());
        faults.push(fault.label("must be at least \"1 s\""));
    }
    let every = every.map_or(EVERY_DEFAULT, |every| every.value);
    let certificate: PathBuf = certs.join(certificate?.value);
    Some(AnchorSettings { endpoint, path, every, certificate })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::read::read_text;
    use crate::config::settings::AnchorSettings;

    fn told(table: &str) -> Result<Option<AnchorSettings>, String> {
        let sample = include_str!("../../deploy/gateway.toml");
        let read = read_text("gateway.toml", &format!("{sample}\n{table}"), Path::new("deploy"));
        read.map(|settings| settings.anchor).map_err(|faults| faults.render(false))
    }

    #[test]
    fn nobody_stamps_by_default_and_an_address_is_asked_for_as_it_is_written() {
        assert!(told("").unwrap().is_none());
        for (url, path) in [
            ("http://tsa.example", "/"),
            ("http://tsa.example/tsr", "/tsr"),
            ("http://tsa.example/a/", "/a/"),
        ] {
            let table = format!("[anchor]\nurl = \"{url}\"\ncertificate = \"tsa.pem\"\n");
            let anchor = told(&table).unwrap().unwrap();
            assert_eq!((anchor.path.as_str(), anchor.endpoint.base.as_str()), (path, ""), "{url}");
            assert_eq!((anchor.every.as_secs(), anchor.certificate.ends_with("tsa.pem")), (3_600, true));
        }
    }

    #[test]
    fn an_authority_without_a_certificate_or_too_often_is_a_fault() {
        let with = |rest: &str| told(&format!("[anchor]\nurl = \"http://tsa.example\"\n{rest}")).unwrap_err();
        assert!(with("").contains("`certificate`"));
        assert!(with("certificate = \"a\"\nevery = \"10 ms\"").contains("less than a second"));
    }
}
