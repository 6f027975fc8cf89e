//! A disk that is full in the middle of a chunk: nothing is lost, and with room it goes on.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use handover_testkit::{Database, Outcome, Run, Server};
use tempfile::TempDir;

use crate::ends::{End, Engine, platform};
use crate::support::{Handover, says};

/// A file system in memory, of a size; gone when dropped.
pub(crate) struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// None, with the reason printed, where this account may not mount.
    pub(crate) fn of(size: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("full.").tempdir_in("/tmp").unwrap();
        let mounted = Run::program("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=1777"), "tmpfs"])
            .arg(folder.path())
            .go();
        if mounted.code != Some(0) {
            println!("skipped: a small disk has to be mounted: {}", mounted.stderr.trim());
            return None;
        }
        Some(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        Run::program("mount").args(["-o", &options]).arg(self.path()).go().expect(0);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Run::program("umount").arg("-l").arg(self.path()).go();
    }
}

/// It stopped for want of room, and said so.
#[track_caller]
fn stopped_for_room(outcome: &Outcome) {
    says(outcome.expect(2), &["error: ", "run the same command again"]);
    let said = outcome.stderr.to_lowercase();
    assert!(said.contains("no space left") || said.contains("no room left"), "{said}");
}

#[test]
fn a_sqlite_target_on_a_full_disk() {
    let Some(disk) = SmallDisk::of("700k") else { return };
    let source = platform(Engine::Sqlite);
    let target = disk.path().join("target.sqlite");
    let handover = Handover::between(&source.url(), &format!("sqlite:{}", target.display()));
    let copy = || handover.copy().args(["--chunk-bytes", "8K"]).go();
    stopped_for_room(&copy());
    let status = handover.status();
    assert_eq!(status.stage(), "rows");
    let kept = status.sum("copied");
    assert!(kept > 10 && kept < status.sum("planned"), "{}", status.0);
    // Still no room.
    stopped_for_room(&copy());
    assert!(handover.status().sum("copied") >= kept);
    disk.grow("20m");
    handover.copied();
    handover.verified();
    assert_eq!(handover.status().interruptions(), 2);
}

/// A database whose files are on a small disk; dropped before the disk goes.
struct TightDatabase {
    name: String,
}

impl TightDatabase {
    fn on(disk: &SmallDisk) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tight_{}_{number}", std::process::id());
        let place: PathBuf = disk.path().join("space");
        std::fs::create_dir(&place).unwrap();
        // The server runs as somebody else when the tests are run by root.
        Run::program("chown").args(["postgres:"]).arg(&place).go().expect(0);
        let server = Server::shared();
        server.sql("postgres", &format!("create tablespace {name} location '{}'", place.display()));
        server.sql(
            "postgres",
            &format!("create database {name} template template0 encoding 'UTF8' tablespace {name}"),
        );
        Self { name }
    }

    fn url(&self) -> String {
        Server::shared().url(&self.name)
    }
}

impl Drop for TightDatabase {
    fn drop(&mut self) {
        let name = &self.name;
        Server::shared().sql("postgres", &format!("drop database {name} with (force)"));
        Server::shared().sql("postgres", &format!("drop tablespace {name}"));
    }
}

#[test]
fn a_postgres_target_on_a_full_disk() {
    let Some(disk) = SmallDisk::of("16m") else { return };
    let source = Database::create();
    source.sql(
        "create table dose (id int primary key, note text);
         insert into dose select i, repeat(md5(i::text), 20) from generate_series(1, 40000) i;
         create table note (a int, b text);
         insert into note select i, 'note' from generate_series(1, 100) i;",
    );
    let target = TightDatabase::on(&disk);
    let handover = Handover::between(&source.url(), &target.url());
    let copy = || handover.copy().args(["--chunk-bytes", "64K"]).go();
    stopped_for_room(&copy());
    disk.grow("18m");
    let kept = handover.status().sum("copied");
    stopped_for_room(&copy());
    assert!(handover.status().sum("copied") >= kept);
    disk.grow("100m");
    handover.copied();
    handover.verified();
    assert_eq!(handover.status().interruptions(), 2);
}

/// The hand-over folder holds sorts that do not fit into memory.
#[test]
fn a_hand_over_folder_on_a_full_disk() {
    let Some(disk) = SmallDisk::of("4m") else { return };
    let source = End::empty(Engine::Sqlite);
    source.query(
        "create table dose (code text not null collate nocase primary key, note text);
         with recursive n(i) as (values (1) union all select i + 1 from n where i < 60000)
             insert into dose select 'C' || i, hex(randomblob(200)) from n;",
    );
    let target = End::empty(Engine::Sqlite);
    let mut handover = Handover::between(&source.url(), &target.url());
    handover.set_dir(&disk.path().join("handover"));
    let copy = || handover.copy().args(["--chunk-bytes", "1M"]).go();
    let outcome = copy();
    says(outcome.expect(2), &["spill file", "free some disk space"]);
    disk.grow("200m");
    copy().expect(0);
    handover.verified();
    // Spill files have no name: nothing is left of them.
    let left = Run::program("find").arg(disk.path()).args(["-type", "f"]).go().stdout;
    let mut left: Vec<&str> = left.lines().map(|line| line.rsplit('/').next().unwrap()).collect();
    left.sort_unstable();
    assert_eq!(left, ["post-data.sql", "pre-data.sql"]);
    assert_eq!(source.rows(&["dose"]), target.rows(&["dose"]));
}
