//! Code of the vendor's in what is about to be made, and when it runs.
//!
//! It is told by the SQL that is going to be run, not by what the source's catalog says of it. Somebody reads it
//! before any of it runs in the target, and says so with its digest.

mod calls;

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_engine::postgres::Session;
use handover_schemas::config::CONFIG_FILE;
use handover_schemas::digest::Digest;

use self::calls::{Calls, Known};
use super::report::CodeToRead;
use super::structure::Structure;
use crate::target::postgres::{KeyIndex, SchemaEntry};

/// Where it is left to be read, below the hand-over folder.
pub(super) const LISTING: &str = "schema/vendor-code.sql";

/// Functions of the target's server.
const BUILT_IN: &str = "SELECT DISTINCT proname FROM pg_catalog.pg_proc \
    WHERE provolatile = 'v' AND pronamespace = 'pg_catalog'::regnamespace";

/// Functions of extensions, which the target makes itself.
const OF_EXTENSIONS: &str = "SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_depend d \
    ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' \
    WHERE p.provolatile = 'v'";

/// Names of functions that do more than compute: of the target's server, and of the source's extensions.
pub(super) fn volatile_functions(
    source: &mut Session,
    target: &mut Session,
) -> Result<Vec<String>> {
    let mut names = target.query(BUILT_IN)?;
    names.extend(source.query(OF_EXTENSIONS)?);
    Ok(names.into_iter().flatten().flatten().collect())
}

/// When a piece runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Checks, generated columns, keys of partitions, types.
    WithRows,
    /// Indexes, constraints and materialised views.
    AfterRows,
    /// Not by the copy.
    InUse,
}

impl When {
    const ALL: [Self; 3] = [Self::WithRows, Self::AfterRows, Self::InUse];

    fn heading(self) -> &'static str {
        match self {
            Self::WithRows => "Runs while rows are copied",
            Self::AfterRows => {
                "Runs after the rows: while indexes, constraints and materialised views are made"
            }
            Self::InUse => "Runs later, when the platform is used; never during the copy",
        }
    }

    /// When the expressions of an entry are evaluated.
    fn of(entry: &SchemaEntry) -> Self {
        match entry.kind.as_str() {
            // The expressions that call a cast do not name its function, and an aggregate's first value is read when it
            // is made, by the domain that it may be of.
            "TABLE" | "DOMAIN" | "TYPE" | "TABLE ATTACH" | "CAST" | "AGGREGATE" => Self::WithRows,
            "INDEX" | "CONSTRAINT" | "CHECK CONSTRAINT" | "MATERIALIZED VIEW" => Self::AfterRows,
            _ => Self::InUse,
        }
    }
}

/// Something that calls code of the vendor's, or a function of the server's that does more than compute.
#[derive(Clone, Debug)]
struct Piece {
    when: When,
    name: String,
    calls: Vec<String>,
    sql: String,
}

/// All code of the vendor's.
#[derive(Clone, Debug, Default)]
pub(super) struct VendorCode {
    /// Everything, by when it runs; empty if there is none. The same source gives the same bytes.
    listing: String,
    /// How many pieces run during the copy.
    pieces_during_copy: u64,
}

impl VendorCode {
    /// What of a structure is code. `volatile` are names of functions of the server and of extensions that do more than
    /// compute.
    pub(super) fn of(structure: &Structure, volatile: impl IntoIterator<Item = String>) -> Self {
        let entries: Vec<&SchemaEntry> = structure.before.iter().chain(&structure.after).collect();
        let known = Known::of(&entries, volatile);
        let has_first_value =
            |entry: &SchemaEntry| entry.kind == "AGGREGATE" && entry.sql.contains("INITCOND");
        let pieces_of =
            entries.iter().filter(|entry| !entry.is_routine() || has_first_value(entry));
        let mut pieces: Vec<Piece> =
            pieces_of.flat_map(|entry| Piece::of_entry(entry, known.calls(&entry.sql))).collect();
        let keys = structure.keys.values();
        pieces.extend(keys.filter_map(|key| Piece::of_key(key, known.calls(&key.definition))));
        let routines: Vec<&SchemaEntry> =
            entries.iter().copied().filter(|entry| entry.is_routine()).collect();
        let during_copy = pieces.iter().filter(|piece| piece.when != When::InUse).count();
        Self { listing: listing(&pieces, &routines), pieces_during_copy: during_copy as u64 }
    }

    /// What has to be read before a copy, if anything.
    pub(super) fn to_read(&self) -> Option<CodeToRead> {
        (self.pieces_during_copy > 0).then(|| CodeToRead {
            pieces: self.pieces_during_copy,
            listed_in: LISTING.to_owned(),
            sha256: Digest::of(self.listing.as_bytes()),
        })
    }

    /// Leaves it in the hand-over folder, if there is any.
    pub(super) fn write_down(&self, dir: &HandoverDir) -> Result<()> {
        if self.listing.is_empty() {
            return Ok(());
        }
        dir.write(LISTING, self.listing.as_bytes()).map(drop)
    }

    /// Refuses to run what nobody has read; also when a copy is resumed, since the source may have been asked again.
    pub(super) fn refuse_unread(&self, reviewed: Option<&Reviewed>) -> Result<()> {
        let Some(CodeToRead { pieces, sha256: digest, .. }) = self.to_read() else { return Ok(()) };
        match reviewed {
            Some(Reviewed::Unread) => Ok(()),
            Some(Reviewed::Listing(read)) if *read == digest => Ok(()),
            Some(Reviewed::Listing(_)) => bail!(
                "the vendor's code is not what was read: {LISTING} has the digest {digest} now. Read what changed, and \
                 give that digest (--vendor-code, or vendor_code.reviewed in {CONFIG_FILE}); this run made nothing in \
                 the target"
            ),
            None => bail!(
                "{pieces} piece(s) of the vendor's code would run in the target during the copy. They are listed in \
                 {LISTING}, with everything that they call. Once somebody has read it, run this again with \
                 --vendor-code {digest}, or with reviewed = \"{digest}\" below [vendor_code] in {CONFIG_FILE}; tables \
                 can be left out there. (--vendor-code unread runs it all the same, and that is recorded.) This run \
                 made nothing in the target"
            ),
        }
    }
}

impl Piece {
    /// What an entry calls when it is made, and what its columns' defaults call later.
    fn of_entry(entry: &SchemaEntry, calls: Calls) -> impl Iterator<Item = Self> {
        let lists = [(When::of(entry), calls.evaluated), (When::InUse, calls.by_default)];
        let (name, sql) = (entry.name.clone(), entry.sql.trim().to_owned());
        lists.into_iter().filter(|(_, calls)| !calls.is_empty()).map(move |(when, calls)| Self {
            when,
            name: name.clone(),
            calls,
            sql: sql.clone(),
        })
    }

    fn of_key(key: &KeyIndex, calls: Calls) -> Option<Self> {
        let name = format!("KEY {} {}", key.table, key.index_name());
        let sql = format!("{};", key.definition);
        let calls = calls.evaluated;
        (!calls.is_empty()).then_some(Self { when: When::AfterRows, name, calls, sql })
    }
}

/// Pieces by when they run, then the routines that they call, which may call each other.
fn listing(pieces: &[Piece], routines: &[&SchemaEntry]) -> String {
    let mut text = String::new();
    for when in When::ALL {
        let pieces: Vec<&Piece> = pieces.iter().filter(|piece| piece.when == when).collect();
        if pieces.is_empty() {
            continue;
        }
        text.push_str(&format!("-- == {} ({})\n\n", when.heading(), pieces.len()));
        for Piece { name, calls, sql, .. } in pieces {
            let calls = calls.join(", ");
            text.push_str(&format!("{}{sql}\n\n", comment(&format!("{name} calls {calls}"))));
        }
    }
    if !routines.is_empty() {
        text.push_str(&format!("-- == Routines ({})\n\n", routines.len()));
    }
    for routine in routines {
        text.push_str(&format!("{}{}\n\n", comment(&routine.name), routine.sql.trim()));
    }
    text
}

fn comment(text: &str) -> String {
    format!("-- {}\n", text.replace(|c: char| c.is_control(), " "))
}

/// What somebody has said about the vendor's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reviewed {
    /// The listing of this digest was read.
    Listing(Digest),
    /// It is to run though nobody has read it.
    Unread,
}

impl FromStr for Reviewed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "unread" => Ok(Self::Unread),
            digest => digest.parse().map(Self::Listing).map_err(|_not_a_digest| {
                format!("expected the SHA-256 of {LISTING} in 64 hexadecimal digits, or unread")
            }),
        }
    }
}

impl fmt::Display for Reviewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listing(digest) => digest.fmt(f),
            Self::Unread => f.write_str("unread"),
        }
    }
}
