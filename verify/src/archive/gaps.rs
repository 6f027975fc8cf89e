//! What the rows of a table lack by which people are found.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use handover_schemas::archive::manifest::{ArchiveManifest, ArchivedTable};
use handover_schemas::archive::normal;
use handover_schemas::purge::gaps::{Gap, Lacking, SearchGaps};
use handover_schemas::value::field_text;

/// Counts them for one table, row by row.
pub(super) struct GapCounter {
    gaps: SearchGaps,
    lacking: BTreeMap<Gap, u64>,
    identity: Option<usize>,
    phone: Option<usize>,
    name_and_birth: Option<(usize, usize)>,
}

impl GapCounter {
    /// Of a table in which people are searched, and of the rule's own, which is the first; `None` of
    /// another, whose rows are found by those to which they refer.
    pub(super) fn new(manifest: &ArchiveManifest, table: &ArchivedTable) -> Option<Self> {
        let search = manifest.search.iter().find(|one| one.is_of(&table.name));
        let is_first = manifest.tables.first().is_some_and(|first| first.name == table.name);
        if search.is_none() && !is_first {
            return None;
        }
        let place = |name: Option<&String>| name.and_then(|name| table.column(name));
        let name = place(search.and_then(|one| one.name.as_ref()));
        let birth = place(search.and_then(|one| one.birth_date.as_ref()));
        Some(Self {
            gaps: SearchGaps {
                table: table.name.clone(),
                rows: 0,
                unreachable: 0,
                lacking: Vec::new(),
            },
            lacking: BTreeMap::new(),
            identity: place(search.and_then(|one| one.identity_number.as_ref())),
            phone: place(search.and_then(|one| one.phone.as_ref())),
            name_and_birth: name.zip(birth),
        })
    }

    /// Takes a row.
    pub(super) fn row(&mut self, line: &[u8]) -> Result<()> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
        let text = |at: usize| -> Result<String> {
            let field = fields.get(at).context("a row has fewer fields than columns")?;
            Ok(field_text(field)?.unwrap_or_default())
        };
        let mut lacking = Vec::new();
        let mut is_reached = false;
        if let Some(at) = self.identity {
            let there = normal::identity_number(&text(at)?).is_some();
            is_reached |= there;
            lacking.extend((!there).then_some(Gap::IdentityNumber));
        }
        if let Some(at) = self.phone {
            let there = normal::phone(&text(at)?).is_some();
            is_reached |= there;
            lacking.extend((!there).then_some(Gap::Phone));
        }
        if let Some((name, birth)) = self.name_and_birth {
            let (name, birth) = (normal::name(&text(name)?).is_some(), text(birth)?);
            let is_read = normal::birth_date(&birth).is_some();
            is_reached |= name && is_read;
            lacking.extend((!name).then_some(Gap::Name));
            let form = if birth.trim().is_empty() { Gap::BirthDate } else { Gap::BirthDateForm };
            lacking.extend((!is_read).then_some(form));
        }
        for gap in lacking {
            *self.lacking.entry(gap).or_default() += 1;
        }
        self.gaps.rows += 1;
        self.gaps.unreachable += u64::from(!is_reached);
        Ok(())
    }

    /// What it came to.
    pub(super) fn finish(self) -> SearchGaps {
        let lacking = self.lacking.into_iter().map(|(what, rows)| Lacking { what, rows }).collect();
        SearchGaps { lacking, ..self.gaps }
    }
}
