//! The files that an agreement was signed over with: were one exchanged, the signatures would cover something else.

use std::collections::BTreeMap;

use crate::crypto::digest::{Hash, hex, sha256};
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::diagnostic::nearest::nearest;
use crate::policy::document::agreement::{AgreementDocument, ReliedDocument};
use crate::policy::policies::PolicyFile;

/// Compiles the list, and compares each file with what was signed. `files` are sorted by name.
pub(super) fn compile(
    document: &AgreementDocument,
    files: &[PolicyFile],
    faults: &mut Faults,
) -> BTreeMap<String, Hash> {
    for relied in &document.relies_on {
        faults.extend(differs(relied, files));
    }
    if !document.relies_on.is_empty() {
        check_complete(document, files, faults);
    }
    let listed = document.relies_on.iter();
    listed.map(|relied| (relied.file.value.clone(), relied.sha256.value.0)).collect()
}

fn differs(relied: &ReliedDocument, files: &[PolicyFile]) -> Option<Fault> {
    let name = &relied.file.value;
    let fault = |message: String, place| Fault::new(Code::ReliedFileDiffers, message).at(place);
    let Some(bytes) = file(name, files) else {
        let known = files.iter().map(|(name, _)| name.as_str());
        let message = format!("there is no file `{}` in this set", shown(name));
        return Some(
            fault(message, relied.file.place.clone()).label("not known").suggest(nearest(name, known)),
        );
    };
    let found = sha256(bytes);
    (found != relied.sha256.value.0).then(|| {
        let message = format!("the file `{}` is not the one that was agreed on", shown(name));
        let fault = fault(message, relied.sha256.place.clone()).label("another SHA-256");
        fault.help(format!("the file's is {}: agree on it anew, or put the old file back", hex(&found)))
    })
}

/// Whoever signs over some of the files signs over all that the agreement names.
fn check_complete(document: &AgreementDocument, files: &[PolicyFile], faults: &mut Faults) {
    let consumers = document.consumers.value.iter().map(|id| &id.value);
    let agencies = consumers.chain([&document.provider.value]).map(|id| format!("agencies/{id}.toml"));
    for name in agencies.chain([format!("services/{}.toml", document.service.value)]) {
        let listed = document.relies_on.iter().any(|relied| relied.file.value == name);
        let Some(bytes) = file(&name, files).filter(|_| !listed) else { continue };
        let message = format!("this agreement relies on `{name}` too");
        let fault = Fault::new(Code::ReliedFileDiffers, message).at(document.id.place.clone());
        let fault = fault.label("`relies_on` does not name it");
        faults.push(fault.help(format!("add {{ file = \"{name}\", sha256 = \"{}\" }}", hex(&sha256(bytes)))));
    }
}

fn file<'a>(name: &str, files: &'a [PolicyFile]) -> Option<&'a [u8]> {
    let place = files.binary_search_by(|(found, _)| found.as_str().cmp(name)).ok()?;
    files.get(place).map(|(_, bytes)| &**bytes)
}
