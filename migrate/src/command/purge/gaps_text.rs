//! Which archived rows nobody will find, in plain words of one language.

use handover_cli_kit::output::grouped;
use handover_schemas::purge::gaps::{Gap, SearchGaps};

/// What is said of it, in one language.
pub(super) struct GapWords {
    of: &'static str,
    unreachable: &'static str,
    gap: fn(Gap) -> String,
}

pub(super) const GAPS_EN: GapWords = GapWords {
    of: "of",
    unreachable: "rows are in the index by their key alone: by no number, and by no name with a birth date",
    gap: |gap| gap.to_string(),
};

pub(super) const GAPS_VI: GapWords = GapWords {
    of: "trên",
    unreachable: "bản ghi chỉ tìm được theo khóa, không theo số hoặc theo họ tên và ngày sinh",
    gap: |gap| gap.words_vi().to_owned(),
};

/// A line for each table, and one for each thing that rows of it lack.
pub(super) fn gaps_lines(gaps: &[SearchGaps], words: &GapWords) -> Vec<String> {
    let mut lines = Vec::new();
    for one in gaps {
        lines.push(format!(
            "{}: {} {} {} {}",
            one.table,
            grouped(one.unreachable),
            words.of,
            grouped(one.rows),
            words.unreachable
        ));
        for lacking in &one.lacking {
            lines.push(format!("{:>14} {}", grouped(lacking.rows), (words.gap)(lacking.what)));
        }
    }
    lines
}
