//! An attestation of a made-up hand-over, with everything in it that a report shows.

use handover_schemas::attestation::HandoverAttestation;
use handover_schemas::digest::Digest;
use serde_json::{Value, json};

const PROVINCES: [&str; 28] = [
    "Thành phố Hồ Chí Minh",
    "Hà Nội",
    "Đồng Nai",
    "Bình Dương",
    "Thanh Hóa",
    "Nghệ An",
    "Hải Phòng",
    "An Giang",
    "Cần Thơ",
    "Đắk Lắk",
    "Tiền Giang",
    "Long An",
    "Kiên Giang",
    "Bắc Giang",
    "Thái Bình",
    "Nam Định",
    "Hải Dương",
    "Gia Lai",
    "Đồng Tháp",
    "Quảng Nam",
    "Bà Rịa - Vũng Tàu",
    "Thừa Thiên Huế",
    "Bình Định",
    "Lâm Đồng",
    "Phú Thọ",
    "Quảng Ninh",
    "Bắc Ninh",
    "Hưng Yên",
];

fn digest(of: &str) -> String {
    Digest::of(of.as_bytes()).to_string()
}

fn table(schema: &str, name: &str, rows: u64, state: &str) -> Value {
    let source = digest(&format!("{schema}.{name}"));
    let mut table = json!({
        "name": { "schema": schema, "name": name }, "state": state, "rows": rows.to_string(),
        "bytes": (rows * 217).to_string(), "chunks": (rows / 70_000 + 1).to_string(),
        "sourceRoot": source.clone(),
    });
    if state == "settled" {
        table["targetRoot"] = json!(source);
    }
    table
}

fn copy() -> Value {
    json!({
        "source": { "identity": "postgres 7301948823004518712/tiemchung",
                    "url": "postgres://handover@10.0.4.17:5432/tiemchung" },
        "stage": "structure", "settled": false, "chunkBytes": "16777216",
        "tables": [
            table("public", "subjects", 118_204_311, "settled"),
            table("public", "doses", 266_492_904, "settled"),
            table("public", "adverse_events", 41_207, "settled"),
            table("public", "facilities", 14_880, "settled"),
            table("public", "vaccine_lots", 5_102, "settled"),
            table("public", "certificates_issued", 88_110_563, "copied"),
            table("danh_muc", "đơn_vị_hành_chính_cấp_xã_phường_thị_trấn_trước_sáp_nhập_2025", 10_599, "settled"),
            table("audit", "access_log", 0, "incomplete"),
        ],
        "leftOut": [
            { "name": { "schema": "public", "name": "tmp_import_0412" },
              "reason": "bảng tạm của bên giao, không chứa dữ liệu nghiệp vụ", "decided": true },
            { "name": { "schema": "security", "name": "sessions" },
              "reason": "permission denied for table sessions", "decided": false },
        ],
        "transforms": ["public.facilities.opened: declared DATETIME, carried over as timestamp"],
        "runs": "4", "runsCutOff": "1",
    })
}

fn deliverable(component: (&str, &str, &str), kind: &str, state: &str, files: u64) -> Value {
    let (id, vi, en) = component;
    json!({
        "component": id, "componentVi": vi, "componentEn": en, "id": kind, "kind": kind,
        "requested": [{ "number": "810/BYT-CNTT", "date": "2022-02-24" },
                      { "number": "3166/BYT-CNTT", "date": "2022-06-17" }],
        "promised": { "number": "45/CV-VTS", "date": "2022-03-08" },
        "state": state, "files": files.to_string(), "bytes": (files * 48_311).to_string(),
        "findings": if state == "received" { "2" } else { "0" },
    })
}

fn deliverables() -> Value {
    let portal = ("portal", "Cổng thông tin tiêm chủng", "Vaccination portal");
    let app = ("app", "Ứng dụng Sổ sức khỏe điện tử", "Health book app");
    let data = ("population", "Kết nối CSDL quốc gia về dân cư", "Population database link");
    let mut source = deliverable(portal, "source_code", "verified", 18_204);
    source["commit"] = json!("9f2c1e7ab04d5c11d7a3b2f6e0c9d8a7b6c5d4e3");
    let mut database = deliverable(portal, "database", "received", 8);
    database["rows"] = json!("472880566");
    json!([
        source,
        database,
        deliverable(portal, "installer", "verified", 12),
        deliverable(portal, "document", "missing", 0),
        deliverable(app, "source_code", "missing", 0),
        deliverable(app, "installer", "received", 4),
        deliverable(data, "configuration", "unseen", 0),
    ])
}

fn purges() -> Value {
    let provinces: Vec<Value> = PROVINCES.iter().zip(0_u64..).map(|(name, number)| {
        json!({ "group": name, "rows": (1_830_000 / (number + 2) - 11 * number).to_string() })
    }).chain([json!({ "rows": "48210" })]).collect();
    json!([{
        "number": "1", "rule": "unverifiable", "state": "certified",
        "reasonVi": "Bản ghi không xác minh được với Cơ sở dữ liệu quốc gia về dân cư",
        "reasonEn": "Records that the national population database cannot verify",
        "legalBasis": ["Luật Bảo vệ dữ liệu cá nhân số 91/2025/QH15", "Công văn 2215/BYT-CNTT"],
        "retainUntil": "2036-12-31", "origin": "byt.example/purge/1", "root": digest("root"),
        "rows": "11204310", "selection": digest("selection"), "package": "purge-unverifiable-1",
        "seal": digest("archive"),
        "tables": [
            { "name": { "schema": "public", "name": "subjects" }, "selected": "3204108",
              "counts": { "deleted": "3204001", "changed": "98", "referenced": "7", "absent": "2" } },
            { "name": { "schema": "public", "name": "doses" }, "selected": "8000202",
              "counts": { "deleted": "8000202", "changed": "0", "referenced": "0", "absent": "0" } },
        ],
        "summary": [
            { "by": "province", "table": { "schema": "public", "name": "doses" }, "groups": provinces },
            { "by": "reason", "table": { "schema": "public", "name": "subjects" }, "groups": [
                { "group": "không có số định danh", "rows": "2310441" },
                { "group": "số định danh không tồn tại", "rows": "611207" },
                { "group": "họ tên và ngày sinh không khớp", "rows": "282460" },
            ] },
        ],
        "approvals": [digest("approval")], "certificate": digest("certificate"),
        "residualCopies": [
            { "kind": "vendor_database", "place": "trung tâm dữ liệu của bên giao",
              "action": "xóa trước ngày 31/12/2026" },
            { "kind": "base_backup", "place": "băng từ, kho lưu trữ Bộ Y tế", "action": "ghi đè sau 90 ngày" },
        ],
    }])
}

fn figure(id: &str, vi: &str, en: &str, reported: u64) -> Value {
    json!({ "id": id, "labelVi": vi, "labelEn": en, "unit": "dose", "reported": reported.to_string() })
}

fn figures() -> Value {
    let mut total = figure("total", "Tổng số mũi tiêm", "All doses", 266_492_904);
    total["source"] = json!({ "verdict": "same", "value": "266492904" });
    total["target"] = json!({ "verdict": "differs", "value": "258492702" });
    let mut children =
        figure("children", "Trẻ em từ 5 đến 11 tuổi", "Children from 5 to 11", 18_700_000);
    children["rounding"] = json!({ "as": "over", "step": "100000" });
    children["target"] = json!({ "verdict": "unverified" });
    let relation = |vi: &str, en: &str, result: &str, difference: &str, fails_by: &str| {
        json!({ "labelVi": vi, "labelEn": en, "total": "total", "parts": ["adults", "children"],
                "rest": false, "result": result, "difference": difference, "failsBy": fails_by })
    };
    json!([{
        "id": "cong-van-5200", "sha256": digest("figures"), "asOf": "2022-12-31",
        "document": { "titleVi": "Báo cáo kết quả tiêm chủng năm 2022",
                      "titleEn": "Report on vaccination in 2022", "number": "5200/BYT-DP", "date": "2023-01" },
        "verdict": "differs", "itself": "differs", "target": "differs",
        "figures": [total, figure("adults", "Người lớn", "Adults", 247_522_904), children],
        "relations": [
            relation("Tổng = người lớn + trẻ em", "All = adults + children", "fails", "-270000", "170001"),
            relation("Tổng theo vùng", "All, by region", "rounded", "4000", "0"),
            relation("Tổng theo tháng", "All, by month", "holds", "0", "0"),
        ],
    }])
}

fn timeline() -> Value {
    let events = [
        ("plan", None, "2026-11-18T01:12:40Z"),
        ("copy", None, "2026-11-18T09:45:03Z"),
        ("copy", None, "2026-11-19T02:30:11Z"),
        ("package", Some("portal"), "2026-11-19T06:02:55Z"),
        ("artifacts", None, "2026-11-19T06:03:10Z"),
        ("evidence", Some("c06_results"), "2026-11-19T08:20:00Z"),
        ("select", Some("unverifiable"), "2026-11-20T02:00:31Z"),
        ("backup", Some("unverifiable"), "2026-11-20T03:41:09Z"),
        ("approve", Some("unverifiable"), "2026-11-20T07:15:00Z"),
        ("execute", Some("unverifiable"), "2026-11-20T10:22:48Z"),
        ("certify", Some("unverifiable"), "2026-11-20T10:30:02Z"),
        ("restore", Some("unverifiable"), "2026-11-21T01:05:17Z"),
    ];
    events
        .iter()
        .zip(1..)
        .map(|((kind, subject, at), number)| {
            let mut event = json!({
                "number": number.to_string(), "kind": kind, "at": at, "operator": "van-hanh",
                "host": "byt-db-01.moh.example", "digest": digest(&format!("event {number}")),
            });
            if let Some(subject) = subject {
                event["subject"] = json!(subject);
            }
            event
        })
        .collect()
}

fn findings() -> Value {
    json!([
        { "kind": "table_not_settled", "subject": "public.certificates_issued", "count": "88110563",
          "detail": "copied, not all of it read back" },
        { "kind": "table_not_settled", "subject": "audit.access_log" },
        { "kind": "table_not_given", "subject": "security.sessions", "detail": "permission denied for table sessions" },
        { "kind": "deliverable_missing", "subject": "portal/document" },
        { "kind": "deliverable_missing", "subject": "app/source_code" },
        { "kind": "deliverable_findings", "subject": "app/installer", "count": "2",
          "detail": "2 files are not what the vendor's checksums say" },
        { "kind": "purge_kept_rows", "subject": "purge 1 (unverifiable)", "count": "105" },
    ])
}

/// The hand-over with something of everything.
pub(crate) fn sample() -> HandoverAttestation {
    let attestation = json!({
        "number": "3", "statedOn": "2026-11-22T08:30:00Z",
        "minutes": {
            "title_vi": "Bàn giao Nền tảng quản lý tiêm chủng COVID-19",
            "title_en": "Hand-over of the COVID-19 vaccination platform",
            "giving": { "organisation_vi": "Tập đoàn Công nghiệp - Viễn thông X", "organisation_en": "Telecom Group X" },
            "receiving": { "organisation_vi": "Trung tâm Thông tin y tế quốc gia, Bộ Y tế",
                           "organisation_en": "National Health Information Centre, Ministry of Health" },
        },
        "target": { "identity": "postgres 7302277410093451119/tiemchung_byt" },
        "copy": copy(),
        "deliverables": deliverables(),
        "packages": [
            { "name": "portal", "seal": digest("portal"), "files": "18216", "bytes": "880113004", "superseded": false },
            { "name": "portal~1", "seal": digest("portal 1"), "files": "18210", "bytes": "880001001", "superseded": true },
            { "name": "purge-unverifiable-1", "seal": digest("archive"), "files": "2811", "bytes": "1203442190", "superseded": false },
        ],
        "evidence": [{ "name": "c06_results", "sha256": digest("c06"), "rows": "118204311", "signer": "Cục C06" }],
        "purges": purges(),
        "restores": [{ "number": "1", "purge": "1", "rows": "14", "statement": digest("restore") }],
        "figures": figures(),
        "findings": findings(),
        "notChecked": [
            { "vi": "Bản sao lưu của bên giao không được kiểm tra.", "en": "Backups of the giving side were not looked at." },
            { "vi": "Nội dung tài liệu không được đọc.", "en": "What documents say was not read." },
        ],
        "timeline": timeline(),
        "trustedKeys": [{ "keyid": digest("key"), "person": "nguyen-thi-a", "name": "Nguyễn Thị A",
            "organisation": "Tập đoàn X", "roles": ["giving_side"], "validFrom": "2026-11-01",
            "validUntil": "2028-10-31" }],
        "tools": [{ "program": "handover-migrate 0.1.0", "sha256": digest("program"), "events": "12" }],
        "ledger": { "head": digest("event 12"), "events": "12", "tables": [
            { "name": "chunk", "rows": "5120", "sha256": digest("chunk") },
            { "name": "event", "rows": "12", "sha256": digest("event") },
        ] },
    });
    serde_json::from_value(attestation).unwrap()
}

/// A hand-over of which nothing was done.
pub(crate) fn empty() -> HandoverAttestation {
    let attestation = json!({
        "number": "1", "statedOn": "2026-11-22T08:30:00Z", "minutes": {},
        "target": { "identity": "sqlite 1" }, "deliverables": [], "packages": [], "evidence": [],
        "purges": [], "restores": [], "figures": [], "findings": [], "notChecked": [], "timeline": [],
        "trustedKeys": [], "tools": [],
        "ledger": { "head": digest(""), "events": "0", "tables": [] },
    });
    serde_json::from_value(attestation).unwrap()
}

/// A hand-over with many tables, each with a name of 63 letters, some of them with something wrong.
pub(crate) fn many(tables: usize) -> HandoverAttestation {
    let mut attestation = sample();
    let copied = (0..tables).map(|number| {
        let name = format!("{}{number:04}", "ể".repeat(59));
        let state = if number % 200 == 77 { "incomplete" } else { "settled" };
        serde_json::from_value(table("public", &name, number as u64, state)).unwrap()
    });
    attestation.copy.as_mut().unwrap().tables = copied.collect();
    let finding = attestation.findings[0].clone();
    attestation.findings.extend(std::iter::repeat_n(finding, tables));
    attestation
}

/// What a name may be, of all things.
const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'{{ 7*7 }}&lt;\
    =HYPERLINK(\"https://example.org\")\u{202e}\u{2066}\u{200b}\u{0}\u{1b}[2J\r\n<!--]]>";

/// The sample with every free text replaced by a plain one, and by a hostile one; and how many
/// texts those were.
pub(crate) fn hostile() -> (HandoverAttestation, HandoverAttestation, usize) {
    let (mut plain, mut hostile) = (json!(sample()), json!(sample()));
    let mut replaced = 0;
    for place in texts(&plain) {
        let before = plain.pointer(&place).unwrap().clone();
        *plain.pointer_mut(&place).unwrap() = json!("plain text");
        // What is no free text is refused: numbers, digests, states.
        if serde_json::from_value::<HandoverAttestation>(plain.clone()).is_ok() {
            // Components stay apart from one another.
            *hostile.pointer_mut(&place).unwrap() = json!(HOSTILE);
            replaced += 1;
        } else {
            *plain.pointer_mut(&place).unwrap() = before;
        }
    }
    (serde_json::from_value(plain).unwrap(), serde_json::from_value(hostile).unwrap(), replaced)
}

/// Places of all texts in a document, as JSON pointers (RFC 6901).
fn texts(value: &Value) -> Vec<String> {
    let below = |key: String, value: &Value| {
        texts(value).into_iter().map(|rest| format!("/{key}{rest}")).collect::<Vec<_>>()
    };
    match value {
        Value::String(_) => vec![String::new()],
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(at, item)| below(at.to_string(), item)).collect()
        }
        Value::Object(members) => {
            members.iter().flat_map(|(key, item)| below(key.clone(), item)).collect()
        }
        _ => Vec::new(),
    }
}
