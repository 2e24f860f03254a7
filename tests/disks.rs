//! Disks that fill up or fail under the running gateway: then nothing is exchanged, and nothing that was acknowledged is lost.
//!
//! These need mounts: root, or a user namespace. Where a machine allows neither they say so, and fail if `CI` is `true`.

#[cfg(test)]
mod world;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use world::CENTRE;
use world::CUT;
use world::HOSPITAL;
use world::World;
use world::child::Mount;
use world::kinds;
use world::load::nothing_is_exchanged;
use world::load::unavailable;
use world::machine::Image;
use world::machine::skipped;

/// Asks until an answer has this status, at most some thousand times; every answer until then has the other one.
#[cfg(test)]
async fn lookup_until(world: &World, status: u16, before: u16) -> usize {
    for asked in 0..5_000 {
        let answered = world.lookup(CENTRE).await;
        if answered.status == status {
            return asked;
        }
        assert_eq!(answered.status, before, "{answered:?}");
    }
    panic!("never {status}")
}

#[cfg(test)]
fn fill(file: &Path) {
    let mut ballast = File::create(file).unwrap();
    while ballast.write_all(&[0xff; 4_096]).is_ok() {}
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_exchanged_until_there_is_room_and_then_it_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let Some(mount) = Mount::new(format!("mount -t tmpfs -o size=1m tmpfs '{}'", disk.display())) else {
        return skipped("neither root nor a user namespace can mount a tmpfs here");
    };
    let log = disk.join("log");
    let mut world = World::build_with(folder, &log, "log_segment = \"64 KiB\"").await;
    let gateway = world.serve_on(&mount, &log);
    assert_eq!(&*world.lookup(CENTRE).await.body, CUT.as_bytes());
    for _ in 0..2 {
        let ballast = gateway.sees(&disk.join("ballast"));
        fill(&ballast);
        let answered = lookup_until(&world, 503, 200).await;
        nothing_is_exchanged(&world).await;
        println!("full after {answered} more answers");
        std::fs::remove_file(&ballast).unwrap();
        lookup_until(&world, 200, 503).await;
        assert_eq!(world.lookup(HOSPITAL).await.status, 200);
        let leaves = world.verify();
        assert!(kinds(&leaves).iter().filter(|kind| **kind == "exchange.released").count() >= answered);
    }
    // The disk goes with the gateway: everything was verified while it ran.
    assert_eq!(
        world.receipts.kept().len(),
        kinds(&world.verify()).iter().filter(|kind| kind.starts_with("exchange.")).count()
    );
    gateway.kill();
}

#[tokio::test]
async fn on_a_disk_that_turns_read_only_nothing_is_exchanged_until_the_next_start_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let image = Image::make(folder.path());
    let Some(mount) = image.mount().await else {
        return skipped("nobody but root can mount a file system in a file");
    };
    let log = image.folder.join("log");
    let mut world = World::build_with(folder, &log, "").await;
    let gateway = world.serve_on(&mount, &log);
    let opened = world.post(CENTRE, "/mau/doi-chieu", &[("exchange-purpose", "doi-chieu")], "{}").await;
    assert_eq!((opened.status, world.lookup(CENTRE).await.status), (200, 200));
    let trigger = format!("/sys/fs/ext4/{}/trigger_fs_error", image.device());
    File::options().write(true).open(&trigger).unwrap().write_all(b"1").unwrap();
    // The record that cannot be written is the first to meet it, whatever it is; nobody gets an answer it would belong to.
    unavailable(&world.lookup(CENTRE).await);
    nothing_is_exchanged(&world).await;
    world.verify();
    gateway.kill();
    image.check().await;
    let gateway = world.serve_on(&mount, &log);
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    let leaves = world.leaves_of(opened.header("exchange-id"));
    assert_eq!(kinds(&leaves), ["exchange.opened", "exchange.released"]);
    assert_eq!(world.receipts.kept().len(), 3);
    gateway.kill();
}
