//! Hand-overs larger than paper.

use handover_schemas::attestation::{StatedFindingKind, TableState};
use handover_testkit::{Run, binary};

use crate::{AT, Desk, sample, text, without_blanks};

/// Runs a program and prints the most memory it had, in KiB.
const MEASURE: &str = "import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)";

#[test]
fn ten_thousand_tables_need_neither_memory_nor_paper() {
    let desk = Desk::new();
    let mut attestation = sample::full();
    let copy = attestation.copy.as_mut().unwrap();
    copy.tables = (1..=10_000_u64)
        .map(|number| {
            let state = if number == 7_777 { TableState::Copied } else { TableState::Settled };
            sample::table(&format!("bảng_số_{number}"), number, state)
        })
        .collect();
    for number in 1..=10_000 {
        let subject = format!("public.bảng_số_{number}");
        attestation.findings.push(sample::finding(StatedFindingKind::Structure, &subject, None));
    }
    let attestation = desk.put(attestation, &[1, 2]);
    let outcome = Run::program("python3")
        .args(["-c", MEASURE])
        .arg(binary("handover-minutes"))
        .arg("--attestation")
        .arg(&attestation)
        .arg("--trust")
        .arg(&desk.trust)
        .arg("--out")
        .arg(desk.path("m.pdf"))
        .args(["--at", AT, "--english", "--quiet"])
        .go();
    outcome.expect(0);
    let kibibytes: u64 = outcome.stdout.trim().parse().unwrap();
    assert!(kibibytes < 300 * 1024, "{kibibytes} KiB");

    let text = text(&desk.path("m.pdf"));
    // The sum of 1 to 10,000.
    assert!(
        text.contains("10.000 bảng, 50.005.000 bản ghi; 9.999 bảng đã đối chiếu khớp"),
        "{text}"
    );
    assert!(text.contains("9.960 bảng khác (9.960 bảng khớp), xem tệp đính kèm"), "{text}");
    assert!(text.contains("Cấu trúc cơ sở dữ liệu chưa đúng như nguồn: 9.965"), "{text}");
    // What is not settled is printed, however small it is.
    assert!(without_blanks(&text).contains("public.bảng_số_7777"), "{text}");
    let pages = Run::program("pdfinfo").arg(desk.path("m.pdf")).go();
    let pages = pages.stdout.lines().find_map(|line| line.strip_prefix("Pages:")).unwrap();
    assert!(pages.trim().parse::<u32>().unwrap() < 40, "{pages} pages");
}
