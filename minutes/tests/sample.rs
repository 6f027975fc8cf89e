//! Attestations as a hand-over leaves them.

use handover_schemas::attestation::{
    HandoverAttestation, NotChecked, RootsOver, StatedChain, StatedCopy, StatedDeliverable,
    StatedEnd, StatedEvent, StatedEvidence, StatedFinding, StatedFindingKind, StatedGroup,
    StatedLedgerTable, StatedLeftOut, StatedPackage, StatedPurge, StatedPurgeTable, StatedRestore,
    StatedSummary, StatedTable, StatedTool, TableState,
};
use handover_schemas::chain::EventKind;
use handover_schemas::config::{
    Commitment, DeliverableKind, Letter, MinutesConfig, Party, Representative, ResidualCopy,
    ResidualCopyKind,
};
use handover_schemas::digest::Digest;
use handover_schemas::figures::stated::StatedFigures;
use handover_schemas::ledger::Stage;
use handover_schemas::name::TableName;
use handover_schemas::package::inventory::DeliverableState;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::statement::StatedCounts;

use crate::signers::trusted_key;

pub(crate) fn digest(of: &str) -> Digest {
    Digest::of(of.as_bytes())
}

/// A hand-over of which nothing was done or written down yet.
pub(crate) fn empty() -> HandoverAttestation {
    HandoverAttestation {
        number: 1.into(),
        stated_on: "2026-02-04T18:05:00Z".to_owned(),
        minutes: MinutesConfig::default(),
        target: StatedEnd { identity: "sqlite:0f1e2d3c".to_owned(), url: None },
        copy: None,
        deliverables: Vec::new(),
        packages: Vec::new(),
        evidence: Vec::new(),
        purges: Vec::new(),
        restores: Vec::new(),
        moves: Vec::new(),
        figures: Vec::new(),
        trusted_keys: Vec::new(),
        findings: Vec::new(),
        not_checked: Vec::new(),
        timeline: Vec::new(),
        tools: Vec::new(),
        ledger: StatedChain {
            head: digest("head"),
            events: 0.into(),
            own_event: None,
            tables: Vec::new(),
        },
    }
}

/// A hand-over with something of everything.
pub(crate) fn full() -> HandoverAttestation {
    let components = [
        ("portal", "Cổng công khai thông tin tiêm chủng", "Public portal of vaccination"),
        ("support", "Hệ thống hỗ trợ công tác tiêm chủng", "System that supports vaccination"),
        ("mcc", "Hệ thống phục vụ công tác chỉ đạo điều hành (MCC)", "Steering system (MCC)"),
        ("app", "Ứng dụng Sổ Sức khỏe điện tử", "Electronic health book"),
    ];
    HandoverAttestation {
        minutes: minutes(),
        target: StatedEnd {
            identity: "7301234567890123456".to_owned(),
            url: Some("postgres://tiepnhan@10.0.0.5/tiemchung".to_owned()),
        },
        copy: Some(copy()),
        deliverables: components.iter().flat_map(|one| deliverables(*one)).collect(),
        packages: packages(&components.map(|(id, _, _)| id)),
        evidence: vec![StatedEvidence {
            name: "ket_qua_xac_minh".to_owned(),
            sha256: digest("evidence"),
            rows: 3_816_606.into(),
            signature: None,
            signer: Some("Trần Quốc Bảo".to_owned()),
        }],
        purges: vec![purge()],
        restores: vec![StatedRestore {
            number: 1.into(),
            purge: 1.into(),
            rows: 4.into(),
            statement: digest("restore"),
        }],
        figures: vec![figures()],
        trusted_keys: vec![trusted_key(1), trusted_key(2)],
        findings: findings(),
        not_checked: vec![NotChecked {
            vi: "Nội dung tệp ảnh phản ánh của người dân không được xem.".to_owned(),
            en: "The content of photos sent by citizens was not looked at.".to_owned(),
        }],
        timeline: timeline(),
        tools: vec![StatedTool {
            program: "handover-migrate 0.1.0".to_owned(),
            sha256: digest("program"),
            events: 14.into(),
        }],
        ledger: StatedChain {
            head: digest("head"),
            events: 14.into(),
            own_event: None,
            tables: vec![StatedLedgerTable {
                name: "chunk".to_owned(),
                rows: 812.into(),
                sha256: digest("chunk"),
            }],
        },
        ..empty()
    }
}

fn person(name: &str, title_vi: &str, title_en: &str) -> Representative {
    Representative {
        name: name.to_owned(),
        title_vi: title_vi.to_owned(),
        title_en: Some(title_en.to_owned()),
    }
}

fn minutes() -> MinutesConfig {
    MinutesConfig {
        number: Some("05/BB-CNTT".to_owned()),
        title_vi: Some("Bàn giao Nền tảng Quản lý tiêm chủng COVID-19".to_owned()),
        title_en: Some("Hand-over of the COVID-19 vaccination platform".to_owned()),
        place: Some("Hà Nội".to_owned()),
        legal_basis: vec![
            "Luật Lưu trữ số 33/2024/QH15 ngày 21 tháng 6 năm 2024".to_owned(),
            "Căn cứ Luật Bảo vệ dữ liệu cá nhân số 91/2025/QH15;".to_owned(),
            "Công văn số 810/BYT-CNTT ngày 22 tháng 02 năm 2022 của Bộ Y tế.".to_owned(),
        ],
        giving: Some(Party {
            organisation_vi: "Tập đoàn Viễn thông Ví dụ".to_owned(),
            organisation_en: Some("Example Telecommunications Group".to_owned()),
            parent_vi: None,
            representative: vec![person("Nguyễn Văn Thắng", "Phó Tổng Giám đốc", "Deputy director")],
        }),
        receiving: Some(Party {
            organisation_vi: "Cục Công nghệ thông tin".to_owned(),
            organisation_en: Some("Department of Information Technology".to_owned()),
            parent_vi: Some("Bộ Y tế".to_owned()),
            representative: vec![
                person("Đỗ Thị Phượng", "Cục trưởng", "Director"),
                person("Phạm Ngọc Ánh", "Trưởng phòng Dữ liệu y tế", "Head of health data"),
            ],
        }),
        witness: vec![Party {
            organisation_vi: "Viện Vệ sinh dịch tễ Trung ương".to_owned(),
            organisation_en: Some("National Institute of Hygiene and Epidemiology".to_owned()),
            parent_vi: None,
            representative: vec![person("Lê Hữu Nghĩa", "Phó Viện trưởng", "Deputy director")],
        }],
        commitment: vec![
            Commitment {
                vi: "Bên giao xóa mọi bản sao dữ liệu còn giữ trước ngày 30 tháng 6 năm 2026 và xác \
                     nhận bằng văn bản."
                    .to_owned(),
                en: Some(
                    "The giving side deletes every copy of the data that it still has before 30 \
                     June 2026, and confirms it in writing."
                        .to_owned(),
                ),
            },
            Commitment {
                vi: "Hai bên giữ bí mật thông tin cá nhân của người được tiêm chủng.".to_owned(),
                en: None,
            },
        ],
        copies: Some(4),
        recipients: vec!["Như thành phần lập biên bản".to_owned(), "Lưu: VT, CNTT".to_owned()],
    }
}

/// A table of the copy.
pub(crate) fn table(name: &str, rows: u64, state: TableState) -> StatedTable {
    let settled = state == TableState::Settled;
    StatedTable {
        name: TableName::new("public", name),
        state,
        rows: rows.into(),
        bytes: rows.saturating_mul(180).into(),
        chunks: (rows / 50_000 + 1).into(),
        source_root: (state != TableState::Incomplete).then(|| digest(name)),
        target_root: settled.then(|| digest(name)),
    }
}

fn copy() -> StatedCopy {
    StatedCopy {
        source: StatedEnd {
            identity: "6912345678901234567".to_owned(),
            url: Some("postgres://chi_doc@nguon.example.vn/tiemchung".to_owned()),
        },
        source_check: None,
        stage: Stage::Rows,
        settled: false,
        chunk_bytes: 67_108_864.into(),
        roots_over: Some(RootsOver::Rows),
        root: None,
        tables: vec![
            table("doi_tuong", 82_957_967, TableState::Settled),
            table("mui_tiem", 198_674_948, TableState::Settled),
            table("co_so_tiem_chung", 31_204, TableState::Copied),
            table("phan_anh", 1_904_233, TableState::Incomplete),
        ],
        left_out: vec![StatedLeftOut {
            name: TableName::new("public", "otp_tam"),
            reason: "mã dùng một lần, hết hiệu lực sau 5 phút".to_owned(),
            decided: true,
        }],
        transforms: vec!["public.phan_anh.anh: oid → bytea".to_owned()],
        runs: 3.into(),
        runs_cut_off: 2.into(),
    }
}

fn letter(number: &str, date: &str) -> Letter {
    Letter { number: number.to_owned(), date: date.to_owned() }
}

fn deliverables((id, vi, en): (&str, &str, &str)) -> Vec<StatedDeliverable> {
    let one = |kind: DeliverableKind, state, files: u64, bytes: u64| StatedDeliverable {
        component: id.to_owned(),
        component_vi: vi.to_owned(),
        component_en: en.to_owned(),
        id: kind.as_str().to_owned(),
        kind,
        requested: vec![
            letter("810/BYT-CNTT", "2022-02-22"),
            letter("141/CNTT-DLYT", "2022-03-08"),
        ],
        promised: None,
        state,
        files: files.into(),
        bytes: bytes.into(),
        rows: None,
        commit: None,
        findings: 0.into(),
    };
    let mut source =
        one(DeliverableKind::SourceCode, DeliverableState::Verified, 4_812, 91_827_364);
    source.commit = Some("9fceb02d0ae598e95dc970b74767f19372d61af8".to_owned());
    source.promised = Some(letter("604/BTTTT-THH", "2022-02-25"));
    let mut database =
        one(DeliverableKind::Database, DeliverableState::Received, 4, 50_123_456_789);
    database.rows = Some(283_568_352.into());
    let mut document = one(DeliverableKind::Document, DeliverableState::Received, 37, 1_234_567);
    document.findings = 2.into();
    "document/huong-dan".clone_into(&mut document.id);
    let installer = one(DeliverableKind::Installer, DeliverableState::Missing, 0, 0);
    if id == "support" {
        vec![source, installer, database, document]
    } else {
        vec![source, installer, document]
    }
}

fn packages(names: &[&str]) -> Vec<StatedPackage> {
    let one = |name: &str, superseded| StatedPackage {
        name: name.to_owned(),
        seal: digest(&format!("{name} {superseded}")),
        files: 4_849.into(),
        bytes: 93_061_931.into(),
        superseded,
    };
    let mut packages: Vec<StatedPackage> = names.iter().map(|name| one(name, false)).collect();
    packages.push(one("portal", true));
    packages.push(one("purge-1", false));
    packages
}

fn purge() -> StatedPurge {
    let table = |name: &str, rows: u64, changed: u64| StatedPurgeTable {
        name: TableName::new("public", name),
        selected: rows.into(),
        counts: Some(StatedCounts { deleted: rows - changed, changed, referenced: 0, absent: 0 }),
    };
    let provinces = ["Hà Nội", "Thái Nguyên", "Thừa Thiên Huế", "Bà Rịa - Vũng Tàu", "Đắk Lắk"];
    let groups = provinces.iter().zip(1_u64..).map(|(name, number)| StatedGroup {
        group: Some((*name).to_owned()),
        rows: (number * 412_345).into(),
    });
    StatedPurge {
        number: 1.into(),
        rule: "khong-xac-minh-duoc".to_owned(),
        state: PurgeState::Certified,
        reason_vi:
            "Mũi tiêm của người không có số định danh, công an địa phương không xác minh được"
                .to_owned(),
        reason_en: "Doses of people without a number whom the local police cannot verify"
            .to_owned(),
        legal_basis: vec!["2262/BYT-CNTT ngày 04/5/2022".to_owned()],
        retain_until: "2036-12-31".to_owned(),
        origin: "tiemchung.example.vn/purge/1".to_owned(),
        root: digest("purge root"),
        rows: 5_878_247.into(),
        selection: digest("selection"),
        package: Some("purge-1".to_owned()),
        seal: Some(digest("purge-1 false")),
        tables: vec![table("doi_tuong", 2_061_641, 0), table("mui_tiem", 3_816_606, 12)],
        summary: vec![StatedSummary {
            by: "tỉnh".to_owned(),
            table: TableName::new("public", "doi_tuong"),
            groups: groups.chain([StatedGroup { group: None, rows: 7.into() }]).collect(),
        }],
        approvals: vec![digest("approval")],
        certificate: Some(digest("certificate")),
        closing: None,
        residual_copies: vec![ResidualCopy {
            kind: ResidualCopyKind::BaseBackup,
            place: "kho sao lưu đặt tại trung tâm dữ liệu số 2".to_owned(),
            action: "hết hạn và bị ghi đè sau 35 ngày".to_owned(),
        }],
    }
}

/// A finding.
pub(crate) fn finding(kind: StatedFindingKind, subject: &str, count: Option<u64>) -> StatedFinding {
    StatedFinding { kind, subject: subject.to_owned(), count: count.map(Into::into), detail: None }
}

fn findings() -> Vec<StatedFinding> {
    let mut sum = finding(StatedFindingKind::FigureSum, "2022-04-08: with CCCD/CMND", None);
    sum.detail = Some("reported 72398969, added 72668969".to_owned());
    vec![
        finding(StatedFindingKind::TableNotSettled, "public.co_so_tiem_chung", None),
        finding(StatedFindingKind::DeliverableMissing, "portal/installer", None),
        finding(StatedFindingKind::DeliverableFindings, "app/document/huong-dan", Some(2)),
        finding(StatedFindingKind::PurgeKeptRows, "khong-xac-minh-duoc", Some(12)),
        sum,
    ]
}

fn figures() -> StatedFigures {
    // The shape of the file is its JSON; this is as short as it gets.
    serde_json::from_str(include_str!("figures.json")).unwrap()
}

fn timeline() -> Vec<StatedEvent> {
    let kinds = [
        EventKind::Plan,
        EventKind::Copy,
        EventKind::Artifacts,
        EventKind::Package,
        EventKind::Evidence,
        EventKind::Select,
        EventKind::Backup,
        EventKind::Approve,
        EventKind::Execute,
        EventKind::Certify,
        EventKind::Restore,
    ];
    let events = kinds.into_iter().zip(1_u64..).map(|(kind, number)| StatedEvent {
        number: number.into(),
        kind,
        subject: (kind == EventKind::Package).then(|| "portal".to_owned()),
        at: format!("2026-02-0{}T0{}:15:09Z", 1 + number / 4, number % 10),
        operator: "vanhanh".to_owned(),
        host: "may-tiep-nhan-01".to_owned(),
        digest: digest(&number.to_string()),
    });
    events.collect()
}
