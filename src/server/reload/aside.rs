//! What a reload would put into force, built aside: every part is read and checked whole, or left as it was and told about. Nothing in
//! here changes anything for anybody.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::audit::bounds;
use crate::clock::Timestamp;
use crate::config::read;
use crate::config::settings::Settings;
use crate::config::settings::SocketSettings;
use crate::console::desk::Admits;
use crate::diagnostic::file;
use crate::gateway::body::Rules;
use crate::gateway::in_force::InForce;
use crate::identity::revocation::Revocations;
use crate::language::Text;
use crate::listener::tls::Tls;
use crate::policy::Policies;
use crate::policy::compile::compile;
use crate::policy::policies::PolicyFile;
use crate::request::authority::Authorities;

use super::Served;
use super::disk;
use super::disk::InPlace;
use super::disk::Look;
use super::disk::Material;
use super::disk::Sockets;
use super::standing::NotTaken;
use super::standing::Part;
use super::words;
use crate::server::doorway::platform_tls;
use crate::server::run::StartError;
use crate::server::signers;
use crate::server::socket;

/// Everything that would be in force, and what of it is new.
#[derive(Debug)]
pub(super) struct Aside {
    /// The settings, of which some parts may be those of before.
    pub(super) settings: Settings,
    /// What exchanges are judged by.
    pub(super) in_force: InForce,
    /// TLS of the exchange, if it is another.
    pub(super) exchange: Option<Tls>,
    /// Whom the desk lets in, and its TLS, if they are others.
    pub(super) desk: Option<(Admits, Tls)>,
    /// What the files held that this was made of.
    pub(super) material: Material,
    /// By which files the sockets are served.
    pub(super) sockets: Sockets,
    /// What changed, in words; empty: nothing.
    pub(super) words: Vec<Text>,
    /// Files that were replaced and that anybody may read.
    pub(super) beside: Vec<(String, Vec<u8>)>,
    /// What stays as it was.
    pub(super) not_taken: Vec<NotTaken>,
}

impl Aside {
    /// What is in force, before anything is replaced.
    pub(super) fn of(served: &Served) -> Self {
        Self {
            settings: served.settings.clone(),
            in_force: InForce::clone(&served.door.in_force()),
            exchange: None,
            desk: None,
            material: served.material.clone(),
            sockets: served.sockets.clone(),
            words: Vec::new(),
            beside: Vec::new(),
            not_taken: Vec::new(),
        }
    }

    /// Takes everything that the disk has, as far as it is sound.
    pub(super) fn take_all(&mut self, served: &Served, look: Look) {
        self.take_configuration();
        let (files, faults) = match self.settings.policies == served.settings.policies {
            true => (look.files, look.faults),
            false => crate::policy::load::read(&self.settings.policies),
        };
        let suspensions = disk::suspensions_in(&files);
        match faults.has_faults() {
            true => self.refuse(Part::Policies, faults.render(false)),
            false => self.take_policies(served, files),
        }
        if self.not_taken.iter().any(|fault| fault.part == Part::Policies) {
            self.take_suspensions(served, suspensions.as_deref());
        }
        let named = disk::named(&self.settings, &self.in_force.policies);
        let material = Material::of(named);
        self.take_platforms(served, &material);
        self.take_sockets(served, &material);
    }

    /// The kill switch alone, over the policy files in force: it works whatever else is being written, or is wrong, in the folder. Whether
    /// it could be taken. It is given as it was looked at: read once more, it might be in the middle of being saved.
    pub(super) fn take_suspensions(&mut self, served: &Served, suspensions: Option<&[u8]>) -> bool {
        let Some(suspensions) = suspensions else { return false };
        let mut files = self.in_force.policies.files().to_vec();
        let Some((_, bytes)) = files.iter_mut().find(|(name, _)| name == disk::SUSPENSIONS) else {
            return false;
        };
        if **bytes == *suspensions {
            return true;
        }
        *bytes = suspensions.into();
        let Ok(policies) = compile(files, served.door.policy_clock.now()) else { return false };
        // Nothing that is signed changed: the kill switch waits for nobody's certificates.
        self.put_policies(policies.holding_up_as(&self.in_force.policies));
        true
    }

    fn refuse(&mut self, part: Part, why: impl Into<String>) {
        self.not_taken.push(NotTaken { part, why: why.into() });
    }

    fn take_configuration(&mut self) {
        let Some(file) = &self.settings.file else { return };
        let settings = match read::read(&file.path) {
            Ok(settings) => settings,
            Err(faults) => return self.refuse(Part::Configuration, faults.render(false)),
        };
        if settings.file == self.settings.file {
            return;
        }
        let authorities = Authorities::parse(settings.exchange.socket.names.iter().map(String::as_str));
        match authorities {
            Ok(authorities) => self.put_configuration(settings, authorities),
            Err(why) => self.refuse(Part::Configuration, why.to_string()),
        }
    }

    fn put_configuration(&mut self, settings: Settings, authorities: Authorities) {
        let (now, later) = words::of_settings(&self.settings, &settings);
        if !later.is_empty() {
            tracing::warn!(
                keys = later.join(", "),
                "these settings take effect at the next start, not by a reload"
            );
        }
        if !now.is_empty() {
            let all = now.join(", ");
            self.words
                .push(Text::new(format!("gateway.toml: đổi {all}"), format!("gateway.toml: changed {all}")));
        }
        self.in_force.authorities = Arc::new(authorities);
        self.in_force.bodies = Rules { within: settings.exchange.body_timeout };
        self.in_force.contact = settings.contact.clone();
        // Whom signatures are believed from is recorded by a start, and changes with one.
        let (signers, required) = (self.settings.signers.clone(), self.settings.require_signed_agreements);
        self.settings = Settings { signers, require_signed_agreements: required, ..settings };
    }

    fn take_policies(&mut self, served: &Served, files: Vec<PolicyFile>) {
        if crate::policy::fingerprint::of(&files) == *self.in_force.policies.hash() {
            return;
        }
        match self.checked(served, files) {
            Ok(policies) => self.put_policies(policies),
            Err(why) => self.refuse(Part::Policies, why),
        }
    }

    fn checked(&self, served: &Served, files: Vec<PolicyFile>) -> Result<Policies, String> {
        let policies =
            compile(files, served.door.policy_clock.now()).map_err(|faults| faults.render(false))?;
        let policies = signed(served, policies)?;
        if let Some(which) = bounds::too_large(&policies).first() {
            return Err(which.to_string());
        }
        // Connects to nobody: that a certificate which a new service names is there must be known before the service is.
        let (tls, clock) = (platform_tls(&self.settings), served.door.clock.clone());
        let renewed = self.in_force.platforms.renewed(policies.services(), &tls, clock);
        renewed.map(|_| policies).map_err(|why| causes(&why))
    }

    fn put_policies(&mut self, policies: Policies) {
        self.words.push(words::of_policies(&self.in_force.policies, &policies));
        self.in_force.policies = Arc::new(policies);
    }

    /// The way to the platforms, where the policies or the files by which they are reached are others.
    fn take_platforms(&mut self, served: &Served, material: &Material) {
        let files = disk::of_platforms(&self.settings, &self.in_force.policies);
        let replaced = material.changed(&self.material, &files);
        let (tls, clock) = (platform_tls(&self.settings), served.door.clock.clone());
        match self.in_force.platforms.renewed(self.in_force.policies.services(), &tls, clock) {
            Ok(platforms) => {
                self.in_force.platforms = Arc::new(platforms);
                self.tell_replaced(&replaced, &[]);
                self.material.take(material, &files);
            }
            Err(why) => self.refuse(Part::Platforms, causes(&why)),
        }
    }

    /// TLS and revocation lists of both sockets: neither is taken if the two would trust the same authority.
    fn take_sockets(&mut self, served: &Served, material: &Material) {
        let (now, wanted) = (served.door.clock.now(), self.settings.clone());
        let before = self.sockets.clone();
        let exchange = &wanted.exchange.socket;
        let exchange = self.socket(Part::Exchange, &before.exchange, exchange, material, now);
        // A desk comes or goes with a restart.
        let desk = before.desk.as_ref().zip(wanted.desk.as_ref());
        let desk = desk.and_then(|(before, wanted)| self.desk(before, wanted, material, now));
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

    /// A socket's TLS and revocation lists, if they are others and sound.
    fn socket(
        &mut self,
        part: Part,
        before: &InPlace,
        wanted: &SocketSettings,
        material: &Material,
        now: Timestamp,
    ) -> Option<(Tls, Revocations)> {
        let place = InPlace::of(wanted);
        if place == *before && material.changed(&self.material, &place.files).is_empty() {
            return None;
        }
        let read = secured(wanted, now);
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
        now: Timestamp,
    ) -> Option<(Admits, Tls)> {
        let (tls, revoked) = self.socket(Part::Desk, before, wanted, material, now)?;
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
        for gone in before.files.iter().filter(|path| !place.files.contains(path)) {
            let name = name_of(gone, &self.settings.certs);
            self.words.push(Text::new(format!("bỏ tệp: {name}"), format!("no longer used: {name}")));
        }
        if place.names != before.names {
            let names = place.names.join(", ");
            self.words.push(Text::new(format!("tên cổng: {names}"), format!("names: {names}")));
        }
        self.material.take(material, &place.files);
        place
    }

    /// Says which files were replaced; those that are public are kept beside the log.
    fn tell_replaced(&mut self, replaced: &[PathBuf], public: &[PathBuf]) {
        for path in replaced {
            let name = name_of(path, &self.settings.certs);
            self.words.push(Text::new(format!("tệp mới: {name}"), format!("new file: {name}")));
            if let (true, Ok(bytes)) = (public.contains(path), file::read(path)) {
                self.beside.push((name, bytes));
            }
        }
    }
}

/// A socket's TLS and revocation lists. A list that has lapsed speaks for nobody: it does not replace one.
fn secured(wanted: &SocketSettings, now: Timestamp) -> Result<(Tls, Revocations), String> {
    are_files(&disk::of_socket(wanted))?;
    let tls = socket::tls(wanted).map_err(|why| causes(&why))?;
    let revoked = socket::revoked(wanted).map_err(|why| causes(&why))?;
    match revoked.next_update() {
        Some(next) if next <= now => Err(format!("a revocation list is past its next update, {next:.0}")),
        Some(_) | None => Ok((tls, revoked)),
    }
}

/// What is no file is not opened: it could keep this reload, and every later one, waiting.
fn are_files(paths: &[PathBuf]) -> Result<(), String> {
    paths.iter().try_for_each(|path| {
        file::check(path).map_err(|why| format!("`{}` cannot be read: {why}", path.display()))
    })
}

/// A file as people know it: by its name in the folder of certificates.
fn name_of(path: &Path, certs: &Path) -> String {
    path.strip_prefix(certs).unwrap_or(path).display().to_string()
}

/// Other policies, with the signatures that this gateway requires since its start: by the authorities that the start recorded.
fn signed(served: &Served, policies: Policies) -> Result<Policies, String> {
    let settings = &served.settings;
    let Some(signers) = settings.signers.as_ref().filter(|_| settings.require_signed_agreements) else {
        return Ok(policies);
    };
    are_files(&signers.anchors)?;
    are_files(signers.crls.as_deref().unwrap_or_default())?;
    let named = signers::named(settings).map_err(|why| causes(&why))?;
    if named != served.signers {
        return Err(
            "[signers] anchors are others than the log names: they change by a start alone".to_owned()
        );
    }
    signers::required(policies, signers, served.door.clock.now()).map_err(|why| causes(&why))
}

/// An error with what is under it.
fn causes(error: &dyn std::error::Error) -> String {
    let below = std::iter::successors(error.source(), |error| error.source());
    below.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
