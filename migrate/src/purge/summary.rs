//! How a selection divides: by province, by year, by what the rule asks.

use anyhow::{Context, Result, bail};
use handover_engine::sql::ident;
use handover_schemas::config::PurgeRule;
use handover_schemas::purge::record::SummaryCounts;
use handover_verify::purge::list::List;

use super::PurgeDatabase;
use super::closure::RuleTable;

/// Counts what the rule asks for. The groups of each have to add up to the rows of the table.
pub(super) fn summarize(
    database: &mut PurgeDatabase,
    purge: i64,
    rule: &PurgeRule,
    tables: &[RuleTable],
    counts: &[u64],
) -> Result<Vec<SummaryCounts>> {
    let mut summaries = Vec::new();
    for summary in &rule.summary {
        let name = database.table_name(summary.table.as_ref().unwrap_or(&rule.table))?;
        let number = tables.iter().position(|table| table.shape.name == name);
        let number = number.with_context(|| format!("{name} is not a table of the rule"))?;
        let table = tables.get(number).context("a table is not listed")?;
        let list = List::new(purge, number, &table.shape)?;
        let reader = database.reader();
        let sql = format!(
            "SELECT CAST(({}\n) AS text) AS grouped, count(*) FROM \
             (SELECT t.* FROM {} AS l JOIN {} AS t ON {}) AS {} GROUP BY 1 ORDER BY 1",
            summary.expression,
            list.list(&reader),
            list.table(&reader),
            list.join(),
            ident(&name.name)
        );
        let rows = database
            .store()
            .query(&sql)
            .with_context(|| format!("cannot count the selection by {}", summary.by))?;
        let mut groups = Vec::new();
        for row in rows {
            let [group, Some(count)] = row.as_slice() else {
                bail!("a count of the selection by {} is incomplete", summary.by);
            };
            groups.push((group.clone(), count.parse().context("a count is not a number")?));
        }
        refuse_people(&groups, &summary.by)?;
        // Collations differ from server to server; bytes do not.
        groups.sort();
        let total: u64 = groups.iter().map(|(_, count)| count).sum();
        if Some(&total) != counts.get(number) {
            bail!(
                "the selection by {} adds up to {total} rows of {name}, and {} are selected",
                summary.by,
                counts.get(number).copied().unwrap_or_default()
            );
        }
        summaries.push(SummaryCounts { by: summary.by.clone(), table: name, groups });
    }
    Ok(summaries)
}

/// Groups beyond which a summary of groups of one row each tells people apart.
const SINGLES_MAX: usize = 50;

/// A summary stands in the ledger and on terminals: it must not be a list of people.
fn refuse_people(groups: &[(Option<String>, u64)], by: &str) -> Result<()> {
    let singles = groups.iter().filter(|(_, count)| *count == 1).count();
    if singles > SINGLES_MAX && singles * 2 > groups.len() {
        bail!(
            "the selection by {by} has {singles} groups of one row each: that tells people apart. \
             Give the summary an expression with few values"
        );
    }
    Ok(())
}
