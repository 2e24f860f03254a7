//! Whom signatures over agreements are believed from, as a reload would have it: with the policies, or not at all.

use crate::identity::revocation::Revocations;
use crate::policy::Policies;
use crate::server::signers;

use super::Served;
use super::aside::Aside;
use super::aside::are_files;
use super::aside::causes;
use super::both;
use super::disk;
use super::disk::Material;
use super::sockets::speaks_yet;
use super::standing::NotTaken;
use super::standing::Part;

impl Aside {
    /// By which files signatures are to be believed, and what these hold now.
    pub(super) fn signers_now(&self) -> Material {
        Material::of(disk::of_signers(&self.settings))
    }

    /// These policies, with the signatures that this gateway requires since its start. A list that has lapsed speaks for nobody, and one that
    /// is older than it was makes good again what was revoked: neither replaces one.
    pub(super) fn signed(
        &self,
        served: &Served,
        policies: Policies,
        same_signers: bool,
    ) -> Result<Policies, NotTaken> {
        let settings = &self.settings;
        let Some(signers) = settings.signers.as_ref().filter(|_| settings.require_signed_agreements) else {
            return Ok(policies);
        };
        let now = served.door.clock.now();
        let refused = |why| NotTaken { part: Part::Signers, why };
        are_files(&disk::of_signers(settings)).map_err(refused)?;
        if let Some(files) = &signers.crls {
            let lists = Revocations::load(files).map_err(|why| refused(causes(&why)))?;
            let spoken = if same_signers { Ok(()) } else { speaks_yet(&lists, now) };
            spoken.map_err(refused)?;
            let admitted = served.seen.admits(&lists).and_then(|()| served.seen.take(&lists));
            admitted.map_err(|why| refused(both(&why.text())))?;
        }
        signers::required(policies, signers, now).map_err(|why| refused(causes(&why)))
    }

    /// Tells which of the files are others; all of them are public.
    pub(super) fn put_signers(&mut self, now: Material) {
        let before = std::mem::replace(&mut self.signers, now);
        let files = disk::of_signers(&self.settings);
        self.tell_replaced(&self.signers.changed(&before, &files), &files);
        let gone: Vec<_> = before.gone(&self.signers).cloned().collect();
        gone.iter().for_each(|path| self.tell_gone(path));
    }
}
