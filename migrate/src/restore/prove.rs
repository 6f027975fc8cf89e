//! One record and the proof that it is in the archive, for somebody who has no key to it.

use anyhow::{Context, Result, bail};
use handover_schemas::archive::record::{RECORD_VERSION, RecordFile, Salt};
use handover_schemas::merkle::PathBuilder;
use handover_schemas::signing::checkpoint::SignedCheckpoint;
use handover_schemas::signing::tlog_proof::TlogProof;
use handover_verify::archive::ArchiveReader;

use super::find::Found;

/// A record and its proof.
pub struct Proof {
    /// The row, with what its leaf is made of. It holds the row's values.
    pub record: RecordFile,
    /// That the leaf is in the signed tree. It holds nothing of any row.
    pub proof: TlogProof,
}

/// Makes the proof for a row that was found together with what stands beside it. All leaves of the
/// archive go by once; none is kept.
pub fn prove(archive: &ArchiveReader, row: &Found, head: SignedCheckpoint) -> Result<Proof> {
    let manifest = archive.manifest();
    let signed = &head.checkpoint;
    if (signed.origin(), signed.size(), signed.root())
        != (manifest.origin.as_str(), manifest.leaves, manifest.root)
    {
        bail!(
            "the signed checkpoint is of another tree ({}, {} rows) than that of {}",
            signed.origin(),
            signed.size(),
            archive.identifier()
        );
    }
    let table = manifest.tables.get(usize::from(row.location.table));
    let table = table.context("the index names a table that the archive does not have")?;
    let salt = row.salt.as_ref().context("the row was found without what stands beside it")?;
    let line = String::from_utf8(row.line.clone()).ok();
    let line =
        line.context("the row has a text that is not UTF-8, which no record file can hold")?;
    let record = RecordFile {
        version: RECORD_VERSION,
        origin: manifest.origin.clone(),
        table: table.name.to_string(),
        columns: table.columns.iter().map(|column| column.name.clone()).collect(),
        line,
        salt: Salt::from_bytes(*salt.salt.as_bytes()),
        index: salt.index,
    };
    let path = PathBuilder::new(salt.index, manifest.leaves);
    let mut path = path.context("the row has a place that the tree does not have")?;
    archive.each_leaf(|leaf| path.push(leaf))?;
    let path = path.finish().context("the archive has not as many leaves as it says")?;
    let proof = TlogProof { extra: None, index: salt.index, path, checkpoint: head };
    if !proof.proves(record.leaf()) {
        bail!("the row is not the one whose leaf is in the tree; the archive is damaged");
    }
    Ok(Proof { record, proof })
}
