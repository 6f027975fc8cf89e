//! Findings of a hand-over, and what is to be done about them, in both languages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::signing::statement::U64Text;

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedFinding {
    /// What sort of thing.
    pub kind: StatedFindingKind,
    /// Table, deliverable, purge or figure that it is about.
    pub subject: String,
    /// How many rows, files or differences; absent where there is nothing to count.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<U64Text>,
    /// More of it, as the program that found it said it (in English).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
}

/// What sort of thing is not as it should be.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StatedFindingKind {
    /// Nothing was copied.
    NoCopy,
    /// The copy has not come to its end.
    CopyUnfinished,
    /// The source's file fails SQLite's own integrity check.
    SourceDamaged,
    /// A table is not settled.
    TableNotSettled,
    /// The source could not give a table.
    TableNotGiven,
    /// Something of the database other than rows is not as it should be.
    Structure,
    /// A deliverable is missing.
    DeliverableMissing,
    /// A deliverable came, and is not whole or not verified.
    DeliverableUnverified,
    /// There are findings about a deliverable.
    DeliverableFindings,
    /// A purge has not come to its end.
    PurgeUnfinished,
    /// A purge was given up in the middle, and signed for.
    PurgeClosed,
    /// Rows of a purge's list were kept, because they had changed or others refer to them.
    PurgeKeptRows,
    /// A published sum does not hold.
    FigureSum,
    /// The data do not give a published figure.
    FigureDiffers,
    /// A figure's query could not be answered.
    FigureUnverified,
}

impl StatedFindingKind {
    /// In Vietnamese: what is wrong.
    pub fn vi(self) -> &'static str {
        match self {
            Self::NoCopy => "Chưa sao chép cơ sở dữ liệu nào",
            Self::CopyUnfinished => "Việc sao chép cơ sở dữ liệu chưa hoàn thành",
            Self::SourceDamaged => "Tệp cơ sở dữ liệu nguồn bị hỏng",
            Self::TableNotSettled => "Bảng chưa được đối chiếu khớp giữa hai bên",
            Self::TableNotGiven => "Bên giao không cung cấp được bảng",
            Self::Structure => "Cấu trúc cơ sở dữ liệu chưa đúng như nguồn",
            Self::DeliverableMissing => "Sản phẩm chưa được bàn giao",
            Self::DeliverableUnverified => "Sản phẩm đã nhận nhưng chưa được xác minh",
            Self::DeliverableFindings => "Sản phẩm có vấn đề được phát hiện",
            Self::PurgeUnfinished => "Đợt xóa dữ liệu chưa hoàn thành",
            Self::PurgeClosed => "Đợt xóa dữ liệu đã đóng khi còn dở dang",
            Self::PurgeKeptRows => "Bản ghi trong danh sách xóa được giữ lại",
            Self::FigureSum => "Số liệu công bố không khớp khi cộng",
            Self::FigureDiffers => "Số liệu công bố khác với dữ liệu",
            Self::FigureUnverified => "Số liệu chưa kiểm tra được với dữ liệu",
        }
    }

    /// In English: what is wrong.
    pub fn en(self) -> &'static str {
        match self {
            Self::NoCopy => "No database was copied",
            Self::CopyUnfinished => "The copy of the database is not finished",
            Self::SourceDamaged => "The source's file is damaged",
            Self::TableNotSettled => "The table is not settled between both sides",
            Self::TableNotGiven => "The giving side could not give the table",
            Self::Structure => "The structure of the database is not as at the source",
            Self::DeliverableMissing => "The deliverable was not handed over",
            Self::DeliverableUnverified => "The deliverable was received and is not verified",
            Self::DeliverableFindings => "There are findings about the deliverable",
            Self::PurgeUnfinished => "The purge is not finished",
            Self::PurgeClosed => "The purge was closed before its end",
            Self::PurgeKeptRows => "Rows on the list of the purge were kept",
            Self::FigureSum => "A published sum does not add up",
            Self::FigureDiffers => "A published figure differs from the data",
            Self::FigureUnverified => "A figure could not be checked against the data",
        }
    }

    /// In Vietnamese: what to do next.
    pub fn next_vi(self) -> &'static str {
        match self {
            Self::NoCopy | Self::CopyUnfinished => {
                "Chạy tiếp lệnh sao chép cho đến khi hoàn thành."
            }
            Self::SourceDamaged => {
                "Yêu cầu bên giao cung cấp lại tệp kèm mã băm, rồi sao chép lại vào đích trống."
            }
            Self::TableNotSettled => "Chạy lại lệnh sao chép, sau đó đối chiếu hai bên.",
            Self::TableNotGiven => "Yêu cầu bên giao cấp quyền đọc bảng, rồi sao chép lại.",
            Self::Structure => "Xem chi tiết và bổ sung đối tượng còn thiếu, rồi chạy lại.",
            Self::DeliverableMissing => "Yêu cầu bên giao bàn giao bằng văn bản, nêu thời hạn.",
            Self::DeliverableUnverified | Self::DeliverableFindings => {
                "Yêu cầu bên giao giải trình hoặc giao lại; xem tệp findings/artifacts.jsonl."
            }
            Self::PurgeUnfinished => "Hoàn thành các bước còn lại của đợt xóa và lập chứng nhận.",
            Self::PurgeClosed => "Đọc văn bản đóng: đã xóa gì, còn lại gì; quyết định ở đợt sau.",
            Self::PurgeKeptRows => "Rà soát các bản ghi được giữ lại và quyết định ở đợt sau.",
            Self::FigureSum => "Yêu cầu đơn vị công bố giải trình chênh lệch.",
            Self::FigureDiffers => "Xác định nguyên nhân chênh lệch giữa báo cáo và dữ liệu.",
            Self::FigureUnverified => "Sửa câu truy vấn hoặc cấp quyền, rồi kiểm tra lại.",
        }
    }

    /// In English: what to do next.
    pub fn next_en(self) -> &'static str {
        match self {
            Self::NoCopy | Self::CopyUnfinished => "Run the copy again until it is finished.",
            Self::SourceDamaged => {
                "Ask the giving side for the file anew, with its digest; copy it into an empty target."
            }
            Self::TableNotSettled => "Run the copy again, then compare both sides.",
            Self::TableNotGiven => "Ask the giving side for the right to read it; copy again.",
            Self::Structure => "Read the detail, make what is missing, run the copy again.",
            Self::DeliverableMissing => "Ask the giving side for it by letter, with a time limit.",
            Self::DeliverableUnverified | Self::DeliverableFindings => {
                "Ask the giving side to explain or to deliver again; see findings/artifacts.jsonl."
            }
            Self::PurgeUnfinished => "Carry the purge on to its certificate.",
            Self::PurgeClosed => {
                "Read what the closing says was deleted and what is left; decide with the next purge."
            }
            Self::PurgeKeptRows => "Look at the rows that were kept; decide with the next purge.",
            Self::FigureSum => "Ask who published it to explain the difference.",
            Self::FigureDiffers => "Find out why report and data differ.",
            Self::FigureUnverified => "Mend the query or the right to read, and check again.",
        }
    }
}
