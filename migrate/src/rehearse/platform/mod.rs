//! A vendor's vaccination platform for rehearsals, as an SQLite database.
//!
//! Nobody in it exists. Names, numbers and times are drawn from lists and from a seed, in the shares
//! that the public reports give for the real platform, with the kinds of bad data those reports
//! complain of. The same seed gives the same bytes, of the database and of the photos: nothing is
//! taken from the clock or from the machine.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, ensure};
use rusqlite::{Connection, OpenFlags, Statement};
use serde::Serialize;

use self::calendar::Calendar;
use self::dice::Dice;
use self::places::Places;
use self::standing::{Identity, Standing};
use self::subjects::Subject;
use self::vaccines::Stock;

pub use self::photos::PhotoStore;

mod accounts;
mod audit;
mod calendar;
mod certificates;
pub(super) mod dice;
mod doses;
mod feedback;
mod identity;
mod letters;
mod names;
mod photos;
mod places;
mod standing;
mod subjects;
#[cfg(test)]
mod tests;
mod texts;
mod vaccines;
mod verification;

/// More doses than this would take more memory than a rehearsal should.
const MOST_DOSES: u64 = 50_000_000;

/// What a platform holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlatformSummary {
    /// Tables, the empty one included.
    pub tables: u64,
    /// People vaccinated.
    pub subjects: u64,
    /// Doses given.
    pub doses: u64,
    /// Subjects whose identity number is NULL or empty.
    pub without_identity_number: u64,
    /// Subjects whose identity number is neither nine nor twelve digits, nor missing.
    pub malformed_identity_number: u64,
    /// Subjects not yet sent to the population database.
    pub not_sent: u64,
    /// Subjects the population database cannot verify.
    pub not_verifiable: u64,
    /// Doses of the subjects that cannot be verified.
    pub doses_not_verifiable: u64,
    /// Signed certificates.
    pub certificates: u64,
    /// Messages from citizens.
    pub feedback: u64,
    /// Rows of the log that has no key.
    pub audit_log: u64,
    /// Photos that came with the messages, and what has become of them.
    pub photos: PhotoStore,
}

/// Makes a platform with so many doses: a database at `path`, photos below `photo_dir`.
///
/// Files are made with mode 0600 and folders with 0700. Both appear only once they are complete.
///
/// # Errors
///
/// Refuses if there is a file at `path`, or anything in `photo_dir`.
pub fn build(
    path: &Path,
    photo_dir: &Path,
    doses: u64,
    seed: u64,
) -> anyhow::Result<PlatformSummary> {
    ensure!((1..=MOST_DOSES).contains(&doses), "a platform has 1 to {MOST_DOSES} doses");
    ensure!(!path.exists(), "{} is already there and is not overwritten", path.display());
    let is_empty = fs::read_dir(photo_dir).map_or(true, |mut entries| entries.next().is_none());
    ensure!(is_empty && !photo_dir.is_file(), "{} is not empty", photo_dir.display());

    let partial = tempfile::Builder::new()
        .prefix(".platform-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(private_parent(path)?)?;
    let photos = tempfile::Builder::new()
        .prefix(".photos-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(private_parent(photo_dir)?)?;
    let summary = fill(partial.path(), photos.path(), u32::try_from(doses)?, seed)
        .with_context(|| format!("{} cannot be made", path.display()))?;

    fs::rename(photos.path(), photo_dir)
        .with_context(|| format!("{} cannot be made", photo_dir.display()))?;
    // The folder has another name now: there is nothing left to remove.
    let _old = photos.keep();
    partial
        .persist_noclobber(path)
        .with_context(|| format!("{} cannot be made", path.display()))?;
    Ok(summary)
}

/// The folder something is in, made if it is not there.
fn private_parent(path: &Path) -> anyhow::Result<&Path> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)
        .with_context(|| format!("folder {} cannot be made", parent.display()))?;
    Ok(parent)
}

/// Fills an empty file with the platform, and an empty folder with its photos.
fn fill(file: &Path, photo_dir: &Path, doses: u32, seed: u64) -> anyhow::Result<PlatformSummary> {
    let mut db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // A file that is thrown away when anything fails needs neither journal nor fsync.
    db.execute_batch(
        "PRAGMA page_size = 4096;
        PRAGMA encoding = 'UTF-8';
        PRAGMA auto_vacuum = NONE;
        PRAGMA journal_mode = OFF;
        PRAGMA synchronous = OFF;
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA cache_size = -65536;
        PRAGMA temp_store = MEMORY;
        PRAGMA foreign_keys = OFF;",
    )?;
    let transaction = db.transaction()?;
    transaction.execute_batch(include_str!("schema.sql"))?;
    let summary = write_tables(&transaction, photo_dir, doses, seed)?;
    transaction.execute_batch(include_str!("indexes.sql"))?;
    transaction.commit()?;
    db.close().map_err(|(_, error)| error)?;
    Ok(summary)
}

fn write_tables(
    db: &Connection,
    photo_dir: &Path,
    doses: u32,
    seed: u64,
) -> anyhow::Result<PlatformSummary> {
    let world = World::new(doses, seed);
    places::write(db, &world)?;
    accounts::write(db, &world)?;
    vaccines::write(db, &world)?;
    subjects::write(db, &world)?;
    let by_day = doses::write(db, &world)?;
    doses::write_report(db, &world, &by_day)?;
    verification::write(db, &world)?;
    let certificates = certificates::write(db, &world)?;
    let (feedback, photos) = feedback::write(db, &world, photo_dir)?;
    let audit_log = audit::write(db, &world)?;

    let tables = "select count(*) from sqlite_schema where type = 'table'";
    let tables: i64 = db.query_row(tables, [], |row| row.get(0))?;
    let number = |is: fn(&&Subject) -> bool| world.subjects.iter().filter(is).count() as u64;
    Ok(PlatformSummary {
        tables: u64::try_from(tables)?,
        subjects: number(|_| true),
        doses: u64::from(doses),
        without_identity_number: number(|subject| subject.identity == Identity::Missing),
        malformed_identity_number: number(|subject| subject.identity == Identity::Malformed),
        not_sent: number(|subject| subject.standing == Standing::NotSent),
        not_verifiable: number(|subject| subject.standing == Standing::NotVerifiable),
        doses_not_verifiable: world
            .subjects
            .iter()
            .filter(|subject| subject.standing == Standing::NotVerifiable)
            .map(|subject| u64::from(subject.doses))
            .sum(),
        certificates,
        feedback,
        audit_log,
        photos,
    })
}

/// What every table is made from.
struct World {
    seed: u64,
    /// How many doses there are to be.
    doses: u32,
    calendar: Calendar,
    places: Places,
    stock: Stock,
    subjects: Vec<Subject>,
}

impl World {
    fn new(doses: u32, seed: u64) -> Self {
        let (places, stock) = (Places::new(seed), Stock::new());
        let subjects = subjects::draw(seed, doses, &places, &stock);
        Self { seed, doses, calendar: Calendar::new(), places, stock, subjects }
    }

    /// The chance of one table.
    fn dice(&self, table: &str) -> Dice {
        Dice::new(self.seed, table)
    }
}

/// A statement that adds a row to a table.
fn insert<'a>(db: &'a Connection, table: &str, columns: usize) -> rusqlite::Result<Statement<'a>> {
    db.prepare(&format!("INSERT INTO \"{table}\" VALUES (?{})", ",?".repeat(columns - 1)))
}
