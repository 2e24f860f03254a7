//! Who issues the certificates by which parties sign agreements, and whether they must.

use std::path::Path;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::table::Table;

use super::read::optional_section;
use super::settings::SignerSettings;
use super::socket;

/// Reads `[signers]` and `require_signed_agreements`.
pub(super) fn read(
    table: &mut Table<'_>,
    certs: &Path,
    faults: &mut Faults,
) -> (Option<SignerSettings>, bool) {
    let named = table.has("signers");
    let signers = optional_section(table, "signers", faults, |table, faults| {
        let anchors = socket::not_empty(table, "anchors", faults);
        let crls = socket::revocation(table, certs, faults);
        let anchors = anchors?.into_iter().map(|file| certs.join(file.value)).collect();
        Some(SignerSettings { anchors, crls: crls? })
    });
    let required = table.optional::<bool>("require_signed_agreements", faults);
    if let Some(required) = required.as_ref().filter(|required| required.value && !named) {
        let message = "`require_signed_agreements` needs a section `[signers]`";
        let fault = Fault::new(Code::WrongValue, message).at(required.place.clone());
        faults.push(fault.label("nobody is trusted to sign").help("name whose certificates sign agreements"));
    }
    (signers, required.is_some_and(|required| required.value))
}

#[cfg(test)]
mod tests {
    use super::super::read::read_text;
    use super::super::read::tests::GOOD;
    use super::*;

    const SIGNERS: &str = "[signers]\nanchors = [\"ca.pem\"]\nrevocation = \"off\"\n";

    fn read(text: &str) -> Result<(Option<SignerSettings>, bool), String> {
        let settings = read_text("gateway.toml", text, Path::new("/etc/phohien"));
        settings.map(|read| (read.signers, read.require_signed_agreements)).map_err(|it| it.render(false))
    }

    #[test]
    fn signatures_are_required_only_where_that_is_said_and_never_without_somebody_to_trust() {
        assert!(matches!(read(GOOD), Ok((None, false))));
        assert!(matches!(read(&format!("{GOOD}{SIGNERS}")), Ok((Some(_), false))));
        let required = format!("require_signed_agreements = true\n{GOOD}");
        let Ok((Some(signers), true)) = read(&format!("{required}{SIGNERS}")) else { panic!() };
        assert_eq!(signers.anchors, [Path::new("/etc/phohien/certs/ca.pem")]);
        assert!(read(&required).unwrap_err().contains("needs a section `[signers]`"));
        let silent = SIGNERS.replace("revocation = \"off\"\n", "");
        assert!(read(&format!("{required}{silent}")).unwrap_err().contains("revocation"));
        let nobody = SIGNERS.replace("\"ca.pem\"", "");
        assert!(read(&format!("{required}{nobody}")).unwrap_err().contains("`anchors` is empty"));
    }
}
