//! What lies on the disk, told by what files hold: names and times stay as they are where a folder is mounted anew through a symbolic
//! link (Kubernetes), and a file that is being saved is not taken for one that was.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use crate::config::settings::Settings;
use crate::config::settings::SocketSettings;
use crate::crypto::digest::Hash;
use crate::crypto::digest::sha256;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::file;
use crate::policy::Policies;
use crate::policy::fingerprint;
use crate::policy::load;
use crate::policy::policies::PolicyFile;

/// The kill switch, in the folder of policies.
pub(super) const SUSPENSIONS: &str = "suspensions.toml";

/// Something that is looked at again and again: it counts once it has been the same twice.
#[derive(Debug)]
pub(super) struct Settling<T> {
    /// None: whatever is there has to be dealt with.
    dealt_with: Option<T>,
    last: T,
}

impl<T: Clone + PartialEq> Settling<T> {
    /// This was dealt with.
    pub(super) fn new(dealt_with: T) -> Self {
        Self { last: dealt_with.clone(), dealt_with: Some(dealt_with) }
    }

    /// Whether what is there now has to be dealt with: it is another, and was there at the last look too.
    pub(super) fn look(&mut self, now: &T) -> bool {
        let settled = *now == self.last && self.dealt_with.as_ref() != Some(now);
        self.last.clone_from(now);
        settled
    }

    /// It was dealt with, well or not: it is not tried again before it changes.
    pub(super) fn deal(&mut self, with: T) {
        self.dealt_with = Some(with);
    }

    /// What was dealt with is no longer what is in force: even if it comes back, it has to be dealt with again.
    pub(super) fn forget(&mut self) {
        self.dealt_with = None;
    }
}

/// What files held, each by its hash; none: it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Material(BTreeMap<PathBuf, Option<Hash>>);

impl Material {
    /// What they hold now.
    pub(super) fn of(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(paths.into_iter().map(|path| (path.clone(), hash_of(&path))).collect())
    }

    /// What is known of these files alone.
    pub(super) fn only(&self, files: &[PathBuf]) -> Self {
        let known = files.iter().map(|path| (path.clone(), self.0.get(path).copied().flatten()));
        Self(known.collect())
    }

    /// Those among these files that are not what they were.
    pub(super) fn changed(&self, before: &Self, among: &[PathBuf]) -> Vec<PathBuf> {
        among.iter().filter(|path| self.0.get(*path) != before.0.get(*path)).cloned().collect()
    }

    /// Those files that are no longer among them.
    pub(super) fn gone<'a>(&'a self, now: &'a Self) -> impl Iterator<Item = &'a PathBuf> {
        self.0.keys().filter(|path| !now.0.contains_key(*path))
    }

    /// Takes over what is known of these files.
    pub(super) fn take(&mut self, from: &Self, files: &[PathBuf]) {
        let known = files.iter().filter_map(|path| Some((path.clone(), *from.0.get(path)?)));
        self.0.extend(known);
    }
}

/// By which files and names a socket is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InPlace {
    pub(super) files: Vec<PathBuf>,
    pub(super) names: Vec<String>,
}

impl InPlace {
    /// As these settings say.
    pub(super) fn of(socket: &SocketSettings) -> Self {
        Self { files: of_socket(socket), names: socket.names.clone() }
    }
}

/// The same of both sockets.
#[derive(Debug, Clone)]
pub(super) struct Sockets {
    pub(super) exchange: InPlace,
    pub(super) desk: Option<InPlace>,
}

impl Sockets {
    /// As these settings say.
    pub(super) fn of(settings: &Settings) -> Self {
        let desk = settings.desk.as_ref().map(InPlace::of);
        Self { exchange: InPlace::of(&settings.exchange.socket), desk }
    }
}

/// What all of it is: equal if nothing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sight {
    configuration: Option<Hash>,
    policies: Option<Hash>,
    pub(super) material: Material,
}

/// A look at everything.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// What is there.
    pub(super) sight: Sight,
    /// The policy files.
    pub(super) files: Vec<PolicyFile>,
    /// Why some of them could not be read.
    pub(super) faults: Faults,
}

impl Look {
    /// Reads everything that is named.
    pub(super) fn at(settings: &Settings, policies: &Policies) -> Self {
        let (files, faults) = load::read(&settings.policies);
        let policies_now = (!faults.has_faults()).then(|| fingerprint::of(&files));
        let sight = Sight {
            configuration: settings.file.as_ref().and_then(|file| hash_of(&file.path)),
            policies: policies_now,
            material: Material::of(named(settings, policies)),
        };
        Self { sight, files, faults }
    }

    /// The same, had the kill switch been the one in force: what took effect since must not be lifted by what was seen before.
    pub(super) fn keep_switch(&mut self, in_force: &Policies) {
        let Some((_, bytes)) = in_force.files().iter().find(|(name, _)| name == SUSPENSIONS) else { return };
        let seen = self.files.iter_mut().filter(|(name, _)| name == SUSPENSIONS);
        seen.for_each(|(_, seen)| seen.clone_from(bytes));
    }
}

/// What was in force when it was loaded: `material` was looked at before.
pub(super) fn loaded(settings: &Settings, policies: &Policies, material: Material) -> Sight {
    Sight {
        configuration: settings.file.as_ref().map(|file| file.hash),
        policies: Some(*policies.hash()),
        material,
    }
}

/// All files beside configuration and policies.
pub(super) fn named(settings: &Settings, policies: &Policies) -> Vec<PathBuf> {
    let mut all = of_sockets(settings);
    all.extend(of_signers(settings));
    all.extend(of_platforms(settings, policies));
    all
}

/// The files by which signatures over agreements are believed, where they are required.
pub(super) fn of_signers(settings: &Settings) -> Vec<PathBuf> {
    let required = settings.signers.as_ref().filter(|_| settings.require_signed_agreements);
    required.into_iter().flat_map(|it| it.anchors.iter().chain(it.crls.iter().flatten())).cloned().collect()
}

/// The files of both sockets: who may come in, and who no longer.
pub(super) fn of_sockets(settings: &Settings) -> Vec<PathBuf> {
    let mut all = of_socket(&settings.exchange.socket);
    all.extend(settings.desk.iter().flat_map(of_socket));
    all
}

/// The files of a socket.
pub(super) fn of_socket(socket: &SocketSettings) -> Vec<PathBuf> {
    let mut all = vec![socket.key.clone()];
    all.extend(public_of_socket(socket));
    all
}

/// Those that anybody may read.
pub(super) fn public_of_socket(socket: &SocketSettings) -> Vec<PathBuf> {
    let mut all = vec![socket.certificate.clone()];
    all.extend(socket.anchors.iter().chain(socket.crls.iter().flatten()).cloned());
    all
}

/// The files by which platforms are reached.
pub(super) fn of_platforms(settings: &Settings, policies: &Policies) -> Vec<PathBuf> {
    let endpoints = policies.services().flat_map(|service| &service.endpoints);
    let wanted = endpoints.filter_map(|endpoint| endpoint.tls.as_ref());
    let names = wanted.flat_map(|tls| {
        let client = tls.client.iter().flat_map(|(chain, key)| [chain, key]);
        tls.anchors.iter().chain(client)
    });
    let mut all: Vec<_> =
        names.chain(&settings.platform_anchors).map(|name| settings.certs.join(name)).collect();
    all.sort();
    all.dedup();
    all
}

/// The kill switch among policy files.
pub(super) fn suspensions_in(files: &[PolicyFile]) -> Option<Vec<u8>> {
    files.iter().find(|(name, _)| name == SUSPENSIONS).map(|(_, bytes)| bytes.to_vec())
}

fn hash_of(path: &Path) -> Option<Hash> {
    file::read(path).ok().map(|bytes| sha256(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_still_being_saved_is_not_dealt_with_and_what_was_dealt_with_is_not_again() {
        let mut settling = Settling::new("old");
        assert!(!settling.look(&"old"));
        assert!(!settling.look(&"half"));
        assert!(!settling.look(&"whole"));
        assert!(settling.look(&"whole"));
        // It could not be dealt with: the log took nothing.
        assert!(settling.look(&"whole"));
        settling.deal("whole");
        assert!(!settling.look(&"whole"));
        settling.forget();
        assert!(settling.look(&"whole"));
        settling.deal("whole");
        assert!(!settling.look(&"old"));
        assert!(settling.look(&"old"));
    }

    #[test]
    fn a_file_of_the_same_name_and_length_that_holds_something_else_is_another() {
        use std::io::Write as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.crl.pem");
        let write = |text: &str| std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        write("one");
        let before = Material::of([path.clone()]);
        write("two");
        let now = Material::of([path.clone()]);
        assert_eq!(now.changed(&before, std::slice::from_ref(&path)), std::slice::from_ref(&path));
        assert!(now.changed(&now.clone(), &[path]).is_empty());
    }
}
