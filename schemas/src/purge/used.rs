//! `purges/approvals-used.jsonl` of the hand-over folder: approvals that were used. A database that
//! was put back to an earlier day has forgotten; the folder has not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The file, below the hand-over folder.
pub const USED_APPROVALS_FILE: &str = "purges/approvals-used.jsonl";

/// How far the purge of an approval came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalUse {
    /// Rows may have been deleted.
    Begun,
    /// All rows were dealt with.
    Finished,
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedApproval {
    /// The approval's nonce.
    pub nonce: Digest,
    /// What the tree over the rows is called.
    pub origin: String,
    /// How far it came.
    pub state: ApprovalUse,
}

/// A line that cannot be read, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} is damaged")]
pub struct DamagedLine(pub usize);

/// What the file knows of each approval. The last line may have been cut by a kill; then what it
/// says had not happened yet.
pub fn used_approvals(text: &str) -> Result<BTreeMap<Digest, ApprovalUse>, DamagedLine> {
    let mut uses = BTreeMap::new();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if !line.ends_with('\n') {
            break;
        }
        let line: UsedApproval =
            serde_json::from_str(line).map_err(|_may_quote| DamagedLine(number))?;
        let state = uses.entry(line.nonce).or_insert(line.state);
        *state = line.state.max(*state);
    }
    Ok(uses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_state_counts_and_a_cut_line_does_not() {
        let nonce = Digest::EMPTY;
        let line = |state: &str| {
            format!("{{\"nonce\":\"{nonce}\",\"origin\":\"o\",\"state\":\"{state}\"}}\n")
        };
        let text = format!("{}{}", line("begun"), line("finished"));
        assert_eq!(used_approvals(&text).unwrap().get(&nonce), Some(&ApprovalUse::Finished));
        let cut = text.strip_suffix("\n").unwrap();
        assert_eq!(used_approvals(cut).unwrap().get(&nonce), Some(&ApprovalUse::Begun));
        assert_eq!(used_approvals("").unwrap().len(), 0);
        assert_eq!(used_approvals(&format!("x\n{text}")), Err(DamagedLine(1)));
    }
}
