//! Reading `gateway.toml`.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::crypto::digest::sha256;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::fault::shown;
use crate::diagnostic::file;
use crate::diagnostic::quantity::Size;
use crate::diagnostic::source::Placed;
use crate::diagnostic::source::Source;
use crate::diagnostic::table::Table;
use crate::id::AgencyId;
use crate::id::Origin;
use crate::language::Text;
use crate::signing::When;

use super::anchor;
use super::index;
use super::limits;
use super::settings::Algorithm;
use super::settings::AnswerSettings;
use super::settings::ExchangeSettings;
use super::settings::LogSettings;
use super::settings::Settings;
use super::settings::SettingsFile;
use super::settings::SocketSettings;
use super::signers;
use super::socket;
use super::witnesses;

/// 16 MiB: some ten thousand entries, pre-zeroed in well under a second on a slow disk.
const SEGMENT_DEFAULT: u64 = 16 << 20;
/// 64 KiB: must hold the largest entry with its annex and the signed head.
const SEGMENT_MIN: u64 = 64 << 10;
/// 1 GiB: pre-zeroing more than this at a time would be felt by every exchange.
const SEGMENT_MAX: u64 = 1 << 30;
/// Places in the log's queue: 1,365 exchanges at once, about 5 MiB of waiting entries.
const QUEUE_DEFAULT: u64 = 4_096;
/// From the admission to a request body's last byte: the largest body over a slow line.
const BODY_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// Where the desk listens unless told otherwise: this machine alone.
const DESK_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9443);

/// Reads the file.
///
/// # Errors
/// All faults at once; a file that cannot be read is one of them.
pub fn read(path: &Path) -> Result<Settings, Faults> {
    let File { name, text, base } = File::open(path)?;
    let file = SettingsFile { path: path.to_owned(), hash: sha256(text.as_bytes()) };
    let settings = read_text(&name, &text, base)?;
    Ok(Settings { file: Some(file), ..settings })
}

/// Reads the file's text; paths in it are relative to `base`.
///
/// # Errors
/// All faults at once.
pub fn read_text(name: &str, text: &str, base: &Path) -> Result<Settings, Faults> {
    whole(name, text, |table, faults| settings(table, faults, base))
}

/// A file of settings, before anything of it is understood.
pub(super) struct File<'a> {
    /// As faults name it.
    pub(super) name: String,
    /// What it holds.
    pub(super) text: String,
    /// The folder to which paths in it are relative.
    pub(super) base: &'a Path,
}

impl<'a> File<'a> {
    /// Opens it; that it cannot be read is a fault.
    pub(super) fn open(path: &'a Path) -> Result<Self, Faults> {
        let name = path.display().to_string();
        let text = file::check(path).and_then(|()| std::fs::read_to_string(path)).map_err(|cause| {
            let message = format!("`{}` cannot be read: {cause}", shown(&name));
            Faults::from_iter([Fault::new(Code::Unreadable, message)])
        })?;
        Ok(Self { name, text, base: path.parent().unwrap_or(Path::new("")) })
    }
}

/// What a text says, or all its faults at once.
pub(super) fn whole<T>(
    name: &str,
    text: &str,
    read: impl FnOnce(&mut Table<'_>, &mut Faults) -> Option<T>,
) -> Result<T, Faults> {
    let mut faults = Faults::new();
    let read = Source::new(name, text).read(&mut faults, read);
    read.filter(|_| !faults.has_faults()).ok_or(faults)
}

fn settings(table: &mut Table<'_>, faults: &mut Faults, base: &Path) -> Option<Settings> {
    let operator = table.required::<AgencyId>("operator", faults);
    let contact = section(table, "contact", faults, contact);
    let policies = folder(table, "policies", base, faults);
    let keys = placed_folder(table, "keys", base, faults);
    let certs = folder(table, "certs", base, faults);
    let log = log(table, base, faults);
    let inside = certs.clone().unwrap_or_default();
    let index = index::read(table, (base, &inside), log.as_ref(), faults);
    let exchange = section(table, "exchange", faults, |table, faults| exchange(table, &inside, faults));
    let desk = optional_section(table, "desk", faults, |table, faults| desk(table, &inside, faults));
    let answers = optional_section(table, "answers", faults, answers);
    let limits = limits::read(table, base, log.as_ref(), faults);
    let metrics =
        optional_section(table, "metrics", faults, |table, faults| table.required("listen", faults));
    let platform_anchors = table.optional::<String>("platform_anchors", faults);
    let witnesses = witnesses::read(table, faults);
    let anchor =
        optional_section(table, "anchor", faults, |table, faults| anchor::read(table, &inside, faults));
    let (signers, require_signed_agreements) = signers::read(table, &inside, faults);
    let (caps, shared) = limits?;
    let keys = apart("keys", keys?, &log.as_ref()?.folder, faults)?;
    Some(Settings {
        file: None,
        anchor,
        operator: operator?.value,
        contact: contact?,
        policies: policies?,
        keys,
        certs: certs?,
        log: log?,
        index: index?,
        exchange: exchange?,
        desk,
        answers: answers.unwrap_or(AnswerSettings { when: When::Always, algorithm: Algorithm::P256 }),
        caps,
        shared,
        metrics: metrics.map(|listen: Placed<_>| listen.value),
        platform_anchors: platform_anchors.map(|file| file.value),
        witnesses,
        signers,
        require_signed_agreements,
    })
}

fn section<'a, T>(
    table: &mut Table<'a>,
    key: &'static str,
    faults: &mut Faults,
    read: impl FnOnce(&mut Table<'a>, &mut Faults) -> Option<T>,
) -> Option<T> {
    table.need(key, faults)?.table(faults, read)
}

pub(super) fn optional_section<'a, T>(
    table: &mut Table<'a>,
    key: &'static str,
    faults: &mut Faults,
    read: impl FnOnce(&mut Table<'a>, &mut Faults) -> Option<T>,
) -> Option<T> {
    table.take(key)?.table(faults, read)
}

fn contact(table: &mut Table<'_>, faults: &mut Faults) -> Option<Text> {
    let vi = table.required::<String>("vi", faults);
    let en = table.required::<String>("en", faults);
    Some(Text::new(vi?.value, en?.value))
}

fn placed_folder(
    table: &mut Table<'_>,
    key: &'static str,
    base: &Path,
    faults: &mut Faults,
) -> Option<Placed<PathBuf>> {
    Some(table.required::<String>(key, faults)?.map(|folder| base.join(folder)))
}

fn folder(table: &mut Table<'_>, key: &'static str, base: &Path, faults: &mut Faults) -> Option<PathBuf> {
    Some(placed_folder(table, key, base, faults)?.value)
}

/// Keys under the log would travel with it to whoever is handed the log, and so would the index.
pub(super) fn apart(name: &str, folder: Placed<PathBuf>, log: &Path, faults: &mut Faults) -> Option<PathBuf> {
    if !folder.value.starts_with(log) {
        return Some(folder.value);
    }
    let fault = Fault::new(Code::WrongValue, format!("`{name}` lies under `log`")).at(folder.place);
    faults.push(
        fault.label("not here").help("the log is copied to auditors as it is: name a folder beside it"),
    );
    None
}

fn log(table: &mut Table<'_>, base: &Path, faults: &mut Faults) -> Option<LogSettings> {
    let folder = folder(table, "log", base, faults);
    let origin = table.required::<Origin>("origin", faults);
    let segment = table.optional::<Size>("log_segment", faults);
    let segment = in_range(
        segment.map(|size| size.map(|size| size.0)),
        SEGMENT_DEFAULT,
        SEGMENT_MIN,
        SEGMENT_MAX,
        faults,
    );
    let queue = in_range(table.optional("log_queue", faults), QUEUE_DEFAULT, 16, 1 << 20, faults);
    Some(LogSettings {
        folder: folder?,
        origin: origin?.value,
        segment: segment?,
        queue: usize::try_from(queue?).unwrap_or(usize::MAX),
    })
}

pub(super) fn in_range(
    written: Option<Placed<u64>>,
    default: u64,
    least: u64,
    most: u64,
    faults: &mut Faults,
) -> Option<u64> {
    let Some(Placed { value, place }) = written else { return Some(default) };
    if (least..=most).contains(&value) {
        return Some(value);
    }
    let fault = Fault::new(Code::WrongValue, format!("{value} is out of range")).at(place);
    faults.push(fault.label(format!("must be {least} to {most}")));
    None
}

fn exchange(table: &mut Table<'_>, certs: &Path, faults: &mut Faults) -> Option<ExchangeSettings> {
    let listen = table.required::<SocketAddr>("listen", faults).map(|placed| placed.value);
    let socket = socket::read(table, certs, listen, &socket::EXCHANGE, faults);
    let body_timeout = socket::time(table, "body_timeout", BODY_TIMEOUT_DEFAULT, faults);
    Some(ExchangeSettings { socket: socket?, body_timeout })
}

fn desk(table: &mut Table<'_>, certs: &Path, faults: &mut Faults) -> Option<SocketSettings> {
    let listen = socket::listen_or(table, DESK_DEFAULT, faults);
    socket::read(table, certs, listen, &socket::DESK, faults)
}

fn answers(table: &mut Table<'_>, faults: &mut Faults) -> Option<AnswerSettings> {
    let when = one_of(table, "sign", [("always", When::Always), ("on_request", When::OnRequest)], faults);
    let algorithm =
        one_of(table, "key", [("p256", Algorithm::P256), ("ed25519", Algorithm::Ed25519)], faults);
    Some(AnswerSettings { when: when?, algorithm: algorithm? })
}

/// The named choice; the first where the key is absent.
fn one_of<T: Copy>(
    table: &mut Table<'_>,
    key: &'static str,
    choices: [(&str, T); 2],
    faults: &mut Faults,
) -> Option<T> {
    let [first, second] = choices;
    let Some(written) = table.optional::<String>(key, faults) else { return Some(first.1) };
    if let Some((_, choice)) = [first, second].into_iter().find(|(name, _)| *name == written.value) {
        return Some(choice);
    }
    let fault = Fault::new(Code::WrongValue, format!("`{key}` must be `{}` or `{}`", first.0, second.0))
        .at(written.place);
    faults.push(fault.label("neither of the two"));
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::config) const GOOD: &str = r#"
operator = "H31.02"
origin = "gw1.hungyen.example/2026"
policies = "policies"
log = "log"
keys = "keys"
certs = "certs"
[contact]
vi = "Sở Khoa học và Công nghệ"
en = "Department of Science and Technology"
[exchange]
listen = "127.0.0.1:8443"
names = ["localhost"]
certificate = "server.pem"
key = "server.key"
anchors = ["ca.pem"]
revocation = "off"
"#;

    fn faults(text: &str) -> String {
        read_text("gateway.toml", text, Path::new("/etc/phohien")).unwrap_err().render(false)
    }

    #[test]
    fn paths_are_relative_to_the_file_and_defaults_are_named() {
        let settings = read_text("gateway.toml", GOOD, Path::new("/etc/phohien")).unwrap();
        assert_eq!(settings.log.folder, Path::new("/etc/phohien/log"));
        assert_eq!(settings.exchange.socket.anchors, [Path::new("/etc/phohien/certs/ca.pem")]);
        assert_eq!((settings.log.segment, settings.answers.when), (16 << 20, When::Always));
    }

    #[test]
    fn keys_under_the_log_are_refused() {
        assert!(
            faults(&GOOD.replace("keys = \"keys\"", "keys = \"log/keys\""))
                .contains("`keys` lies under `log`")
        );
    }

    #[test]
    fn revocation_is_never_off_by_omission_or_by_an_empty_list() {
        assert!(faults(&GOOD.replace("revocation = \"off\"\n", "")).contains("revocation"));
        assert!(faults(&GOOD.replace("\"off\"", "[]")).contains("names no list"));
    }

    #[test]
    fn without_a_section_there_is_no_desk_and_with_one_it_is_as_strict_as_the_exchange() {
        let read = |text: &str| read_text("gateway.toml", text, Path::new("/etc/phohien"));
        assert!(read(GOOD).unwrap().desk.is_none());
        let section = "[desk]\nnames = [\"localhost\"]\ncertificate = \"d.pem\"\nkey = \"d.key\"\nanchors = [\"desk-ca.pem\"]\nrevocation = \"off\"\n";
        let desk = read(&format!("{GOOD}{section}")).unwrap().desk.unwrap();
        assert_eq!((desk.listen.to_string().as_str(), desk.crls), ("127.0.0.1:9443", None));
        for (line, fault) in [
            ("names = [\"localhost\"]\n", "names"),
            ("anchors = [\"desk-ca.pem\"]\n", "anchors"),
            ("revocation = \"off\"\n", "revocation"),
        ] {
            assert!(faults(&format!("{GOOD}{}", section.replace(line, ""))).contains(fault), "{line}");
        }
        assert!(faults(&format!("{GOOD}{section}body_timeout = \"1 s\"\n")).contains("body_timeout"));
    }

    #[test]
    fn all_faults_of_the_file_are_told_at_once() {
        let text = GOOD.replace("H31.02", "h31").replace("\"localhost\"", "").replace("anchors", "anchor");
        let told = faults(&text);
        for part in ["h31", "`names` is empty", "did you mean `anchors`?"] {
            assert!(told.contains(part), "{part} is missing from:\n{told}");
        }
    }
}
