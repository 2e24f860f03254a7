//! The writer that opens a log and the verifier that shares nothing with it say the same of a folder from which files were taken.

use std::fs;

use super::*;

/// A closed log with some segments, the first of which are gone; bundles that reach into them; snapshots; a checkpoint.
fn log(entries: usize) -> World {
    let world = World::new();
    let log = world.open();
    // Bundles that span some segments.
    for start in (0..entries).step_by(25) {
        let batch: Vec<_> = (start..start + 25)
            .map(|n| log.reserve().unwrap().append(format!("entry {n} {}", "x".repeat(1_000)).into()))
            .collect();
        batch.into_iter().for_each(|pending| drop(pending.wait().unwrap()));
        log.publish(Chain::shelf);
    }
    log.close();
    world
}

fn inside(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.to_str().unwrap().ends_with(ending)).collect();
    files.sort();
    files
}

/// What can be taken: every segment, every snapshot, the checkpoint.
fn takeable(world: &World) -> Vec<PathBuf> {
    let heads = inside(&world.path().join("heads"), "");
    [inside(&wal(&world.path()), ".seg"), heads, vec![world.checkpoint()]].concat()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn whatever_is_taken_away_the_writer_opens_what_the_verifier_finds_sound_and_nothing_else() {
    // Bundles end within the second segment of some; and behind where the last begins, so that it is the only one.
    [560, 525].into_iter().for_each(agree_about_what_is_left_of);
}

fn agree_about_what_is_left_of(entries: usize) {
    let world = log(entries);
    let all = takeable(&world);
    assert!(all.len() >= 4 && !world.segment(0).exists(), "{all:?}");
    let folder = tempfile::tempdir().unwrap();
    let (mut opened, mut refused) = (0, 0);
    for which in 0..1_u32 << all.len() {
        let taken: Vec<_> =
            (0..).zip(&all).filter(|(at, _)| which >> at & 1 == 1).map(|(_, file)| file).collect();
        let path = folder.path().join(which.to_string());
        copy(&world.path(), &path);
        let taken: Vec<_> = taken.iter().map(|file| file.strip_prefix(world.path()).unwrap()).collect();
        taken.iter().for_each(|file| fs::remove_file(path.join(file)).unwrap());
        let report = fsck::verify(&path, Some(&world.public()), &[], &mut fsck::Nobody, &mut |_, _| {});
        let settings = Settings { folder: path.clone(), ..world.settings() };
        let disk = Arc::new(world.disk.clone());
        match open(settings, disk, world.key(), Clock::system(), Chain::default()) {
            Ok((log, found)) => {
                log.close();
                assert!(report.is_sound(), "{taken:?}: opened with {found:?}: {:?}", report.faults);
                assert_eq!(report.entries, found.size, "{taken:?}");
                opened += 1;
            }
            Err(OpenError::Damaged { index, file, what }) => {
                let named = report.faults.iter().any(|fault| fault.index.is_none_or(|at| at == index));
                assert!(named, "{taken:?}: {index} {file:?} {what}: {:?}", report.faults);
                refused += 1;
            }
            Err(other) => panic!("{taken:?}: {other}"),
        }
        fs::remove_dir_all(&path).unwrap();
    }
    println!("{}: {opened} opened, {refused} refused", all.len());
    assert!(opened > 1 && refused > 1);
}
