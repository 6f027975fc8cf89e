//! The words for what an attestation says in codes, in both languages.

use handover_schemas::attestation::TableState;
use handover_schemas::config::{DeliverableKind, ResidualCopyKind};
use handover_schemas::figures::report::{FigureVerdict, FiguresVerdict, RelationResult};
use handover_schemas::figures::{RoundedAs, Unit};
use handover_schemas::ledger::{SourceCheck, Stage};
use handover_schemas::package::inventory::DeliverableState;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::signing::trust::Role;
use serde::Serialize;

/// The same in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Words {
    pub(super) vi: &'static str,
    pub(super) en: &'static str,
}

/// Kinds of deliverables, in the order in which people name them.
pub(super) const DELIVERABLE_KINDS: [DeliverableKind; 6] = [
    DeliverableKind::SourceCode,
    DeliverableKind::Installer,
    DeliverableKind::Database,
    DeliverableKind::Document,
    DeliverableKind::Files,
    DeliverableKind::Configuration,
];

/// How a state is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mood {
    /// As it should be.
    Good,
    /// Not at its end.
    Open,
    /// Not as it should be.
    Bad,
}

/// A state: how it is to be taken, and the words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct StateWords {
    pub(super) mood: Mood,
    #[serde(flatten)]
    pub(super) words: Words,
}

const fn state(mood: Mood, vi: &'static str, en: &'static str) -> StateWords {
    StateWords { mood, words: Words { vi, en } }
}

pub(super) fn stage(stage: Stage) -> StateWords {
    match stage {
        Stage::Rows => state(Mood::Open, "Đang sao chép bản ghi", "Rows are being copied"),
        Stage::Structure => state(
            Mood::Open,
            "Đang tạo chỉ mục và ràng buộc",
            "Indexes and constraints are being made",
        ),
        Stage::Done => state(Mood::Good, "Đã hoàn thành", "Finished"),
    }
}

pub(super) fn source_check(answer: SourceCheck) -> StateWords {
    match answer {
        SourceCheck::Whole => state(Mood::Good, "Tệp nguyên vẹn", "The file is whole"),
        SourceCheck::InPart => state(
            Mood::Good,
            "Tệp nguyên vẹn ở những phần kiểm tra được khi không có ứng dụng",
            "The file is whole, as far as it could be checked without the application",
        ),
        SourceCheck::Damaged => state(Mood::Bad, "Tệp bị hỏng", "The file is damaged"),
    }
}

pub(super) fn table_state(table: TableState) -> StateWords {
    match table {
        TableState::Incomplete => state(Mood::Bad, "Chưa đủ", "Incomplete"),
        TableState::Copied => state(Mood::Open, "Chưa đọc lại đủ", "Not all read back"),
        TableState::Settled => state(Mood::Good, "Đã khớp", "Settled"),
    }
}

pub(super) fn deliverable_state(deliverable: DeliverableState) -> StateWords {
    match deliverable {
        DeliverableState::Unseen => state(Mood::Open, "Chưa xem xét", "Not looked at"),
        DeliverableState::Missing => state(Mood::Bad, "Chưa bàn giao", "Missing"),
        DeliverableState::Received => state(Mood::Open, "Đã nhận", "Received"),
        DeliverableState::Verified => state(Mood::Good, "Đã xác minh", "Verified"),
    }
}

pub(super) fn deliverable_kind(kind: DeliverableKind) -> Words {
    let (vi, en) = match kind {
        DeliverableKind::SourceCode => ("Mã nguồn", "Source code"),
        DeliverableKind::Installer => ("Bộ cài đặt", "Installers"),
        DeliverableKind::Database => ("Cơ sở dữ liệu", "Database"),
        DeliverableKind::Document => ("Tài liệu", "Documents"),
        DeliverableKind::Files => ("Kho tệp", "Files"),
        DeliverableKind::Configuration => ("Cấu hình", "Configuration"),
    };
    Words { vi, en }
}

pub(super) fn purge_state(purge: PurgeState) -> StateWords {
    match purge {
        PurgeState::Selected => state(Mood::Open, "Đã chốt danh sách", "List frozen"),
        PurgeState::BackedUp => state(Mood::Open, "Đã sao lưu", "Backed up"),
        PurgeState::Executing => state(Mood::Bad, "Đang xóa", "Being deleted"),
        PurgeState::Executed => {
            state(Mood::Open, "Đã xóa, chưa chứng nhận", "Deleted, not certified")
        }
        PurgeState::Certified => state(Mood::Good, "Đã chứng nhận", "Certified"),
        PurgeState::Closed => state(Mood::Bad, "Đã đóng khi còn dở dang", "Closed before its end"),
        PurgeState::Abandoned => {
            state(Mood::Open, "Đã hủy trước khi xóa", "Given up before deletion")
        }
    }
}

pub(super) fn role(role: Role) -> Words {
    let (vi, en) = match role {
        Role::DataOwner => ("Chủ quản dữ liệu", "Data owner"),
        Role::Custodian => ("Đơn vị lưu giữ", "Custodian"),
        Role::Operator => ("Người vận hành", "Operator"),
        Role::Auditor => ("Kiểm toán", "Auditor"),
        Role::Witness => ("Người chứng kiến", "Witness"),
        Role::OutsideBody => ("Cơ quan bên ngoài", "Outside body"),
        Role::GivingSide => ("Bên giao", "Giving side"),
        Role::ReceivingSide => ("Bên nhận", "Receiving side"),
    };
    Words { vi, en }
}

pub(super) fn residual_copy(kind: ResidualCopyKind) -> Words {
    let (vi, en) = match kind {
        ResidualCopyKind::Replica => ("Máy chủ bản sao", "Replicas"),
        ResidualCopyKind::BaseBackup => ("Bản sao lưu toàn bộ", "Base backups"),
        ResidualCopyKind::Wal => ("Nhật ký ghi trước (WAL)", "Write-ahead log"),
        ResidualCopyKind::VendorDatabase => ("Cơ sở dữ liệu của bên giao", "The vendor's database"),
        ResidualCopyKind::Other => ("Bản sao khác", "Other copies"),
    };
    Words { vi, en }
}

pub(super) fn figures_verdict(verdict: FiguresVerdict) -> StateWords {
    match verdict {
        FiguresVerdict::Holds => state(Mood::Good, "Khớp", "Holds"),
        FiguresVerdict::Unverified => state(Mood::Open, "Chưa kiểm tra được", "Unverified"),
        FiguresVerdict::Differs => state(Mood::Bad, "Không khớp", "Does not hold"),
    }
}

pub(super) fn relation_result(result: RelationResult) -> StateWords {
    match result {
        RelationResult::Holds => state(Mood::Good, "Khớp", "Holds"),
        RelationResult::Rounded => state(Mood::Open, "Chỉ do làm tròn", "Only because of rounding"),
        RelationResult::Fails => state(Mood::Bad, "Không khớp", "Does not hold"),
    }
}

pub(super) fn figure_verdict(verdict: FigureVerdict) -> StateWords {
    match verdict {
        FigureVerdict::Same => state(Mood::Good, "Đúng bằng", "The same"),
        FigureVerdict::Rounded => state(Mood::Good, "Trong phạm vi làm tròn", "Within rounding"),
        FigureVerdict::Differs => state(Mood::Bad, "Khác", "Differs"),
        FigureVerdict::Unverified => state(Mood::Open, "Chưa kiểm tra được", "Unverified"),
        FigureVerdict::NoQuery => state(Mood::Open, "Không có truy vấn", "No query"),
    }
}

pub(super) fn rounded_as(rounded: RoundedAs) -> Words {
    let (vi, en) = match rounded {
        RoundedAs::Over => ("hơn", "over"),
        RoundedAs::Nearly => ("gần", "nearly"),
        RoundedAs::About => ("khoảng", "about"),
    };
    Words { vi, en }
}

pub(super) fn unit(unit: Unit) -> Words {
    let (vi, en) = match unit {
        Unit::Subject => ("đối tượng", "people"),
        Unit::Dose => ("mũi tiêm", "doses"),
    };
    Words { vi, en }
}
