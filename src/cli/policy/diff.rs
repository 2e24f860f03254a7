//! `policy diff`: what one policy set gives and takes beside another.

use std::path::PathBuf;

use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::Paint;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::shown;
use crate::policy::Policies;
use crate::policy::diff::Change;
use crate::policy::diff::Effect;
use crate::policy::diff::between;
use crate::policy::load::load;

/// `policy diff`.
#[derive(Debug, clap::Args)]
pub struct Diff {
    #[arg(value_name = "OLD")]
    old: PathBuf,
    #[arg(value_name = "NEW")]
    new: PathBuf,
}

/// Tells every difference, what widens first.
///
/// # Errors
/// One of the sets has faults.
pub fn run(asked: &Diff, session: &mut Session) -> Result<Exit, Failure> {
    let now = session.clock.now();
    let load = |folder: &PathBuf| load(folder, now).map_err(Failure::faulty);
    let (old, new) = (load(&asked.old)?, load(&asked.new)?);
    let changes = between(&old, &new);
    let terminal = &mut session.terminal;
    if terminal.json() {
        changes.iter().try_for_each(|change| terminal.object(&change.json()))?;
    } else {
        tell(&changes, terminal)?;
        conclude(&changes, (&old, &new), terminal)?;
    }
    Ok(if changes.is_empty() { Exit::Yes } else { Exit::No })
}

fn tell(changes: &[Change], terminal: &mut Terminal) -> Result<(), Failure> {
    for effect in [Effect::Wider, Effect::Both, Effect::Narrower, Effect::Neither] {
        let alike: Vec<&Change> = changes.iter().filter(|change| change.effect() == effect).collect();
        if alike.is_empty() {
            continue;
        }
        let heading = terminal.paint(paint(effect), effect.text().to(terminal.language()));
        terminal.line(&format!("{heading} ({})", alike.len()))?;
        for change in alike {
            let line = shown(change.text().to(terminal.language()));
            terminal.line(&format!("  {line}"))?;
        }
    }
    Ok(())
}

/// What lets more pass is what a reader must not miss.
fn paint(effect: Effect) -> Paint {
    match effect {
        Effect::Wider | Effect::Both => Paint::Caution,
        Effect::Narrower => Paint::Strong,
        Effect::Neither => Paint::Faint,
    }
}

fn conclude(
    changes: &[Change],
    (old, new): (&Policies, &Policies),
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    if !changes.is_empty() {
        return Ok(());
    }
    if old.hash() == new.hash() {
        return terminal.say("Hai bộ chính sách giống hệt nhau.", "The two policy sets are the same.");
    }
    terminal.say(
        "Hai bộ chính sách nói như nhau, chỉ khác cách viết.",
        "The two policy sets say the same, written differently.",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::cli::exit::Exit;
    use crate::cli::tests::run_line;

    const PROVINCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");

    /// The example in a folder of its own, with one text of one agreement replaced.
    fn changed(folder: &Path, old: &str, new: &str) -> String {
        crate::cli::demo::edit::copy(Path::new(PROVINCE), &folder.join("new")).unwrap();
        let file = folder.join("new/agreements/TT-2026-001.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(old));
        crate::cli::demo::world::lay(&file, text.replacen(old, new, 1).as_bytes()).unwrap();
        folder.join("new").display().to_string()
    }

    #[test]
    fn sets_that_say_the_same_end_with_yes_and_others_with_no() {
        let folder = tempfile::tempdir().unwrap();
        let new = changed(folder.path(), "/CongDan/GioiTinh", "/CongDan/QuocTich");
        let (exit, out, err) = run_line(&format!("phohien --lang en policy diff {PROVINCE} {PROVINCE}"));
        assert_eq!(
            (exit, out.as_str(), err.as_str()),
            (Exit::Yes, "The two policy sets are the same.\n", "")
        );
        let (exit, out, _) = run_line(&format!("phohien --lang en policy diff {PROVINCE} {new}"));
        assert_eq!(exit, Exit::No);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!((lines[0], lines[2], lines.len()), ("wider (1)", "narrower (1)", 4), "{out}");
        assert!(
            lines[1].contains("gains fields of dan-cu") && lines[1].contains("/CongDan/QuocTich"),
            "{out}"
        );
        assert!(
            lines[3].contains("loses fields of dan-cu") && lines[3].contains("/CongDan/GioiTinh"),
            "{out}"
        );
    }

    #[test]
    fn for_machines_each_change_is_an_object() {
        let folder = tempfile::tempdir().unwrap();
        let new = changed(folder.path(), "daily = 20_000", "daily = 30_000");
        let (exit, out, _) = run_line(&format!("phohien policy diff {PROVINCE} {new} --json"));
        let object: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            (exit, object["aspect"].as_str(), object["effect"].as_str()),
            (Exit::No, Some("limits.daily"), Some("wider"))
        );
        assert_eq!((&object["before"]["vi"], &object["after"]["vi"]), (&"20.000".into(), &"30.000".into()));
    }

    #[test]
    fn a_set_with_faults_is_not_compared() {
        let folder = tempfile::tempdir().unwrap();
        let new = changed(folder.path(), "version = 1", "verson = 1");
        let (exit, out, err) = run_line(&format!("phohien policy diff {PROVINCE} {new}"));
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
        assert!(err.contains("verson"), "{err}");
    }
}
