//! What can be done to a hand-over.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an event says was done.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The plan was frozen and the tables made.
    Plan,
    /// A run of the copy came to its end.
    Copy,
    /// Everything the source has is there and read back.
    Settle,
    /// Deliverables were received and the inventory taken.
    Artifacts,
    /// A package was sealed.
    Package,
    /// A result file was loaded.
    Evidence,
    /// The rows of a purge were frozen.
    Select,
    /// A purge's archive was sealed and opened again.
    Backup,
    /// A purge was given up before anything was deleted.
    Abandon,
    /// An approval was used, and deleting began.
    Approve,
    /// Every row of a purge was dealt with.
    Execute,
    /// A purge's certificate was issued.
    Certify,
    /// A purge that had begun was given up, and signed for.
    ClosePurge,
    /// Archived rows were put back.
    Restore,
    /// One of the databases is at another place; an operator signed it.
    Move,
    /// An attestation was made.
    Attest,
    /// Report and minutes were closed.
    Close,
}

impl EventKind {
    const ALL: [Self; 17] = [
        Self::Plan,
        Self::Copy,
        Self::Settle,
        Self::Artifacts,
        Self::Package,
        Self::Evidence,
        Self::Select,
        Self::Backup,
        Self::Abandon,
        Self::Approve,
        Self::Execute,
        Self::Certify,
        Self::ClosePurge,
        Self::Restore,
        Self::Move,
        Self::Attest,
        Self::Close,
    ];

    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Copy => "copy",
            Self::Settle => "settle",
            Self::Artifacts => "artifacts",
            Self::Package => "package",
            Self::Evidence => "evidence",
            Self::Select => "select",
            Self::Backup => "backup",
            Self::Abandon => "abandon",
            Self::Approve => "approve",
            Self::Execute => "execute",
            Self::Certify => "certify",
            Self::ClosePurge => "close_purge",
            Self::Restore => "restore",
            Self::Move => "move",
            Self::Attest => "attest",
            Self::Close => "close",
        }
    }

    /// The kind behind a word of the ledger.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// In Vietnamese.
    pub fn vi(self) -> &'static str {
        match self {
            Self::Plan => "Lập kế hoạch sao chép",
            Self::Copy => "Chạy sao chép",
            Self::Settle => "Đối chiếu khớp cơ sở dữ liệu",
            Self::Artifacts => "Tiếp nhận và kiểm kê sản phẩm",
            Self::Package => "Niêm phong gói",
            Self::Evidence => "Nạp tệp kết quả xác minh",
            Self::Select => "Chốt danh sách xóa",
            Self::Backup => "Sao lưu và mở lại kho lưu trữ",
            Self::Abandon => "Hủy đợt xóa trước khi thực hiện",
            Self::Approve => "Sử dụng phê duyệt, bắt đầu xóa",
            Self::Execute => "Hoàn thành xóa",
            Self::Certify => "Cấp chứng nhận xóa",
            Self::ClosePurge => "Đóng đợt xóa dở dang",
            Self::Restore => "Phục hồi bản ghi",
            Self::Move => "Ghi nhận cơ sở dữ liệu đã chuyển chỗ",
            Self::Attest => "Lập xác nhận bàn giao",
            Self::Close => "Chốt báo cáo và biên bản",
        }
    }

    /// In English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Plan => "Plan frozen",
            Self::Copy => "Copy run ended",
            Self::Settle => "Database settled",
            Self::Artifacts => "Deliverables received, inventory taken",
            Self::Package => "Package sealed",
            Self::Evidence => "Result file loaded",
            Self::Select => "Rows of a purge frozen",
            Self::Backup => "Archive sealed and opened again",
            Self::Abandon => "Purge given up before deletion",
            Self::Approve => "Approval used, deletion begun",
            Self::Execute => "Deletion finished",
            Self::Certify => "Deletion certified",
            Self::ClosePurge => "Purge closed before its end",
            Self::Restore => "Rows restored",
            Self::Move => "Database moved, recorded",
            Self::Attest => "Attestation made",
            Self::Close => "Report and minutes closed",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
