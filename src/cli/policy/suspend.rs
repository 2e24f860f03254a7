//! `policy suspend`, `policy resume`: the kill switch by hand. A running gateway looks at the file several times a second.

use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::suspensions;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::place;
use crate::cli::place::folder;
use crate::cli::terminal::shown;
use crate::clock::Timestamp;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::fault::Severity;
use crate::diagnostic::file;
use crate::diagnostic::nearest::nearest;
use crate::diagnostic::value::Words;
use crate::language::Text;
use crate::policy::Policies;
use crate::policy::calendar::shown as day;
use crate::policy::calendar::today;
use crate::policy::compile::compile;
use crate::policy::load::read;
use crate::policy::policies::PolicyFile;

/// The file, in the folder of policies.
const FILE: &str = "suspensions.toml";

/// Beside it while it is written: names that begin with a dot are passed over by whoever reads the folder.
const UNFINISHED: &str = ".suspensions.toml.new";

/// `policy suspend` and `policy resume`.
#[derive(Debug, clap::Args)]
pub struct Suspend {
    #[arg(value_name = "KIND", value_enum)]
    kind: Kind,
    #[arg(value_name = "ID")]
    id: String,
    #[arg(long, value_name = "TEXT")]
    reason: Words,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Agency,
    Certificate,
    Agreement,
    Purpose,
}

impl Kind {
    fn key(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Certificate => "certificate",
            Self::Agreement => "agreement",
            Self::Purpose => "purpose",
        }
    }

    fn text(self) -> Text {
        match self {
            Self::Agency => Text::new("cơ quan, đơn vị", "the agency"),
            Self::Certificate => Text::new("chứng thư số", "the certificate"),
            Self::Agreement => Text::new("thỏa thuận", "the agreement"),
            Self::Purpose => Text::new("mục đích", "the purpose"),
        }
    }

    /// The ids of this kind; of certificates nobody has a list.
    fn known(self, policies: &Policies) -> Option<Vec<&str>> {
        match self {
            Self::Agency => Some(policies.agencies().map(|agency| agency.id.as_str()).collect()),
            Self::Certificate => None,
            Self::Agreement => Some(policies.agreements().iter().map(|one| one.id.as_str()).collect()),
            Self::Purpose => Some(policies.purposes().keys().map(|code| code.as_str()).collect()),
        }
    }
}

/// Suspends.
///
/// # Errors
/// There is no such thing, the result would have faults, or the file cannot be replaced.
pub fn suspend(asked: &Suspend, session: &mut Session) -> Result<Exit, Failure> {
    let (now, id) = (session.clock.now(), asked.id()?);
    let written = Written::read(asked, session)?;
    if suspensions::names(&written.text, asked.kind.key(), &id) {
        let text = Text::new("đã bị tạm dừng từ trước", "was suspended before");
        return tell(asked, &id, &text, session);
    }
    written.must_know(asked.kind, &id, now)?;
    let since = here(now);
    let text = suspensions::with(&written.text, asked.kind.key(), &id, since, &asked.reason.0);
    written.replace(&text, now, session)?;
    tell(asked, &id, &Text::new("bị tạm dừng", "is suspended"), session)
}

/// Takes a suspension back.
///
/// # Errors
/// It is not suspended, the result would have faults, or the file cannot be replaced.
pub fn resume(asked: &Suspend, session: &mut Session) -> Result<Exit, Failure> {
    let (now, id) = (session.clock.now(), asked.id()?);
    let written = Written::read(asked, session)?;
    let (kind, name) = (asked.kind.text(), shown(&id));
    if !suspensions::names(&written.text, asked.kind.key(), &id) {
        return Err(Failure::new(
            Exit::No,
            "not-suspended",
            format!("Tệp {FILE} không tạm dừng {} {name}.", kind.vi),
            format!("{FILE} does not suspend {} {name}.", kind.en),
        ));
    }
    let key = asked.kind.key();
    let note = format!("{key} {id}: khôi phục · resumed {}: {}", here(now), asked.reason.0);
    let text = suspensions::without(&written.text, key, &id, &note).ok_or_else(|| {
        Failure::usage(
            format!("Mục này được viết theo cách mà lệnh không tự bỏ được; hãy sửa {FILE} bằng tay."),
            format!("The entry is written in a way that cannot be taken out by this command; edit {FILE}."),
        )
    })?;
    written.replace(&text, now, session)?;
    tell(asked, &id, &Text::new("được khôi phục", "is resumed"), session)
}

impl Suspend {
    /// The id as the file has it; of a certificate in whichever spelling tools print it.
    fn id(&self) -> Result<String, Failure> {
        if self.kind != Kind::Certificate {
            return Ok(self.id.clone());
        }
        let plain: String =
            self.id.chars().filter(|char| *char != ':').flat_map(char::to_lowercase).collect();
        if plain.len() == 64 && plain.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(plain);
        }
        Err(Failure::usage(
            "Chứng thư số được nêu bằng SHA-256 của cả chứng thư, 64 chữ số hệ 16: `openssl x509 -noout -fingerprint -sha256 -in TỆP`.",
            "A certificate is named by the SHA-256 of all of it, 64 hexadecimal digits: `openssl x509 -noout -fingerprint -sha256 -in FILE`.",
        ))
    }
}

/// The folder as it stands.
struct Written {
    path: PathBuf,
    files: Vec<PolicyFile>,
    /// What of the folder could not be read.
    unread: Faults,
    text: String,
}

impl Written {
    fn read(asked: &Suspend, session: &Session) -> Result<Self, Failure> {
        let folder = folder(session, asked.policies.as_deref(), place::Folder::Policies)?;
        let (files, unread) = read(&folder);
        let path = folder.join(FILE);
        // Through a symbolic link: the link stays, and what it leads to is replaced.
        let path = std::fs::canonicalize(&path).map_err(|cause| Failure::unreadable(&path, cause))?;
        let text = file::check(&path).and_then(|()| std::fs::read_to_string(&path));
        let text = text.map_err(|cause| Failure::unreadable(&path, cause))?;
        Ok(Self { path, files, unread, text })
    }

    /// Refuses what the policies do not know. Policies with faults know nothing: then it is found when the result is checked.
    fn must_know(&self, kind: Kind, id: &str, now: Timestamp) -> Result<(), Failure> {
        let Ok(policies) = compile(self.files.clone(), now) else { return Ok(()) };
        let Some(known) = kind.known(&policies).filter(|known| !known.contains(&id)) else { return Ok(()) };
        let (text, name) = (kind.text(), shown(id));
        let near = nearest(id, known);
        let (near_vi, near_en) = near
            .map(|near| (format!(" Có phải `{near}`?"), format!(" Did you mean `{near}`?")))
            .unwrap_or_default();
        Err(Failure::new(
            Exit::No,
            "no-such-id",
            format!("Không có {} `{name}`.{near_vi}", text.vi),
            format!("There is no such thing as {} `{name}`.{near_en}", text.en),
        ))
    }

    /// Checks the whole set as it would be, then replaces the file. Faults of other files do not stop a kill switch: a gateway puts it into
    /// force over the files that it has.
    fn replace(&self, text: &str, now: Timestamp, session: &mut Session) -> Result<(), Failure> {
        let mut files = self.files.clone();
        for (_, bytes) in files.iter_mut().filter(|(name, _)| name == FILE) {
            *bytes = text.as_bytes().into();
        }
        let mut faults = self.unread.clone();
        faults.extend(compile(files, now).err().unwrap_or_default());
        if faults.has_faults() {
            let ours: Faults = faults.iter().filter(|fault| is_ours(fault)).cloned().collect();
            if ours.has_faults() {
                return Err(Failure::faulty(ours));
            }
            let terminal = &mut session.terminal;
            let told = faults.render_in(false, terminal.language());
            terminal.note(&told, &told);
            terminal.note(
                "Các tệp khác có lỗi như trên; việc tạm dừng hoặc khôi phục vẫn có hiệu lực với các tệp mà cổng đang dùng.",
                "Other files have the faults above; this takes effect all the same, over the files that the gateway has in force.",
            );
        }
        replace(&self.path, text.as_bytes()).map_err(|cause| Failure::unwritable(&self.path, cause))
    }
}

fn is_ours(fault: &Fault) -> bool {
    fault.severity() == Severity::Fault && fault.place().is_some_and(|place| place.source().name() == FILE)
}

/// A crash at any line leaves the old file or the new one, whole.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_file_name(UNFINISHED);
    let mut file = File::create(&unfinished)?;
    file.set_permissions(std::fs::metadata(path)?.permissions())?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// The day it is here: GMT+7, all year.
fn here(now: Timestamp) -> Date {
    today(&TimeZone::fixed(jiff::tz::offset(7)), now)
}

fn tell(asked: &Suspend, id: &str, done: &Text, session: &mut Session) -> Result<Exit, Failure> {
    let (kind, now) = (asked.kind.text(), here(session.clock.now()));
    let terminal = &mut session.terminal;
    if terminal.json() {
        let state = json!({ "kind": asked.kind.key(), "id": id, "state": done.en, "reason": asked.reason.0 });
        terminal.object(&state)?;
        return Ok(Exit::Yes);
    }
    let (id, day) = (shown(id), day(now));
    terminal.tell(&Text::new(
        format!("{} {id} {}, ngày {day}. Cổng đang chạy với thư mục này tự áp dụng.", kind.vi, done.vi),
        format!(
            "{} {id} {}, {day}. A gateway that runs with this folder sees to it by itself.",
            kind.en, done.en
        ),
    ))?;
    Ok(Exit::Yes)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::cli::exit::Exit;
    use crate::cli::tests::run_line;

    /// A copy of the example policies.
    fn province() -> tempfile::TempDir {
        let (from, to) =
            (Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"), tempfile::tempdir().unwrap());
        for (name, bytes) in crate::policy::load::read(&from).0 {
            let path = to.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            crate::cli::client::heads::replace(&path, &bytes).unwrap();
        }
        to
    }

    fn run(folder: &Path, line: &str) -> (Exit, String, String) {
        run_line(&format!("phohien --lang en policy {line} --reason x --policies {}", folder.display()))
    }

    fn text(folder: &Path) -> String {
        std::fs::read_to_string(folder.join("suspensions.toml")).unwrap()
    }

    #[test]
    fn what_is_suspended_and_resumed_leaves_the_file_as_it_was_but_for_a_comment() {
        let folder = province();
        let before = text(folder.path());
        let (exit, out, err) = run(folder.path(), "suspend agreement TT-2026-004");
        assert_eq!((exit, err.as_str()), (Exit::Yes, ""));
        assert!(out.contains("the agreement TT-2026-004 is suspended"), "{out}");
        assert!(
            text(folder.path()).contains("agreement = \"TT-2026-004\"\nsince = 1970-01-01\nreason = \"x\"\n")
        );
        assert!(run(folder.path(), "suspend agreement TT-2026-004").1.contains("was suspended before"));
        assert_eq!(run(folder.path(), "resume agreement TT-2026-004").0, Exit::Yes);
        let after = text(folder.path());
        assert!(after.starts_with(&before) && after.ends_with("resumed 1970-01-01: x\n"), "{after}");
        assert_eq!(run(folder.path(), "resume agreement TT-2026-004").0, Exit::No);
    }

    #[test]
    fn what_nobody_knows_is_not_suspended_and_the_nearest_name_is_told() {
        let folder = province();
        let before = text(folder.path());
        let (exit, _, err) = run(folder.path(), "suspend agency H31.06.12");
        assert!(exit == Exit::No && err.contains("Did you mean `H31.06.11`"), "{err}");
        assert_eq!(run(folder.path(), "suspend certificate 55:55").0, Exit::Usage);
        assert_eq!(text(folder.path()), before);
        let fingerprint = ["AB"; 32].join(":");
        assert_eq!(run(folder.path(), &format!("suspend certificate {fingerprint}")).0, Exit::Yes);
        assert!(text(folder.path()).contains(&format!("certificate = \"{}\"", "ab".repeat(32))));
    }

    #[test]
    fn the_fault_of_another_file_does_not_stop_the_kill_switch_and_one_of_its_own_does() {
        let folder = province();
        let draft = folder.path().join("agreements/TT-2026-999.toml");
        crate::cli::client::heads::replace(&draft, b"id = \"TT-2026-999\"\n").unwrap();
        let (exit, _, err) = run(folder.path(), "suspend purpose giai-quyet-tthc");
        assert!(exit == Exit::Yes && err.contains("Other files have the faults above"), "{err}");
        let gone = folder.path().join("agreements/TT-2026-998.toml");
        std::os::unix::fs::symlink("nowhere", &gone).unwrap();
        let (exit, _, err) = run(folder.path(), "suspend agreement TT-2026-004");
        assert!(exit == Exit::Yes && err.contains("TT-2026-998.toml` cannot be read"), "{err}");
        let before = text(folder.path());
        assert_eq!(run(folder.path(), "suspend purpose giai-quyet-tthx").0, Exit::Usage);
        assert_eq!(text(folder.path()), before);
    }
}
