//! The sockets as a reload would serve them: TLS, whom it lets in, and who was revoked.

use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::config::settings::SocketSettings;
use crate::console::desk::Admits;
use crate::identity::revocation::Revocations;
use crate::language::Text;
use crate::listener::tls::Tls;
use crate::request::authority::Authorities;
use crate::server::revoked::Seen;
use crate::server::run::StartError;
use crate::server::socket;

use super::Served;
use super::aside::Aside;
use super::aside::are_files;
use super::aside::causes;
use super::both;
use super::disk;
use super::disk::InPlace;
use super::disk::Material;
use super::standing::Part;

/// What a list must not be older than, and the time.
type With<'a> = (&'a Seen, Timestamp);

impl Aside {
    /// TLS and revocation lists of both sockets. What of a socket is not sound stays as it was, but for its revocation lists: whoever was
    /// revoked is refused whatever is wrong with a certificate.
    pub(super) fn take_sockets(&mut self, served: &Served, material: &Material) {
        let (with, before) = ((&served.seen, served.door.clock.now()), self.material.clone());
        self.take_whole(served, material, with);
        let replaced = |lists: &[PathBuf]| material.changed(&before, lists);
        self.take_lists_of_exchange(served, material, with, replaced);
        self.take_lists_of_desk(served, material, with, replaced);
    }

    /// Neither is taken if the two would trust the same authority.
    fn take_whole(&mut self, served: &Served, material: &Material, with: With<'_>) {
        let (wanted, before) = (self.settings.clone(), self.sockets.clone());
        let exchange = &wanted.exchange.socket;
        let exchange = self.socket(Part::Exchange, &before.exchange, exchange, material, with);
        // A desk comes or goes with a restart.
        let desk = before.desk.as_ref().zip(wanted.desk.as_ref());
        let desk = desk.and_then(|(before, wanted)| self.desk(before, wanted, material, with));
        let in_place = (exchange.as_ref().map(|(tls, _)| tls), desk.as_ref().map(|(_, tls)| tls));
        let with = |new: Option<&Tls>, now: &Tls| new.unwrap_or(now).clone();
        if let Some((_, now)) = &served.desk
            && with(in_place.1, now).trusts_an_authority_of(&with(in_place.0, &served.exchange))
        {
            return self.refuse(Part::Desk, StartError::SharedAuthority.to_string());
        }
        if let Some((tls, revoked)) = exchange {
            self.in_force.revoked = Arc::new(revoked);
            self.exchange = Some(tls);
            self.sockets.exchange = self.taken(&before.exchange, &wanted.exchange.socket, material);
        }
        if let (Some(before), Some(wanted), Some(taken)) = (&before.desk, &wanted.desk, desk) {
            self.desk = Some(taken);
            self.sockets.desk = Some(self.taken(before, wanted, material));
        }
    }

    /// The lists alone, over the certificate and the authorities in force.
    fn take_lists_of_exchange(
        &mut self,
        served: &Served,
        material: &Material,
        with: With<'_>,
        replaced: impl Fn(&[PathBuf]) -> Vec<PathBuf>,
    ) {
        let files = self.settings.exchange.socket.crls.clone().unwrap_or_default();
        let replaced = replaced(&files);
        if self.exchange.is_some() || replaced.is_empty() {
            return;
        }
        if let Some((tls, revoked)) =
            lists(&files, (&served.exchange, &self.in_force.revoked), material, with)
        {
            self.in_force.revoked = Arc::new(revoked);
            self.exchange = Some(tls);
            self.tell_replaced(&replaced, &files);
            self.material.take(material, &files);
        }
    }

    /// The same of the desk.
    fn take_lists_of_desk(
        &mut self,
        served: &Served,
        material: &Material,
        with: With<'_>,
        replaced: impl Fn(&[PathBuf]) -> Vec<PathBuf>,
    ) {
        let Some(((desk, tls), wanted)) = served.desk.as_ref().zip(self.settings.desk.as_ref()) else {
            return;
        };
        let files = wanted.crls.clone().unwrap_or_default();
        let (replaced, now) = (replaced(&files), desk.admits.load_full());
        if self.desk.is_some() || replaced.is_empty() {
            return;
        }
        if let Some((tls, revoked)) = lists(&files, (tls, &now.revoked), material, with) {
            self.desk = Some((Admits { authorities: now.authorities.clone(), revoked }, tls));
            self.tell_replaced(&replaced, &files);
            self.material.take(material, &files);
        }
    }

    /// A socket's TLS and revocation lists, if they are others and sound.
    fn socket(
        &mut self,
        part: Part,
        before: &InPlace,
        wanted: &SocketSettings,
        material: &Material,
        with: With<'_>,
    ) -> Option<(Tls, Revocations)> {
        let place = InPlace::of(wanted);
        if place == *before && material.changed(&self.material, &place.files).is_empty() {
            return None;
        }
        let read = secured(wanted, with);
        // What changed while it was read is neither taken nor told about: the next look sees it.
        if !Material::of(place.files.clone()).changed(material, &place.files).is_empty() {
            return None;
        }
        match read {
            Ok(read) => Some(read),
            Err(why) => {
                self.refuse(part, why);
                None
            }
        }
    }

    fn desk(
        &mut self,
        before: &InPlace,
        wanted: &SocketSettings,
        material: &Material,
        with: With<'_>,
    ) -> Option<(Admits, Tls)> {
        let (tls, revoked) = self.socket(Part::Desk, before, wanted, material, with)?;
        match Authorities::parse(wanted.names.iter().map(String::as_str)) {
            Ok(authorities) => Some((Admits { authorities, revoked }, tls)),
            Err(why) => {
                self.refuse(Part::Desk, why.to_string());
                None
            }
        }
    }

    fn taken(&mut self, before: &InPlace, wanted: &SocketSettings, material: &Material) -> InPlace {
        let place = InPlace::of(wanted);
        let replaced = material.changed(&self.material, &place.files);
        self.tell_replaced(&replaced, &disk::public_of_socket(wanted));
        before.files.iter().filter(|path| !place.files.contains(path)).for_each(|gone| self.tell_gone(gone));
        if place.names != before.names {
            let names = place.names.join(", ");
            self.words.push(Text::new(format!("tên cổng: {names}"), format!("names: {names}")));
        }
        self.material.take(material, &place.files);
        place
    }
}

/// A socket's TLS and revocation lists.
fn secured(wanted: &SocketSettings, with: With<'_>) -> Result<(Tls, Revocations), String> {
    are_files(&disk::of_socket(wanted))?;
    let tls = socket::tls(wanted).map_err(|why| causes(&why))?;
    let revoked = wanted.crls.as_ref().map_or(Ok(Revocations::none()), |files| listed(files, with))?;
    Ok((tls, revoked))
}

/// Revocation lists over what else a socket has in force; none unless they are sound. What is wrong with them was told where the whole was
/// not taken.
fn lists(
    files: &[PathBuf],
    (tls, now): (&Tls, &Revocations),
    material: &Material,
    with: With<'_>,
) -> Option<(Tls, Revocations)> {
    let revoked = listed(files, with).ok()?;
    let tls = tls.under_lists(files).ok()?;
    let is_settled = Material::of(files.to_vec()).changed(material, files).is_empty();
    // Nobody is shut out because a list went with a certificate or an authority that is not taken.
    (is_settled && revoked.editions().cover(&now.editions())).then_some((tls, revoked))
}

/// A socket's revocation lists. Neither one that has lapsed nor one that is older than it was, which makes good again what was revoked,
/// replaces one.
fn listed(files: &[PathBuf], (seen, now): With<'_>) -> Result<Revocations, String> {
    are_files(files)?;
    let revoked = Revocations::load(files).map_err(|why| causes(&why))?;
    seen.admits(&revoked).map_err(|why| both(&why.text()))?;
    speaks_yet(&revoked, now).map(|()| revoked)
}

/// A list that has lapsed speaks for nobody.
pub(super) fn speaks_yet(revoked: &Revocations, now: Timestamp) -> Result<(), String> {
    match revoked.next_update() {
        Some(next) if next <= now => Err(format!("a revocation list is past its next update, {next:.0}")),
        Some(_) | None => Ok(()),
    }
}
