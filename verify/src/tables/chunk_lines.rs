//! The lines of one chunk, hashed, on their way to the hasher of the whole table.

use anyhow::Result;
use handover_engine::chunking::{Chunks, CutChunk};
use handover_engine::reader::ReadOptions;
use handover_engine::rows::RowStream;
use handover_engine::sorted_rows::LineSorter;
use handover_schemas::digest::{LineDigest, LineHasher};

use super::hashing::{Gathered, HashedChunk};
use super::turnstile::Turnstile;

/// Bytes of lines that are hashed in one go.
const HASHED_AT_ONCE: usize = 64 * 1024;

/// Where the lines of a table go, besides the chunk's own digest.
pub(super) enum Lines<'a> {
    /// Into the table's hasher, as they come.
    Pass(&'a mut LineHasher),
    /// Nowhere; the buffer gathers some before they are hashed.
    Drop(&'a mut Vec<u8>),
    /// Into a buffer, until their turn.
    Keep { kept: &'a mut Vec<u8>, turns: &'a Turnstile<Gathered>, turn: usize },
}

/// Looks for a NUL character.
pub(super) struct NulSearch {
    pub(super) is_on: bool,
    pub(super) found: bool,
}

impl NulSearch {
    fn look(&mut self, text: &[u8]) {
        self.found |= self.is_on && memchr::memchr(0, text).is_some();
    }
}

/// Hashes the next chunk of a table, with a key or `keyless`; `None` if there is none.
pub(super) fn hash_chunk<R: RowStream>(
    chunks: &mut Chunks<'_, R>,
    lines: &mut Lines<'_>,
    nul: &mut NulSearch,
    keyless: bool,
    options: &ReadOptions,
) -> Result<Option<HashedChunk>> {
    match lines {
        Lines::Pass(table) if keyless => {
            let mut sorter = LineSorter::new(&options.spill_dir);
            let cut = chunks.next_chunk(|row| sorter.push(row.line))?;
            let lines = sorter.finish(|part| {
                nul.look(part);
                table.push_text(part);
                Ok(())
            })?;
            Ok(hashed(cut, lines))
        }
        Lines::Pass(table) => {
            let mut hasher = LineHasher::new();
            let cut = chunks.next_chunk(|row| {
                row.line.pieces(&mut |piece| {
                    nul.look(piece);
                    hasher.push_text(piece);
                    table.push_text(piece);
                    Ok(())
                })
            })?;
            Ok(hashed(cut, hasher.finish()))
        }
        Lines::Drop(some) => hash_and_drop(chunks, some, nul),
        Lines::Keep { kept, turns, turn } => {
            let mut keeping = Keeping { kept, turns, turn: *turn, nul, options };
            keeping.hash_chunk(chunks)
        }
    }
}

fn hashed(cut: Option<CutChunk>, lines: LineDigest) -> Option<HashedChunk> {
    cut.map(|cut| HashedChunk { range: cut.range, lines })
}

fn hash_and_drop<R: RowStream>(
    chunks: &mut Chunks<'_, R>,
    some: &mut Vec<u8>,
    nul: &mut NulSearch,
) -> Result<Option<HashedChunk>> {
    let mut hasher = LineHasher::new();
    let mut hash = |some: &mut Vec<u8>| {
        nul.look(some);
        hasher.push_text(some);
        some.clear();
    };
    let cut = chunks.next_chunk(|row| {
        row.line.pieces(&mut |piece| {
            for part in piece.chunks(HASHED_AT_ONCE) {
                some.extend_from_slice(part);
                if some.len() >= HASHED_AT_ONCE {
                    hash(some);
                }
            }
            Ok(())
        })
    })?;
    hash(some);
    Ok(hashed(cut, hasher.finish()))
}

/// Lines that wait for their turn in a buffer.
struct Keeping<'k> {
    kept: &'k mut Vec<u8>,
    turns: &'k Turnstile<Gathered>,
    turn: usize,
    nul: &'k mut NulSearch,
    options: &'k ReadOptions,
}

impl Keeping<'_> {
    fn hash_chunk<R: RowStream>(
        &mut self,
        chunks: &mut Chunks<'_, R>,
    ) -> Result<Option<HashedChunk>> {
        let Self { kept, turns, turn, nul, options } = self;
        if !kept.is_empty() {
            // A planned range that had to be cut: its first parts do not wait in memory for the last.
            turns.begin(*turn, &options.interrupt, |gathered| gathered.hasher.push_text(kept))?;
            kept.clear();
        }
        let mut hasher = LineHasher::new();
        let mut hash = |text: &[u8]| {
            nul.look(text);
            hasher.push_text(text);
        };
        let cut = chunks.next_chunk(|row| {
            if !row.line.is_large() {
                return row.line.pieces(&mut |piece| {
                    kept.extend_from_slice(piece);
                    Ok(())
                });
            }
            // What has no room waits for its turn where it is.
            hash(kept);
            turns.begin(*turn, &options.interrupt, |gathered| {
                gathered.hasher.push_text(kept);
                row.line.pieces(&mut |piece| {
                    hash(piece);
                    gathered.hasher.push_text(piece);
                    Ok(())
                })
            })??;
            kept.clear();
            Ok(())
        })?;
        hash(kept);
        Ok(hashed(cut, hasher.finish()))
    }
}
