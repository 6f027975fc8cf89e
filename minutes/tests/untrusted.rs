//! Texts of the statement are texts: they are neither obeyed nor lost, and stay on the page.

use handover_schemas::attestation::{HandoverAttestation, StatedFindingKind, TableState};
use handover_schemas::name::TableName;
use handover_testkit::Run;

use crate::{AT, Desk, sample, text, without_blanks};

/// What a template, a browser, a spreadsheet or a shell would obey.
const ORDERS: [&str; 12] = [
    "#read(\"/etc/passwd\")",
    "#import \"minutes.typ\": *",
    "$x^2$ *bold* _slanted_ `raw`",
    "\\u{41}\\n\\ line",
    "<script>alert(1)</script>",
    "=HYPERLINK(\"http://example.org\")",
    "= heading",
    "- item",
    "1. item",
    "// no comment /* nor this */",
    "https://example.org/~a--b",
    "\"quoted\" 'once' @label <label> ...",
];

/// Sixty-three letters without a place to break.
const LONGEST: &str = "bảngngườiđượctiêmchủngtạicáccơsởytếtrêntoànquốcnămhaimươihaimốt";

/// A statement with a text in every place that takes one.
fn saying(order: &str) -> HandoverAttestation {
    let mut attestation = sample::full();
    let minutes = &mut attestation.minutes;
    minutes.number = Some(order.to_owned());
    minutes.title_vi = Some(order.to_owned());
    minutes.place = Some(order.to_owned());
    minutes.legal_basis.push(order.to_owned());
    order.clone_into(&mut minutes.commitment[0].vi);
    minutes.recipients.push(order.to_owned());
    for party in minutes.giving.iter_mut().chain(&mut minutes.receiving) {
        order.clone_into(&mut party.organisation_vi);
        party.parent_vi = Some(order.to_owned());
        order.clone_into(&mut party.representative[0].name);
        order.clone_into(&mut party.representative[0].title_vi);
    }
    let copy = attestation.copy.as_mut().unwrap();
    copy.source.url = Some(order.to_owned());
    copy.tables.push(sample::table(order, 7, TableState::Settled));
    order.clone_into(&mut copy.left_out[0].reason);
    copy.transforms.push(order.to_owned());
    let deliverable = &mut attestation.deliverables[0];
    order.clone_into(&mut deliverable.component_vi);
    deliverable.id = format!("source_code/{order}");
    order.clone_into(&mut deliverable.requested[0].number);
    deliverable.commit = Some(order.to_owned());
    let purge = &mut attestation.purges[0];
    order.clone_into(&mut purge.rule);
    order.clone_into(&mut purge.reason_vi);
    purge.tables[0].name = TableName::new(order, order);
    purge.summary[0].groups[0].group = Some(order.to_owned());
    order.clone_into(&mut purge.residual_copies[0].place);
    attestation.evidence[0].signer = Some(order.to_owned());
    let mut finding = sample::finding(StatedFindingKind::Structure, order, None);
    finding.detail = Some(order.to_owned());
    attestation.findings.push(finding);
    order.clone_into(&mut attestation.not_checked[0].vi);
    order.clone_into(&mut attestation.timeline[0].operator);
    order.clone_into(&mut attestation.tools[0].program);
    attestation
}

#[test]
fn orders_are_printed_and_not_obeyed() {
    for order in ORDERS {
        let desk = Desk::new();
        let text = without_blanks(&desk.text_of(saying(order)));
        let printed = without_blanks(order);
        let count = text.matches(&printed).count();
        assert!(count >= 30, "{order}: {count} times in\n{text}");
        assert!(!text.contains("root:x:0"), "{text}");
    }
}

#[test]
fn what_cannot_be_seen_is_written_out() {
    let desk = Desk::new();
    let text = without_blanks(&desk.text_of(saying("a\u{7}b\u{202e}c\u{200b}d💉漢\u{301}")));
    assert!(text.contains("a[U+0007]b[U+202E]c[U+200B]d[U+1F489][U+6F22][U+0301]"), "{text}");
    // Letters and marks of their own become the letters that everybody writes.
    let text = desk_text_of_decomposed();
    assert!(text.contains("Nguyễn Thị Tuyết"), "{text}");
}

fn desk_text_of_decomposed() -> String {
    Desk::new().text_of(saying("Nguye\u{302}\u{303}n Thi\u{323} Tuye\u{302}\u{301}t"))
}

#[test]
fn long_names_stay_between_the_margins() {
    assert_eq!(LONGEST.chars().count(), 63);
    let desk = Desk::new();
    for name in [LONGEST.to_owned(), LONGEST.repeat(4), "W".repeat(700), "MÃ_".repeat(60)] {
        let attestation = desk.put(saying(&name), &[1, 2]);
        let out = format!("{}.pdf", name.len());
        desk.program(&attestation, &out).args(["--at", AT, "--english"]).go().expect(0);
        let pdf = desk.path(&out);
        assert!(without_blanks(&text(&pdf)).contains(&name), "{name} is not whole");
        let boxes = Run::program("pdftotext").arg("-bbox").arg(&pdf).arg("-").go();
        boxes.expect(0);
        // Left margin 30 mm, right margin 15 mm, of 210 mm; in points.
        let edge = |line: &str, name: &str| -> Option<f64> {
            line.split_once(&format!("{name}=\""))?.1.split('"').next()?.parse().ok()
        };
        for line in boxes.stdout.lines().filter(|line| line.contains("<word")) {
            let (left, right) = (edge(line, "xMin").unwrap(), edge(line, "xMax").unwrap());
            assert!(left > 84.5 && right < 553.5, "{line}");
        }
    }
}
