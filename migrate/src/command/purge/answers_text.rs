//! How the lines of evidence answer, in plain words of one language.

use handover_cli_kit::output::grouped;
use handover_schemas::purge::answers::{AnswerForm, Answers};

/// What is said of answers, in one language.
pub(super) struct AnswerWords {
    rows: &'static str,
    unanswered: &'static str,
    repeated: &'static str,
    contradicted: &'static str,
    selected: &'static str,
    shared: &'static str,
    unmatched: &'static str,
    form: fn(AnswerForm) -> &'static str,
}

pub(super) const EN: AnswerWords = AnswerWords {
    rows: "rows of the rule's table",
    unanswered: "without an answer",
    repeated: "with several answers that agree",
    contradicted: "with answers that contradict each other; the rule says which counts",
    selected: "selected among them",
    shared: "lines that answer for several rows each",
    unmatched: "lines that answer for no row",
    form: AnswerForm::words,
};

pub(super) const VI: AnswerWords = AnswerWords {
    rows: "dòng trong bảng của quy tắc",
    unanswered: "không có kết quả trả lời",
    repeated: "có nhiều kết quả giống nhau",
    contradicted: "có kết quả mâu thuẫn nhau; quy tắc nêu kết quả nào có hiệu lực",
    selected: "trong số đó bị chọn",
    shared: "dòng kết quả ứng với nhiều hồ sơ",
    unmatched: "dòng kết quả không ứng với hồ sơ nào",
    form: AnswerForm::words_vi,
};

/// One line for each count. Zeros are said, too: whoever signs knows that it was counted.
pub(super) fn answers_lines(answers: &Answers, words: &AnswerWords) -> Vec<String> {
    let line = |count: u64, what: &str| format!("{:>14} {what}", grouped(count));
    let mut lines = vec![
        line(answers.rows, words.rows),
        line(answers.unanswered, words.unanswered),
        line(answers.repeated, words.repeated),
        line(answers.contradicted, words.contradicted),
    ];
    if answers.contradicted > 0 {
        lines.push(line(answers.contradicted_selected, words.selected));
    }
    lines.push(line(answers.shared, words.shared));
    lines.push(line(answers.unmatched_lines(), words.unmatched));
    for one in &answers.unmatched {
        let what = format!("  {}: {}", one.evidence, (words.form)(one.form));
        lines.push(line(one.lines, &what));
    }
    lines
}
