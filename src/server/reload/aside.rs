//! What a reload would put into force, built aside: every part is read and checked whole, or left as it was and told about. Nothing in
//! here changes anything for anybody.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::audit::bounds;
use crate::config::read;
use crate::config::settings::Settings;
use crate::console::desk::Admits;
use crate::diagnostic::file;
use crate::gateway::body::Rules;
use crate::gateway::in_force::InForce;
use crate::language::Text;
use crate::listener::tls::Tls;
use crate::policy::Policies;
use crate::policy::compile::compile;
use crate::policy::compile::suspending;
use crate::policy::model::Suspensions;
use crate::policy::policies::PolicyFile;
use crate::request::authority::Authorities;

use super::Served;
use super::disk;
use super::disk::Look;
use super::disk::Material;
use super::disk::Sockets;
use super::standing::NotTaken;
use super::standing::Part;
use super::words;
use crate::server::doorway::platform_tls;

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
    /// By which files signatures over agreements are believed, and what these held.
    pub(super) signers: Material,
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
            signers: served.signers.clone(),
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
        let of_policies = |fault: &NotTaken| matches!(fault.part, Part::Policies | Part::Signers);
        if self.not_taken.iter().any(of_policies)
            && let Some(policies) = self.switched(suspensions.as_deref())
        {
            self.put_switch(policies);
        }
        let named = disk::named(&self.settings, &self.in_force.policies);
        let material = Material::of(named);
        self.take_platforms(served, &material);
        self.take_sockets(served, &material);
    }

    /// The kill switch alone, over the policy files in force: it works whatever else is being written, or is wrong, in the folder. Whether
    /// it could be taken: what lifts a suspension waits for the look at everything. It is given as it was looked at: read once more, it
    /// might be in the middle of being saved.
    pub(super) fn suspend(&mut self, suspensions: Option<&[u8]>) -> bool {
        let Some(policies) = self.switched(suspensions) else { return false };
        if lifts(self.in_force.policies.suspensions(), policies.suspensions()) {
            return false;
        }
        self.put_switch(policies);
        true
    }

    /// The policies in force under another kill switch; none if that has faults.
    fn switched(&self, suspensions: Option<&[u8]>) -> Option<Policies> {
        suspending(&self.in_force.policies, &suspensions?.into()).ok()
    }

    /// Puts them into force, if the file is another.
    fn put_switch(&mut self, policies: Policies) {
        if policies.hash() != self.in_force.policies.hash() {
            self.words.push(words::of_switch(&self.in_force.policies, &policies));
            self.in_force.policies = Arc::new(policies);
        }
    }

    pub(super) fn refuse(&mut self, part: Part, why: impl Into<String>) {
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
        // Whether agreements must be signed changes with a start alone. While they must, somebody is named to believe it from.
        let required = self.settings.require_signed_agreements;
        let signers = settings.signers.clone().or_else(|| self.settings.signers.clone().filter(|_| required));
        self.settings = Settings { signers, require_signed_agreements: required, ..settings };
    }

    fn take_policies(&mut self, served: &Served, files: Vec<PolicyFile>) {
        let signers = self.signers_now();
        let same_signers = signers == self.signers;
        if same_signers && crate::policy::fingerprint::of(&files) == *self.in_force.policies.hash() {
            return;
        }
        match self.checked(served, files, same_signers) {
            // What changed while it was read is neither taken nor told about: the next look sees it.
            Ok(_) if self.signers_now() != signers => {}
            Ok(policies) => {
                self.put_policies(policies);
                self.put_signers(signers);
            }
            Err(fault) => self.not_taken.push(fault),
        }
    }

    fn checked(
        &self,
        served: &Served,
        files: Vec<PolicyFile>,
        same_signers: bool,
    ) -> Result<Policies, NotTaken> {
        let refused = |why| NotTaken { part: Part::Policies, why };
        let policies = compile(files, served.door.policy_clock.now());
        let policies = policies.map_err(|faults| refused(faults.render(false)))?;
        let policies = self.signed(served, policies, same_signers)?;
        if let Some(which) = bounds::too_large(&policies).first() {
            return Err(refused(which.to_string()));
        }
        // Connects to nobody: that a certificate which a new service names is there must be known before the service is.
        let (tls, clock) = (platform_tls(&self.settings), served.door.clock.clone());
        let renewed = self.in_force.platforms.renewed(policies.services(), &tls, clock);
        renewed.map(|_| policies).map_err(|why| refused(causes(&why)))
    }

    fn put_policies(&mut self, policies: Policies) {
        let before = Arc::clone(&self.in_force.policies);
        if policies.hash() != before.hash() {
            self.words.push(words::of_policies(&before, &policies));
        }
        self.words.extend(words::of_signing(&before, &policies));
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

    /// Says that a file is no longer used.
    pub(super) fn tell_gone(&mut self, path: &Path) {
        let name = name_of(path, &self.settings.certs);
        self.words.push(Text::new(format!("bỏ tệp: {name}"), format!("no longer used: {name}")));
    }

    /// Says which files were replaced; those that are public are kept beside the log.
    pub(super) fn tell_replaced(&mut self, replaced: &[PathBuf], public: &[PathBuf]) {
        for path in replaced {
            let name = name_of(path, &self.settings.certs);
            self.words.push(Text::new(format!("tệp mới: {name}"), format!("new file: {name}")));
            if let (true, Ok(bytes)) = (public.contains(path), file::read(path)) {
                self.beside.push((name, bytes));
            }
        }
    }
}

/// Whether anything that was suspended no longer is.
fn lifts(before: &Suspensions, now: &Suspensions) -> bool {
    before.agencies.keys().any(|id| !now.agencies.contains_key(id))
        || before.certificates.keys().any(|hash| !now.certificates.contains_key(hash))
        || before.agreements.keys().any(|id| !now.agreements.contains_key(id))
        || before.purposes.keys().any(|code| !now.purposes.contains_key(code))
}

/// What is no file is not opened: it could keep this reload, and every later one, waiting.
pub(super) fn are_files(paths: &[PathBuf]) -> Result<(), String> {
    paths.iter().try_for_each(|path| {
        file::check(path).map_err(|why| format!("`{}` cannot be read: {why}", path.display()))
    })
}

/// A file as people know it: by its name in the folder of certificates.
fn name_of(path: &Path, certs: &Path) -> String {
    path.strip_prefix(certs).unwrap_or(path).display().to_string()
}

/// An error with what is under it.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let below = std::iter::successors(error.source(), |error| error.source());
    below.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::*;
    use crate::policy::model::Suspension;

    #[test]
    fn whatever_is_no_longer_suspended_was_lifted_and_another_reason_lifts_nothing() {
        let of = |reason: &str| Suspension { since: Date::constant(2026, 11, 1), reason: reason.to_owned() };
        let mut before = Suspensions::default();
        before.agencies.insert("H31.07".parse().unwrap(), of("x"));
        let mut after = before.clone();
        after.agencies.insert("H31.07".parse().unwrap(), of("y"));
        after.certificates.insert([7; 32], of("x"));
        after.agreements.insert("TT-1".parse().unwrap(), of("x"));
        after.purposes.insert("tra-cuu".parse().unwrap(), of("x"));
        assert!(!lifts(&before, &after));
        assert!(lifts(&before, &Suspensions::default()));
        for less in [
            Suspensions { certificates: Default::default(), ..after.clone() },
            Suspensions { agreements: Default::default(), ..after.clone() },
            Suspensions { purposes: Default::default(), ..after.clone() },
        ] {
            assert!(lifts(&after, &less), "{less:?}");
        }
    }
}
