//! How far the work is, on standard error: bars on a terminal, plain timed lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::memory::peak_resident_bytes;
use crate::output::message;
use crate::visible::visible;
use indicatif::{HumanBytes, HumanCount, MultiProgress, ProgressBar, ProgressStyle};

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Bars shown at the same time, besides the overall one.
const TABLE_BARS: usize = 8;

/// Reports progress to people.
pub struct Progress {
    started: Instant,
    state: Mutex<State>,
}

/// What is counted.
struct Words {
    one: &'static str,
    /// One group of them, and several, where people count these.
    groups: Option<(&'static str, &'static str)>,
}

const ROWS: Words = Words { one: "rows", groups: Some(("table", "tables")) };
const FILES: Words = Words { one: "files", groups: None };

struct State {
    words: &'static Words,
    bars: Option<Bars>,
    tables: BTreeMap<String, TableProgress>,
    stage: String,
    rows: u64,
    bytes: u64,
    rows_expected: u64,
    stage_started: Instant,
    last_line: Instant,
    verbose: bool,
}

#[derive(Default)]
struct TableProgress {
    rows: u64,
    rows_expected: u64,
    bar: Option<ProgressBar>,
}

struct Bars {
    multi: MultiProgress,
    overall: ProgressBar,
}

impl Progress {
    /// Bars if standard error is a terminal.
    pub fn on_stderr(quiet: bool) -> Self {
        let bars = (std::io::stderr().is_terminal() && !quiet).then(Bars::new);
        Self::new(bars, !quiet)
    }

    /// Says nothing.
    pub fn silent() -> Self {
        Self::new(None, false)
    }

    fn new(bars: Option<Bars>, verbose: bool) -> Self {
        let now = Instant::now();
        let state = State {
            words: &ROWS,
            bars,
            tables: BTreeMap::new(),
            stage: String::new(),
            rows: 0,
            bytes: 0,
            rows_expected: 0,
            stage_started: now,
            last_line: now,
            verbose,
        };
        Self { started: now, state: Mutex::new(state) }
    }

    /// A new stage begins: `tables` with the rows expected in each.
    pub fn begin(&self, stage: &str, tables: impl IntoIterator<Item = (String, u64)>) {
        self.begin_with(stage, tables, &ROWS);
    }

    /// A new stage begins: groups of files, such as deliverables, with the files expected in each.
    pub fn begin_files(&self, stage: &str, groups: impl IntoIterator<Item = (String, u64)>) {
        self.begin_with(stage, groups, &FILES);
    }

    fn begin_with(
        &self,
        stage: &str,
        tables: impl IntoIterator<Item = (String, u64)>,
        words: &'static Words,
    ) {
        self.with(|state| {
            state.words = words;
            state.clear_bars();
            stage.clone_into(&mut state.stage);
            state.tables = tables
                .into_iter()
                .map(|(name, rows_expected)| {
                    (name, TableProgress { rows_expected, ..TableProgress::default() })
                })
                .collect();
            state.rows = 0;
            state.bytes = 0;
            state.rows_expected = state.tables.values().map(|table| table.rows_expected).sum();
            state.stage_started = Instant::now();
            if let Some(bars) = &state.bars {
                bars.overall.reset();
                bars.overall.set_length(state.rows_expected);
                bars.overall.set_prefix(stage.to_owned());
            }
            let count = state.tables.len();
            let rows = HumanCount(state.rows_expected);
            let about = match words.groups {
                Some((group, _)) if count == 1 => format!("1 {group}, about"),
                Some((_, groups)) => format!("{count} {groups}, about"),
                None => "about".to_owned(),
            };
            state.line(self.started, &format!("{stage}: {about} {rows} {}", words.one));
        });
    }

    /// Rows of a table were dealt with.
    pub fn advance(&self, table: &str, rows: u64, bytes: u64) {
        self.with(|state| {
            state.rows += rows;
            state.bytes += bytes;
            state.advance_bars(table, rows);
            if state.last_line.elapsed() >= LINE_EVERY {
                let text = state.rate_text();
                state.line(self.started, &text);
            }
        });
    }

    /// One line that stays.
    pub fn note(&self, text: &str) {
        self.with(|state| state.line(self.started, text));
    }

    /// Says how much memory this process has needed, where the system tells.
    pub fn note_peak_memory(&self) {
        if let Some(bytes) = peak_resident_bytes() {
            self.note(&format!("peak memory of this process: {} MiB", bytes / 1024 / 1024));
        }
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        self.with(|state| {
            state.clear_bars();
            if let Some(bars) = state.bars.take() {
                bars.overall.finish_and_clear();
            }
        });
    }

    fn with(&self, action: impl FnOnce(&mut State)) {
        action(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl State {
    fn rate_text(&self) -> String {
        let seconds = self.stage_started.elapsed().as_secs().max(1);
        let rows_per_second = self.rows / seconds;
        let left = self.rows_expected.saturating_sub(self.rows) / rows_per_second.max(1);
        format!(
            "{}: {} of about {} {}, {}/s, {}/s, about {left} s left",
            self.stage,
            HumanCount(self.rows),
            HumanCount(self.rows_expected),
            self.words.one,
            HumanCount(rows_per_second),
            HumanBytes(self.bytes / seconds),
        )
    }

    fn advance_bars(&mut self, table: &str, rows: u64) {
        let Some(bars) = &self.bars else { return };
        bars.overall.inc(rows);
        let seconds = self.stage_started.elapsed().as_secs().max(1);
        let left = self.rows_expected.saturating_sub(self.rows) / (self.rows / seconds).max(1);
        bars.overall.set_message(format!(
            "{} {}/s, {}/s, {left} s left",
            HumanCount(self.rows / seconds),
            self.words.one,
            HumanBytes(self.bytes / seconds),
        ));
        let shown = self.tables.values().filter(|table| table.bar.is_some()).count();
        let Some(progress) = self.tables.get_mut(table) else { return };
        progress.rows += rows;
        if progress.bar.is_none() && shown < TABLE_BARS {
            let bar = ProgressBar::new(progress.rows_expected).with_style(table_style());
            bar.set_prefix(visible(table).into_owned());
            progress.bar = Some(bars.multi.insert_before(&bars.overall, bar));
        }
        if let Some(bar) = &progress.bar {
            bar.set_position(progress.rows);
            bar.set_message(format!(
                "{} {}, {}/s",
                HumanCount(progress.rows),
                self.words.one,
                HumanCount(progress.rows / seconds)
            ));
            if progress.rows >= progress.rows_expected {
                bar.finish_and_clear();
                progress.bar = None;
            }
        }
    }

    fn clear_bars(&mut self) {
        for table in self.tables.values_mut() {
            if let Some(bar) = table.bar.take() {
                bar.finish_and_clear();
            }
        }
    }

    #[expect(clippy::print_stderr, reason = "the one place that prints progress")]
    fn line(&mut self, started: Instant, text: &str) {
        self.last_line = Instant::now();
        if !self.verbose {
            return;
        }
        let line = format!("[{:>7.1}s] {}", started.elapsed().as_secs_f64(), message(text));
        match &self.bars {
            // A line that cannot be printed must not end the work.
            Some(bars) => bars.multi.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}

impl Bars {
    fn new() -> Self {
        let multi = MultiProgress::new();
        let overall = multi.add(ProgressBar::new(0).with_style(overall_style()));
        Self { multi, overall }
    }
}

// Lines stay below 80 columns: a wrapped line could not be taken away again.
fn table_style() -> ProgressStyle {
    style("  {prefix:<26!} [{bar:12}] {msg}")
}

fn overall_style() -> ProgressStyle {
    style("{prefix:<28!} [{bar:12}] {msg}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_bad_template| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
