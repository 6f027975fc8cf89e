//! How far the work is, on standard error: bars on a terminal, plain timed lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::memory::peak_resident_bytes;
use crate::output::message;
use crate::visible::visible;
use indicatif::{HumanBytes, HumanCount, MultiProgress, ProgressBar, ProgressStyle};

/// Longest time without a line: whoever waits sees that the work goes on, and on what.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Bars shown at the same time, besides the overall one.
const TABLE_BARS: usize = 8;

/// How often it is looked whether a line is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Reports progress to people.
pub struct Progress {
    started: Instant,
    state: Arc<Mutex<State>>,
}

/// The printer on standard error, for what is to be said by those who do not have it at hand. There
/// is one standard error.
static ON_STDERR: Mutex<Option<(Instant, Weak<Mutex<State>>)>> = Mutex::new(None);

/// Says a line through the printer on standard error; whether there is one.
pub fn tell(text: &str) -> bool {
    let printer = ON_STDERR.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((started, state)) = printer.as_ref()
        && let Some(state) = state.upgrade()
    {
        state.lock().unwrap_or_else(PoisonError::into_inner).line(*started, text);
        return true;
    }
    false
}

/// What is counted.
struct Words {
    one: &'static str,
    /// One group of them, and several, where people count these.
    groups: Option<(&'static str, &'static str)>,
}

const ROWS: Words = Words { one: "rows", groups: Some(("table", "tables")) };
const FILES: Words = Words { one: "files", groups: None };
const STEPS: Words = Words { one: "steps", groups: None };

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
        let progress = Self::new(bars, !quiet);
        let printer = (progress.started, Arc::downgrade(&progress.state));
        *ON_STDERR.lock().unwrap_or_else(PoisonError::into_inner) = Some(printer);
        progress
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
            stage: "at work".to_owned(),
            rows: 0,
            bytes: 0,
            rows_expected: 0,
            stage_started: now,
            last_line: now,
            verbose,
        };
        let state = Arc::new(Mutex::new(state));
        if verbose {
            keep_telling(now, &state);
        }
        Self { started: now, state }
    }

    /// A new stage begins, of which only its end can be told.
    pub fn phase(&self, stage: &str) {
        self.phase_of(stage, 0);
    }

    /// A new stage begins: so many steps are to be done.
    pub fn phase_of(&self, stage: &str, steps: u64) {
        self.with(|state| {
            state.begin(stage, BTreeMap::new(), &STEPS);
            state.rows_expected = steps;
            state.line(self.started, stage);
        });
    }

    /// Steps of the stage are done.
    pub fn done(&self, steps: u64) {
        self.with(|state| state.rows += steps);
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
        let tables = tables
            .into_iter()
            .map(|(name, rows_expected)| {
                (name, TableProgress { rows_expected, ..TableProgress::default() })
            })
            .collect();
        self.with(|state| {
            state.begin(stage, tables, words);
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
            state.line_if_due(self.started);
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
            // Nothing is going on any more.
            state.stage.clear();
            if let Some(bars) = state.bars.take() {
                bars.overall.finish_and_clear();
            }
        });
    }

    fn with(&self, action: impl FnOnce(&mut State)) {
        action(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Says every few seconds what is going on, as long as the progress lives.
fn keep_telling(started: Instant, state: &Arc<Mutex<State>>) {
    let state: Weak<Mutex<State>> = Arc::downgrade(state);
    let telling = std::thread::Builder::new().name("progress".into()).spawn(move || {
        loop {
            std::thread::sleep(LOOK_EVERY);
            let Some(state) = state.upgrade() else { return };
            state.lock().unwrap_or_else(PoisonError::into_inner).line_if_due(started);
        }
    });
    // Without the thread there are fewer lines; the work goes on.
    drop(telling);
}

impl State {
    fn begin(
        &mut self,
        stage: &str,
        tables: BTreeMap<String, TableProgress>,
        words: &'static Words,
    ) {
        self.clear_bars();
        self.words = words;
        stage.clone_into(&mut self.stage);
        self.tables = tables;
        self.rows = 0;
        self.bytes = 0;
        self.rows_expected = self.tables.values().map(|table| table.rows_expected).sum();
        self.stage_started = Instant::now();
        if let Some(bars) = &self.bars {
            bars.overall.reset();
            bars.overall.set_length(self.rows_expected);
            bars.overall.set_prefix(visible(stage).into_owned());
        }
    }

    fn line_if_due(&mut self, started: Instant) {
        if self.last_line.elapsed() >= LINE_EVERY && !self.stage.is_empty() {
            let text = self.text();
            self.line(started, &text);
        }
    }

    /// How far the stage is.
    fn text(&self) -> String {
        let Self { stage, rows, rows_expected, .. } = self;
        if *rows == 0 {
            return format!("{stage}: for {} s now", self.stage_started.elapsed().as_secs());
        }
        if self.words.one == STEPS.one {
            return format!(
                "{stage}: {} of {} done",
                HumanCount(*rows),
                HumanCount(*rows_expected)
            );
        }
        if *rows_expected == 0 {
            return format!("{stage}: {} {} so far", HumanCount(*rows), self.words.one);
        }
        self.rate_text()
    }

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
