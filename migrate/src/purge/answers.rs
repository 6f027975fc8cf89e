//! The answers of a rule's evidence: which lines speak of which rows, and whether they agree.
//!
//! One person may stand in a file twice, and in another file once more. Whoever is called verified by one
//! line must not be deleted for another, unless the rule says which of them counts. Lines that speak of
//! nobody are counted, too: an answer that was lost on the way may have been the one that saves somebody.

use anyhow::{Context, Result, bail};
use handover_cli_kit::findings::FindingsFile;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_engine::sql::ident;
use handover_schemas::chunk::KeyValue;
use handover_schemas::config::{PurgeRule, RuleEvidence, Winner};
use handover_schemas::purge::answers::{AnswerForm, Answers, UnmatchedAnswers};
use handover_verify::ledger::evidence::Evidence;
use handover_verify::purge::list::{EVIDENCE, List};
use serde::Serialize;

use super::PurgeDatabase;
use super::answer_sql::{day, files_source, named_columns, tidied};
use super::near_answers;

/// The file that says which lines are meant.
const FINDINGS: &str = "findings/purge-answers.jsonl";

/// Lines of each sort that the file has at most.
const NAMED_MAX: usize = 100_000;

/// Lines that are looked at together.
const LINES_AT_ONCE: usize = 10_000;

/// The answers for the rows of a rule's own table, in two tables that live as long as the transaction of
/// the selection: each line that answers for a row, and what the lines of a row come to.
pub(super) struct Judging<'a> {
    pub(super) rule: &'a PurgeRule,
    pub(super) evidence: &'a RuleEvidence,
    pub(super) files: &'a [Evidence],
    pub(super) list: &'a List<'a>,
    pub(super) lines: String,
    pub(super) rows: String,
}

/// One line of the findings file.
#[derive(Serialize)]
struct NamedLine {
    evidence: String,
    line: u64,
    why: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<AnswerForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<KeyValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletes: Option<bool>,
}

impl<'a> Judging<'a> {
    /// Joins the files of the rule's evidence with its table, in the transaction that is open.
    pub(super) fn begin(
        database: &mut PurgeDatabase,
        rule: &'a PurgeRule,
        evidence: &'a RuleEvidence,
        files: &'a [Evidence],
        list: &'a List<'a>,
    ) -> Result<Self> {
        let store = database.store();
        let (lines, rows) = (store.table("purge_answer_lines"), store.table("purge_answer_rows"));
        let judging = Self { rule, evidence, files, list, lines, rows };
        let make = judging.lines_sql(database)?;
        database.execute(&make).with_context(|| {
            format!("cannot join {} with its evidence (on, where)", list.shape.name)
        })?;
        database.execute(&judging.rows_sql())?;
        Ok(judging)
    }

    /// Counts the answers, and writes down which lines are odd. Refuses contradictions of which the rule
    /// does not say which line counts, and lines that are contradictions but for how they are written.
    pub(super) fn judge(&self, database: &mut PurgeDatabase, dir: &HandoverDir) -> Result<Answers> {
        let mut file = FindingsFile::new(dir, FINDINGS);
        let (mut answers, undecided) = self.count(database)?;
        self.name_contradictions(database, &mut file)?;
        answers.unmatched = self.unmatched(database, &mut file)?;
        let nearly = if undecided > 0 { 0 } else { self.name_near(database, &mut file)? };
        let place = file.place();
        file.finish()?;
        if undecided > 0 {
            bail!("{}", self.refusal(database, undecided, &place)?);
        }
        if nearly > 0 {
            bail!("{}", near_answers::refusal(nearly, &place));
        }
        Ok(answers)
    }

    /// A query for the rows that are selected: the key's columns under their own names, and the first line
    /// that says so.
    pub(super) fn selected(&self) -> String {
        let keys: Vec<String> = self
            .list
            .key_names()
            .enumerate()
            .map(|(at, name)| format!("{} AS {}", List::key_column(at), ident(name)))
            .collect();
        format!(
            "SELECT {}, line_no AS {EVIDENCE} FROM {} WHERE {SELECTED}",
            keys.join(", "),
            self.rows
        )
    }

    /// Takes both tables away: they name people.
    pub(super) fn end(self, database: &mut PurgeDatabase) -> Result<()> {
        database.execute(&format!("DROP TABLE {}; DROP TABLE {};", self.lines, self.rows))
    }

    /// The table of lines: key of the row, file, line, whether it says *delete*, and its weight. Of a row's
    /// lines those of the greatest weight win.
    fn lines_sql(&self, database: &mut PurgeDatabase) -> Result<String> {
        let alias = ident(&self.list.shape.name.name);
        let keys: Vec<String> = self
            .list
            .key_names()
            .enumerate()
            .map(|(at, name)| format!("{alias}.{} AS {}", ident(name), List::key_column(at)))
            .collect();
        let (source, file) = self.source(database)?;
        let weight = self.weight(database, file)?;
        let tidied = self.tidied(database)?;
        let index = match database {
            PurgeDatabase::Postgres(_) => {
                format!("CREATE INDEX ON {} (file_no, line_no);", self.lines)
            }
            PurgeDatabase::Sqlite(_) => "CREATE INDEX main.handover_purge_answer_line ON \
                                         handover_purge_answer_lines (file_no, line_no);"
                .to_owned(),
        };
        Ok(format!(
            "CREATE TABLE {} AS SELECT {}, {file} AS file_no, evidence.line_no AS line_no, \
             CASE WHEN ({}\n) THEN 1 ELSE 0 END AS deletes, {weight} AS weight, \
             {tidied} AS tidied \
             FROM {} AS {alias} JOIN {source} AS evidence ON ({}\n); {index}",
            self.lines,
            keys.join(", "),
            self.rule.condition,
            self.list.table(&database.reader()),
            self.evidence.on,
        ))
    }

    /// What `evidence` stands for, and the number of the file that a line is of.
    pub(super) fn source(&self, database: &mut PurgeDatabase) -> Result<(String, &'static str)> {
        let sql = [self.evidence.on.as_str(), self.rule.condition.as_str()];
        files_source(database.store(), self.files, sql, self.evidence.wins.as_ref())
    }

    /// How much a line counts beside others for the same row; NULL if nobody knows.
    pub(super) fn weight(&self, database: &PurgeDatabase, file: &str) -> Result<String> {
        Ok(match &self.evidence.wins {
            None => "0".to_owned(),
            Some(Winner::File(name)) => {
                let number = self.files.iter().position(|one| one.name == *name);
                let number = number.context("the file that wins is not loaded")?;
                format!("CASE WHEN {file} = {number} THEN 1 ELSE 0 END")
            }
            Some(Winner::Latest(column)) => day(database, column),
        })
    }

    /// What a line finds rows by, without what differs only in how it is written.
    pub(super) fn tidied(&self, database: &PurgeDatabase) -> Result<String> {
        let first = self.files.first().context("the rule rests on no evidence")?;
        Ok(tidied(database, &named_columns(&first.columns, &self.evidence.on)))
    }

    /// The table of rows. Where a line has no weight, nobody knows which is the greatest: all lines count.
    fn rows_sql(&self) -> String {
        let keys = self.keys("");
        format!(
            "CREATE TABLE {} AS SELECT {keys}, \
               min(CASE WHEN file_no = 0 AND deletes = 1 THEN line_no END) AS line_no, \
               count(*) AS lines, sum(deletes) AS deleting, \
               sum(wins) AS winning, sum(wins * deletes) AS winning_deleting, \
               CASE WHEN count(weight) < count(*) THEN NULL ELSE max(weight) END AS weight \
             FROM (SELECT l.*, CASE WHEN count(weight) OVER w < count(*) OVER w \
                                      OR weight = max(weight) OVER w THEN 1 ELSE 0 END AS wins \
                   FROM {} AS l WINDOW w AS (PARTITION BY {keys})) AS weighed \
             GROUP BY {keys}",
            self.rows, self.lines
        )
    }

    fn keys(&self, alias: &str) -> String {
        let keys =
            (0..self.list.key.columns.len()).map(|at| format!("{alias}{}", List::key_column(at)));
        keys.collect::<Vec<_>>().join(", ")
    }

    /// The counts of rows, and how many of them have contradictions that nothing decides.
    fn count(&self, database: &mut PurgeDatabase) -> Result<(Answers, u64)> {
        let table = self.list.table(&database.reader());
        let sum =
            |condition: &str| format!("coalesce(sum(CASE WHEN {condition} THEN 1 ELSE 0 END), 0)");
        let sql = format!(
            "SELECT (SELECT count(*) FROM {table}), count(*), {}, {}, {}, {}, \
             (SELECT count(*) FROM (SELECT 1 FROM {} GROUP BY file_no, line_no HAVING count(*) > 1) AS s) \
             FROM {}",
            sum("lines > 1 AND (deleting = 0 OR deleting = lines)"),
            sum(CONTRADICTED),
            sum(&format!("{CONTRADICTED} AND {SELECTED}")),
            sum(UNDECIDED),
            self.lines,
            self.rows,
        );
        let rows = database.store().query(&sql)?;
        let numbers: Option<Vec<u64>> = rows
            .into_iter()
            .flatten()
            .map(|value| value.and_then(|digits| digits.parse().ok()))
            .collect();
        let Some(
            [rows, answered, repeated, contradicted, contradicted_selected, undecided, shared],
        ) = numbers.and_then(|numbers| <[u64; 7]>::try_from(numbers).ok())
        else {
            bail!("the answers of the evidence cannot be counted");
        };
        let unanswered =
            rows.checked_sub(answered).context("more rows have answers than there are")?;
        let answers = Answers {
            rows,
            unanswered,
            repeated,
            contradicted,
            contradicted_selected,
            shared,
            unmatched: Vec::new(),
        };
        Ok((answers, undecided))
    }

    fn name_contradictions(
        &self,
        database: &mut PurgeDatabase,
        file: &mut FindingsFile<'_>,
    ) -> Result<()> {
        let count = self.list.key.columns.len();
        let each = |of: &dyn Fn(String) -> String, between: &str| {
            (0..count).map(|at| of(List::key_column(at))).collect::<Vec<_>>().join(between)
        };
        let sql = format!(
            "SELECT l.file_no, l.line_no, l.deletes, {} FROM {} AS l JOIN {} AS r ON {} \
             WHERE {CONTRADICTED} ORDER BY l.file_no, l.line_no LIMIT {NAMED_MAX}",
            each(&|key| format!("CAST(l.{key} AS text)"), ", "),
            self.lines,
            self.rows,
            each(&|key| format!("l.{key} = r.{key}"), " AND "),
        );
        for row in database.store().query(&sql)? {
            let [Some(number), Some(line), Some(deletes), key @ ..] = row.as_slice() else {
                bail!("an answer of the evidence is incomplete");
            };
            file.add(&NamedLine {
                evidence: self.file_name(number)?,
                line: line.parse().context("a line has no number")?,
                why: "contradicted",
                form: None,
                key: Some(key.iter().flatten().cloned().collect()),
                deletes: Some(deletes == "1"),
            });
        }
        Ok(())
    }

    /// Lines that would contradict what a row is selected for, if they were written as the others are.
    fn name_near(
        &self,
        database: &mut PurgeDatabase,
        file: &mut FindingsFile<'_>,
    ) -> Result<usize> {
        let found = self.near_contradictions(database, NAMED_MAX)?;
        for near in &found {
            file.add(&NamedLine {
                evidence: self.file_name(&near.file)?,
                line: near.line,
                why: "contradicted but for how it is written",
                form: None,
                key: Some(near.key.clone()),
                deletes: Some(false),
            });
        }
        Ok(found.len())
    }

    fn file_name(&self, number: &str) -> Result<String> {
        let file = number.parse().ok().and_then(|number: usize| self.files.get(number));
        Ok(file.context("an answer is of no file")?.name.clone())
    }

    /// Lines that answer for no row, by file and form.
    fn unmatched(
        &self,
        database: &mut PurgeDatabase,
        findings: &mut FindingsFile<'_>,
    ) -> Result<Vec<UnmatchedAnswers>> {
        let mut all = Vec::new();
        let mut named = 0;
        for (number, file) in self.files.iter().enumerate() {
            let mut counts = std::collections::BTreeMap::<AnswerForm, u64>::new();
            self.each_unmatched(database, number, |line, form| {
                *counts.entry(form).or_default() += 1;
                named += 1;
                if named <= NAMED_MAX {
                    findings.add(&NamedLine {
                        evidence: file.name.clone(),
                        line,
                        why: "meets no row",
                        form: Some(form),
                        key: None,
                        deletes: None,
                    });
                }
            })?;
            let counted =
                |(form, lines)| UnmatchedAnswers { evidence: file.name.clone(), form, lines };
            all.extend(counts.into_iter().map(counted));
        }
        Ok(all)
    }

    fn each_unmatched(
        &self,
        database: &mut PurgeDatabase,
        number: usize,
        mut each: impl FnMut(u64, AnswerForm),
    ) -> Result<()> {
        let file = self.files.get(number).context("there is no such file")?;
        let columns = named_columns(&file.columns, &self.evidence.on);
        let columns = columns.iter().map(|column| format!("e.{}", ident(column)));
        let columns = std::iter::once("e.line_no".to_owned()).chain(columns);
        let columns = columns.collect::<Vec<_>>().join(", ");
        let table = database.store().table(&format!("evidence_{}", file.name));
        let mut after = 0_u64;
        loop {
            let rows = database.store().query(&format!(
                "SELECT {columns} FROM {table} AS e WHERE e.line_no > {after} AND NOT EXISTS \
                   (SELECT 1 FROM {} AS l WHERE l.file_no = {number} AND l.line_no = e.line_no) \
                 ORDER BY e.line_no LIMIT {LINES_AT_ONCE}",
                self.lines
            ))?;
            for row in &rows {
                let [Some(line), values @ ..] = row.as_slice() else {
                    bail!("a line has no number")
                };
                after = line.parse().context("a line has no number")?;
                let forms = values.iter().flatten().map(|value| AnswerForm::of(value));
                each(after, forms.min().unwrap_or(AnswerForm::Other));
            }
            if rows.len() < LINES_AT_ONCE {
                return Ok(());
            }
        }
    }

    fn refusal(&self, database: &mut PurgeDatabase, rows: u64, place: &str) -> Result<String> {
        let begins = format!(
            "for {rows} row{} of {} lines of the evidence contradict each other: by some the rule selects it, \
             by others it does not. Nothing was selected. Which lines: {place}. ",
            if rows == 1 { "" } else { "s" },
            self.list.shape.name,
        );
        let what = match &self.evidence.wins {
            None => "Ask who sent them which is right; or let the rule say which counts: in its evidence, \
                     wins = { file = \"NAME\" } or wins = { latest = \"COLUMN WITH THE DATE\" }"
                .to_owned(),
            Some(Winner::File(name)) => format!(
                "wins = {{ file = {name:?} }} does not decide: both lines are of that file, or neither is. \
                 Ask who sent them"
            ),
            Some(Winner::Latest(column)) => {
                let undated = database.store().query(&format!(
                    "SELECT count(*) FROM {} WHERE weight IS NULL",
                    self.lines
                ))?;
                let undated = undated.into_iter().flatten().flatten().next().unwrap_or_default();
                format!(
                    "wins = {{ latest = {column:?} }} does not decide: they are of one day, or a day is \
                     missing ({undated} lines have none of the form YYYY-MM-DD or DD/MM/YYYY). Ask who sent \
                     them"
                )
            }
        };
        Ok(format!("{begins}{what}"))
    }
}

/// Rows whose lines contradict each other.
const CONTRADICTED: &str = "deleting > 0 AND deleting < lines";

/// Rows whose winning lines contradict each other.
const UNDECIDED: &str = "winning_deleting > 0 AND winning_deleting < winning";

/// Rows that a line of the rule's own file selects, and all winning lines.
pub(super) const SELECTED: &str = "line_no IS NOT NULL AND winning_deleting = winning";
