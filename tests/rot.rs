//! Bits rot, in every kind of byte of every kind of file: `audit verify` names the place, the gateway does not go on from there, and no
//! log is silently shorter.

#[cfg(test)]
mod world;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use world::CENTRE;
use world::HOSPITAL;
use world::World;
use world::child::Child;
use world::load::Load;
use world::rot::batches;
use world::rot::files;
use world::rot::in_checkpoint;
use world::rot::in_sealed;
use world::rot::in_segments;
use world::rot::put;
use world::rot::rots;
use world::rot::rots_aside;
use world::rot::verify;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_byte_rots_its_place_is_named_and_the_log_is_not_continued() {
    let mut world = World::start().await;
    for _ in 0..4 {
        assert_eq!(world.lookup(CENTRE).await.status, 200);
        let posted = world.post(HOSPITAL, "/mau/doi-chieu", &[("exchange-purpose", "doi-chieu")], "{}").await;
        assert_eq!(posted.status, 200);
    }
    world.close().await;
    let (log, configuration) = (world.folder().join("log"), world.configuration());
    assert_eq!(verify(&log).1, Some(0));
    let all = [in_segments(&log), in_checkpoint(&log)].concat();
    let kinds: BTreeSet<&str> = all.iter().map(|rot| rot.what).collect();
    println!("{} bytes: {kinds:?}", all.len());
    all.iter().for_each(|rot| rots(rot, &log, &configuration));
    assert_eq!(verify(&log).1, Some(0), "all is mended");
    world.open().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rots_among_what_is_sealed_is_named_and_no_log_is_shorter_for_it() {
    let mut world = World::build("log_segment = \"64 KiB\"").await;
    world.open().await;
    let (load, calling) = Load::begin(world);
    load.more(620).await;
    let mut world = load.end(calling).await;
    world.close().await;
    let (log, configuration) = (world.folder().join("log"), world.configuration());
    assert_eq!(verify(&log).1, Some(0));
    let all = in_sealed(&log);
    println!("{} bytes: {:?}", all.len(), all.iter().map(|rot| rot.what).collect::<BTreeSet<&str>>());
    assert!(all.iter().any(|rot| rot.entries.as_ref().is_some_and(|entries| entries.start > 0)));
    all.iter().for_each(|rot| rots_aside(rot, &log, &configuration));
    assert_eq!(verify(&log).1, Some(0), "all is mended");
    cut_behind_what_is_sealed(&log, &configuration);
    without_snapshots(&log, &configuration);
    gone(&log, &configuration);
    world.open().await;
    world.end().await;
}

/// What a gateway says that does not start because of its log.
#[cfg(test)]
fn damaged(configuration: &Path) -> String {
    // One that does start is ended here, and waited for no longer.
    assert!(Child::try_serve(configuration).is_err(), "it starts");
    let mut serve = Command::new(env!("CARGO_BIN_EXE_phohien"));
    serve.args(["serve", "--unwitnessed", "--lang", "en", "--config"]).arg(configuration);
    let refused = serve.output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(4), "{said}");
    said
}

/// Every segment, snapshot and head is gone that would tell of entries: the bundles tell, and neither goes on as if there had been none.
#[cfg(test)]
fn cut_behind_what_is_sealed(log: &Path, configuration: &Path) {
    let kept = log.with_file_name("kept");
    copy(log, &kept);
    for gone in ["wal", "heads"] {
        std::fs::remove_dir_all(log.join(gone)).unwrap();
    }
    std::fs::remove_file(log.join("checkpoint")).unwrap();
    assert_eq!(verify(log).1, Some(4));
    let said = damaged(configuration);
    assert!(said.contains("entry 0,") && said.contains("tile/entries/"), "{said}");
    std::fs::remove_dir_all(log).unwrap();
    std::fs::rename(kept, log).unwrap();
}

/// The log's disk is not mounted: under it lies an empty folder. No second history is signed there.
#[cfg(test)]
fn gone(log: &Path, configuration: &Path) {
    let kept = log.with_file_name("kept");
    std::fs::rename(log, &kept).unwrap();
    std::fs::create_dir(log).unwrap();
    let said = damaged(configuration);
    assert!(said.contains("log-gone"), "{said}");
    assert_eq!(std::fs::read_dir(log).unwrap().count(), 0, "{said}");
    std::fs::remove_dir_all(log).unwrap();
    std::fs::rename(kept, log).unwrap();
}

/// No snapshot covers the segments that are gone: both say so, and nothing is missing.
#[cfg(test)]
fn without_snapshots(log: &Path, configuration: &Path) {
    let (whole, _) = verify(log);
    std::fs::remove_dir_all(log.join("heads")).unwrap();
    let (bare, code) = verify(log);
    assert_eq!((code, &bare["entries"], &bare["root"]), (Some(0), &whole["entries"], &whole["root"]));
    let noted = bare["notes"].to_string();
    assert!(noted.contains("snapshot") || noted.contains("bản chụp trạng thái"), "{bare}");
    Child::serve(configuration).kill();
    let (after, code) = verify(log);
    assert_eq!(code, Some(0));
    assert!(after["entries"].as_u64() > whole["entries"].as_u64(), "{after}");
}

#[cfg(test)]
fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_behind_the_last_batch_is_noted_and_takes_nothing_away() {
    let mut world = World::start().await;
    let answered = world.lookup(CENTRE).await;
    world.close().await;
    let log = world.folder().join("log");
    let (report, _) = verify(&log);
    let segment =
        files(&log.join("wal")).into_iter().rfind(|file| file.extension().is_some_and(|kind| kind == "seg"));
    let segment = segment.unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let (_, end) = batches(&bytes);
    bytes[end + 1_000] = 1;
    put(&segment, &bytes);
    let (rotten, code) = verify(&log);
    assert_eq!((code, &rotten["entries"], &rotten["root"]), (Some(0), &report["entries"], &report["root"]));
    assert!(rotten["notes"][0].as_str().is_some_and(|note| note.contains("1001")), "{rotten}");
    world.open().await;
    assert_eq!(world.leaves_of(answered.header("exchange-id")).len(), 1);
    let leaves = world.end().await;
    let started = leaves.iter().rfind(|leaf| leaf["kind"] == "node.started").unwrap();
    println!("{started}");
}
