//! What a deletion reaches beside the rows on its list, in words of one language.

use handover_cli_kit::output::{Lines, grouped};
use handover_schemas::purge::reach::{Reach, TriedTable, Writes};

/// The words of a language; `{}` stands for what differs.
pub(super) struct ReachWords {
    heading: &'static str,
    not_tried: &'static str,
    /// Before the account.
    account: &'static str,
    nothing: &'static str,
    no_row: &'static str,
    triggers: &'static str,
    writes: &'static str,
    inserted: &'static str,
    updated: &'static str,
    views: &'static str,
    objects: &'static str,
    parents: &'static str,
}

pub(super) const VI: ReachWords = ReachWords {
    heading: "Xóa thử:",
    not_tried: "chưa xóa thử dòng nào; không ai biết việc xóa còn chạm đến những gì",
    account: "mỗi bảng một dòng đã được xóa rồi trả lại ngay",
    nothing: "không trigger nào chạy, không bảng nào khác bị ghi, không thấy bản sao nào khác",
    no_row: "không có dòng nào để xóa thử",
    triggers: "trigger chạy khi xóa:",
    writes: "CÓ THỂ LƯU BẢN SAO: trigger ghi vào",
    inserted: "dòng thêm",
    updated: "dòng sửa",
    views: "BẢN SAO CÒN LẠI đến khi làm mới: materialized view",
    objects: "KHÔNG ĐƯỢC LƯU TRỮ VÀ KHÔNG BỊ XÓA: đối tượng lớn (large object) mà cột này chỉ đến:",
    parents: "dòng cũng mất khỏi bảng mà bảng này kế thừa:",
};

pub(super) const EN: ReachWords = ReachWords {
    heading: "Tried:",
    not_tried: "no row was tried; nobody knows what else the deletion reaches",
    account: "one row of every table was deleted and put back at once",
    nothing: "no trigger acts, no other table is written, no other copy is known",
    no_row: "no row could be tried",
    triggers: "triggers that act:",
    writes: "MAY KEEP COPIES: triggers write to",
    inserted: "rows come",
    updated: "rows change",
    views: "COPIES STAY until it is refreshed: materialised view",
    objects: "NEITHER ARCHIVED NOR DELETED: large objects that this column names:",
    parents: "rows disappear from the table that it inherits from too:",
};

/// Writes it down, indented.
pub(super) fn reach_text(out: &mut Lines, reach: Option<&Reach>, words: &ReachWords) {
    let Some(reach) = reach else {
        writeln!(out, "{:<16} {}", words.heading, words.not_tried);
        return;
    };
    let account = reach.account.as_ref().map(|account| format!(" ({account})"));
    writeln!(out, "{:<16} {}{}", words.heading, words.account, account.unwrap_or_default());
    let mut lines: Vec<String> =
        reach.tables.iter().flat_map(|table| table_lines(table, words)).collect();
    lines.extend(reach.views.iter().map(|view| format!("{} {view}", words.views)));
    let objects = reach.objects.iter();
    lines.extend(objects.map(|one| format!("{} {}.{}", words.objects, one.table, one.column)));
    lines.extend(reach.parents.iter().map(|parent| format!("{} {parent}", words.parents)));
    if lines.is_empty() {
        lines.push(words.nothing.to_owned());
    }
    for line in lines {
        writeln!(out, "    {line}");
    }
}

fn table_lines(table: &TriedTable, words: &ReachWords) -> Vec<String> {
    let mut lines = Vec::new();
    if table.tried.0 == 0 {
        lines.push(format!("{}: {}", table.name, words.no_row));
    }
    if !table.triggers.is_empty() {
        let names = table.triggers.join(", ");
        lines.push(format!("{}: {} {names}", table.name, words.triggers));
    }
    lines.extend(table.writes.iter().map(|writes| {
        let Writes { table: written, inserted, updated, .. } = writes;
        format!(
            "{}: {} {written} ({} {}, {} {})",
            table.name,
            words.writes,
            grouped(inserted.0),
            words.inserted,
            grouped(updated.0),
            words.updated
        )
    }));
    lines
}
