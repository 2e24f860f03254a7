//! Signatures beside agreements: each is one party's over one agreement. What they are worth is not judged here, since it depends on anchors.

use crate::crypto::cms::CMS_BYTES_MAX;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::policy::document::agreement::AgreementDocument;
use crate::policy::model::Agreement;
use crate::policy::policies::PolicyFile;

/// The folder of agreements, and the ending of signatures in it.
const FOLDER: &str = "agreements/";
const ENDING: &str = ".p7s";

/// Whether a file has the name of a signature.
pub(super) fn is_one(name: &str) -> bool {
    stem(name).is_some_and(|stem| !stem.contains('/'))
}

fn stem(name: &str) -> Option<&str> {
    name.strip_prefix(FOLDER)?.strip_suffix(ENDING)
}

/// Checks that each signature is named for an agreement and a party of it; one that is not would lie there and count for nothing.
pub(super) fn check(
    signatures: &[String],
    agreements: &[(&AgreementDocument, Agreement)],
    files: &[PolicyFile],
    faults: &mut Faults,
) {
    for name in signatures {
        // An agreement's number has no dot, an agency's code may have several.
        let (id, agency) = stem(name).and_then(|stem| stem.split_once('.')).unwrap_or((name, ""));
        let found = agreements.iter().find(|(_, agreement)| agreement.id.as_str() == id);
        let party = |agreement: &Agreement| {
            agreement.consumers.iter().chain([&agreement.provider]).any(|party| party.as_str() == agency)
        };
        let size = files.iter().find(|(file, _)| file == name).map_or(0, |(_, bytes)| bytes.len());
        let what = match found {
            None => format!("`{}` is a signature over no agreement of this set", shown(name)),
            Some((_, agreement)) if !party(agreement) => {
                format!("`{}` is named for no party of `{id}`", shown(name))
            }
            Some(_) if size > CMS_BYTES_MAX => format!("`{}` is over {CMS_BYTES_MAX} bytes", shown(name)),
            Some(_) => continue,
        };
        let fault = Fault::new(Code::StraySignature, what);
        faults.push(fault.help("`phohien policy sign` names it `<agreement>.<agency>.p7s`"));
    }
}
