//! What comes back out of the file, and that it is the same file every time.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use handover_schemas::attestation::{StatedFindingKind, TableState};
use handover_schemas::config::{DeliverableKind, ResidualCopyKind};
use handover_schemas::ledger::Stage;
use handover_schemas::package::inventory::DeliverableState;
use handover_schemas::purge::record::PurgeState;
use handover_testkit::Run;

use crate::{AT, Desk, sample, text, without_blanks};

#[test]
fn vietnamese_comes_back_as_it_was_written() {
    let desk = Desk::new();
    let text = desk.text_of(sample::full());
    for sentence in [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "CỤC CÔNG NGHỆ THÔNG TIN",
        "Số: 05/BB-CNTT",
        // Two digits for days, and for the first two months; the day of Vietnam, not of UTC.
        "Hà Nội, ngày 05 tháng 02 năm 2026",
        "Căn cứ Luật Lưu trữ số 33/2024/QH15 ngày 21 tháng 6 năm 2024;",
        "Căn cứ Luật Bảo vệ dữ liệu cá nhân số 91/2025/QH15;",
        "Căn cứ Công văn số 810/BYT-CNTT ngày 22 tháng 02 năm 2022 của Bộ Y tế.",
        "01 giờ 05 phút, ngày 05 tháng 02 năm 2026 (giờ Việt Nam; 2026-02-04T18:05:00Z)",
        "Đại diện: Đỗ Thị Phượng; chức vụ: Cục trưởng",
        "Tổng cộng: 4 bảng, 283.568.352 bản ghi; 2 bảng đã đối chiếu khớp giữa hai bên",
        "Lý do: Mũi tiêm của người không có số định danh, công an địa phương không xác minh được",
        "Các phép cộng trong văn bản: khớp chính xác 1/3",
        "Số liệu đã hỏi cơ sở dữ liệu: khác hoặc không có trả lời 1/2",
        "Figures as of: 2022-04-05; figure set 2022-04-08; does not hold",
        "198.674.941",
        "−1.643",
        "Nội dung tệp ảnh phản ánh của người dân không được xem.",
        "Biên bản này được lập thành 04 (bốn) bản.",
        "ĐẠI DIỆN BÊN GIAO",
        "NGƯỜI CHỨNG KIẾN",
        "Nguyễn Văn Thắng",
        "- Lưu: VT, CNTT.",
        "Bên giao và bên nhận đã ký điện tử, mỗi bên một người.",
        "Số việc được ghi trong sổ trước bản xác nhận này: 14; số bảng của sổ: 1.",
        "Total: tables: 4, rows: 283,568,352; tables settled between both sides: 2",
        "The giving side deletes every copy of the data that it still has before 30 June 2026",
    ] {
        assert!(text.contains(sentence), "{sentence} is not in\n{text}");
    }
    let close = without_blanks(&text);
    for of in ["head", "portal false", "purge-1 false", "doi_tuong", "certificate", "evidence"] {
        let digest = sample::digest(of).to_string();
        assert!(close.contains(&digest), "{of}: {digest}");
    }
}

#[test]
fn the_file_is_archival_and_carries_the_envelope() {
    let desk = Desk::new();
    let attestation = desk.put(sample::full(), &[1, 2]);
    desk.program(&attestation, "m.pdf").args(["--at", AT]).go().expect(0);
    let pdf = desk.path("m.pdf");
    Run::program("qpdf").arg("--check").arg(&pdf).go().expect(0);
    let taken_out = Run::program("qpdf").arg("--show-attachment=0001.dsse.json").arg(&pdf).go();
    taken_out.expect(0);
    assert_eq!(taken_out.stdout, fs::read_to_string(&attestation).unwrap());
    let bytes = fs::read(&pdf).unwrap();
    let holds = |part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
    assert!(holds("<pdfaid:part>3<") && holds("<pdfaid:conformance>B<"));
    assert!(holds("<xmp:CreateDate>2026-02-04T18:05:00+00:00<"));
    assert_eq!(fs::metadata(&pdf).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_same_attestation_gives_the_same_bytes_and_no_other_file_is_overwritten() {
    let desk = Desk::new();
    let attestation = desk.put(sample::full(), &[1, 2]);
    desk.program(&attestation, "a.pdf").args(["--at", AT]).go().expect(0);
    let elsewhere = desk.program(&attestation, "b.pdf");
    elsewhere.env("TZ", "Asia/Ho_Chi_Minh").env("LC_ALL", "C").dir("/").go().expect(0);
    let first = fs::read(desk.path("a.pdf")).unwrap();
    assert!(first == fs::read(desk.path("b.pdf")).unwrap(), "not the same bytes");

    let again = desk.program(&attestation, "a.pdf").args(["--at", AT]).go();
    again.expect(0);
    assert!(again.stderr.contains("already there"), "{}", again.stderr);
    let english = desk.program(&attestation, "a.pdf").args(["--at", AT, "--english"]).go();
    english.expect(2);
    assert!(english.stderr.contains("it is not overwritten"), "{}", english.stderr);
    assert!(first == fs::read(desk.path("a.pdf")).unwrap(), "it was overwritten");
    let left: Vec<_> =
        fs::read_dir(desk.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[test]
fn nothing_handed_over_is_said_to_be_nothing() {
    let desk = Desk::new();
    let text = desk.text_of(sample::empty());
    for sentence in [
        "Không có cơ sở dữ liệu nào được sao chép.",
        "Bản xác nhận không nêu sản phẩm nào.",
        "Bản xác nhận không nêu kiểm tra nào.",
        "Không có bản ghi nào được đưa ra khỏi vận hành.",
        "1. Bên giao: bản xác nhận không nêu",
        "No database was copied.",
    ] {
        assert!(text.contains(sentence), "{sentence} is not in\n{text}");
    }
}

#[test]
fn a_settled_copy_has_its_root() {
    let desk = Desk::new();
    let mut attestation = sample::full();
    let copy = attestation.copy.as_mut().unwrap();
    copy.tables.retain(|table| table.state == TableState::Settled);
    (copy.stage, copy.settled) = (Stage::Done, true);
    copy.root = Some(sample::digest("root"));
    attestation.findings.clear();
    let text = desk.text_of(attestation);
    let root = sample::digest("root").to_string();
    // In section III and on the page of digests; the annex says it once more.
    assert_eq!(without_blanks(&text).matches(&root).count(), 3);
    assert!(text.contains("Tình trạng sao chép: đã hoàn thành"), "{text}");
    assert!(text.contains("Bản xác nhận không nêu vấn đề nào."), "{text}");
}

/// Words of files, such as `backed_up`, are nothing to print: each has one in both languages.
#[test]
fn every_state_has_a_word_in_both_languages() {
    let desk = Desk::new();
    let mut attestation = sample::full();
    let kinds = [DeliverableKind::Files, DeliverableKind::Configuration, DeliverableKind::Database];
    let deliverable = attestation.deliverables[0].clone();
    for kind in kinds {
        let mut other = deliverable.clone();
        (other.kind, other.state) = (kind, DeliverableState::Unseen);
        attestation.deliverables.push(other);
    }
    let purge = attestation.purges[0].clone();
    for state in [
        PurgeState::Selected,
        PurgeState::BackedUp,
        PurgeState::Executing,
        PurgeState::Executed,
        PurgeState::Abandoned,
    ] {
        let mut other = purge.clone();
        (other.state, other.seal, other.certificate) = (state, None, None);
        other.tables.iter_mut().for_each(|table| table.counts = None);
        attestation.purges.push(other);
    }
    for kind in [
        ResidualCopyKind::Replica,
        ResidualCopyKind::Wal,
        ResidualCopyKind::VendorDatabase,
        ResidualCopyKind::Other,
    ] {
        let mut copy = purge.residual_copies[0].clone();
        copy.kind = kind;
        attestation.purges[0].residual_copies.push(copy);
    }
    attestation.copy.as_mut().unwrap().stage = Stage::Structure;
    attestation.findings.push(sample::finding(StatedFindingKind::FigureDiffers, "x", Some(7)));
    let text = desk.text_of(attestation);
    for word in [
        "unseen",
        "source_code",
        "configuration:",
        "backed_up",
        "executing",
        "selected,",
        "unverified,",
        "fails",
        "abandoned",
        "base_backup",
        "vendor_database",
        "giving_side",
        "receiving_side",
        "figure_",
    ] {
        assert!(!text.contains(word), "{word} stands in\n{text}");
    }
    assert!(text.contains("đã sao lưu, chưa xóa") && text.contains("backed up, not deleted"));
    assert!(text.contains("đang tạo cấu trúc"), "{text}");
}

#[test]
fn who_has_not_signed_yet_is_said() {
    let desk = Desk::new();
    let attestation = desk.put(sample::full(), &[1]);
    let outcome = desk.program(&attestation, "m.pdf").args(["--at", AT, "--quiet"]).go();
    outcome.expect(1);
    assert!(outcome.stderr.contains("nobody left to sign as receiving_side"), "{}", outcome.stderr);
    let text = text(&desk.path("m.pdf"));
    assert!(text.contains("bản xác nhận chưa có đủ chữ ký điện tử của bên giao và bên nhận"));
    let (_, signed) = text.split_once("Chữ ký điện tử trên bản xác nhận").unwrap();
    assert!(signed.contains("Nguyễn Văn Thắng"), "{signed}");
    assert!(!signed.contains("Đỗ Thị Phượng"), "{signed}");
}
