//! Restores: each attested by an operator, of exactly the rows that the ledger says.

use anyhow::{Context, Result, bail};
use handover_schemas::digest::Digest;
use handover_schemas::leaf::logical_name;
use handover_schemas::purge::record::SelectedTable;
use handover_schemas::purge::statement::{Restore, RestoredTable};
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;
use sha2::{Digest as _, Sha256};

use super::Check;
use super::signatures::{AboutArchive, body};
use crate::purge::ledger::{RestoredRun, leaves, restore_statements, restored};
use crate::signing::{Trust, day_of};

impl Check<'_> {
    pub(super) fn check_restores(&mut self, trust: &Trust) -> Result<()> {
        let number = self.purge.number;
        let runs = restored(self.ledger(), number)?;
        let statements = restore_statements(self.ledger(), number)?;
        for (restore, text) in &statements {
            let own: Vec<RestoredRun> =
                runs.iter().filter(|run| run.restore == *restore).copied().collect();
            let what = format!("restore {restore}");
            if let Err(error) = self.check_restore(trust, (&what, text), &own) {
                self.find(Kind::Restore, format!("{what}: {error:#}"));
            }
        }
        if !statements.is_empty() {
            let rows: u64 = runs.iter().map(|run| run.rows).sum();
            self.checked(format!("restores: {}, of {rows} rows together", statements.len()));
        }
        Ok(())
    }

    /// Gives the columns of a table the names that they have by now, as the last restore says. Their values
    /// are compared under whatever name.
    pub(super) fn name_columns(&mut self, table: &mut SelectedTable) -> Result<()> {
        let name = logical_name(table.name());
        let mut statements = Vec::new();
        for purge in self.purges {
            statements.extend(restore_statements(self.ledger(), purge.number)?);
        }
        statements.sort_by_key(|(number, _)| *number);
        let mut last = Vec::new();
        for (_, text) in &statements {
            let (_, restore) = body::<Restore>(text, "restore")?;
            let of_table = |one: &&RestoredTable| logical_name(&one.name) == name;
            if let Some(stated) = restore.tables.iter().find(of_table) {
                last.clone_from(&stated.columns);
            }
        }
        for column in &mut table.shape.columns {
            let change = last.iter().find(|one| one.archived.as_ref() == Some(&column.name));
            if let Some(change) = change {
                column.name.clone_from(&change.now);
            }
        }
        Ok(())
    }

    fn check_restore(
        &mut self,
        trust: &Trust,
        (what, text): (&str, &str),
        runs: &[RestoredRun],
    ) -> Result<()> {
        let (envelope, restore) = body::<Restore>(text, "restore")?;
        let day = day_of(&restore.restored_on)?;
        self.signed_by_operator(what, &envelope, (trust, day))?;
        let selection = &self.purge.selection;
        let seal = self.purge.backup.as_ref().map(|backup| backup.seal);
        if Some(restore.seal) != seal
            || restore.origin != selection.origin
            || restore.database != selection.database
        {
            bail!("it is about another archive or another database");
        }
        for (number, table) in selection.tables.iter().enumerate() {
            let of_table = runs.iter().filter(|run| usize::try_from(run.table) == Ok(number));
            let rows: u64 = of_table.map(|run| run.rows).sum();
            let stated = restore.tables.iter().filter(|one| one.name == *table.name());
            let stated: u64 = stated.map(|one| one.inserted + one.replaced).sum();
            if rows != stated {
                bail!("it is about {stated} rows of {}, the ledger has {rows}", table.name());
            }
        }
        if self.restored_leaves(runs)? != restore.leaves {
            bail!("the rows that the ledger says were put back are not those that were attested");
        }
        Ok(())
    }

    /// SHA-256 of the leaves of the rows that were put back, in their order.
    fn restored_leaves(&mut self, runs: &[RestoredRun]) -> Result<Digest> {
        let purge = self.purge;
        let mut sha256 = Sha256::new();
        for number in 0..purge.selection.tables.len() {
            let of_table = runs.iter().filter(|run| usize::try_from(run.table) == Ok(number));
            let mut places = of_table.map(|run| run.first..run.first + run.rows).peekable();
            let mut place = 0_u64;
            leaves(self.ledger(), purge.number, number, |leaves| {
                for leaf in leaves {
                    while places.next_if(|run| run.end <= place).is_some() {}
                    if places.peek().is_some_and(|run| run.contains(&place)) {
                        sha256.update(leaf.as_bytes());
                    }
                    place += 1;
                }
                Ok(())
            })
            .context("the ledger's leaves")?;
        }
        Ok(Digest::from_bytes(sha256.finalize().into()))
    }
}

impl AboutArchive for Restore {
    fn seal(&self) -> Digest {
        self.seal
    }
}
