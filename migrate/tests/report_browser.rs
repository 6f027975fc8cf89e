//! The report as a browser shows and prints it: headless Chromium, which `./test` installs.

use std::fs;
use std::path::Path;

use handover_testkit::{Outcome, Run};
use serde::Deserialize;

use crate::report::Delegations;
use crate::report_sample::{empty, hostile, many, sample};

/// What a test page measures in a report: in each language, at one width.
const MEASURE: &str = include_str!("report_browser.js");

/// What was measured.
#[derive(Debug, Deserialize)]
struct Measured {
    width: u32,
    language: String,
    scroll_width: u32,
    background: String,
    texts: u32,
    worst: f64,
    worst_text: String,
    hidden: bool,
    wrong: Vec<String>,
}

fn chromium() -> String {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| {
        let path = std::env::var("PATH").unwrap();
        path.split(':').any(|folder| Path::new(folder).join(name).is_file())
    });
    found.expect("a browser is needed: ./test --install installs chromium").to_owned()
}

fn browse(folder: &Path, arguments: &[&str], page: &Path) -> Outcome {
    let outcome = Run::program(chromium())
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--no-first-run", "--enable-logging=stderr", "--virtual-time-budget=20000"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .env("HOME", folder)
        .go();
    outcome.expect(0);
    outcome
}

/// Measures a report, which is not touched: the page around it does it.
fn measured(folder: &Path, html: &str, dark: bool) -> Vec<Measured> {
    let report = html.replace('&', "&amp;").replace('"', "&quot;");
    let frames = [360, 1280].map(|width| {
        format!(
            "<iframe style=\"width:{width}px;height:800px;border:0\" srcdoc=\"{report}\"></iframe>"
        )
    });
    let page = folder.join("measure.html");
    let text = format!(
        "<!DOCTYPE html><html style=\"color-scheme: light dark\"><meta charset=\"utf-8\">\
         <body>{}<script>{MEASURE}</script></body></html>",
        frames.concat()
    );
    fs::write(&page, text).unwrap();
    let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
    let outcome = browse(folder, &["--dump-dom", &scheme], &page);
    assert!(!outcome.stderr.contains("CONSOLE"), "{}", outcome.stderr);
    let json = outcome.stdout.split("MEASURED").nth(1).expect("the page was measured");
    let json = json.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&json).unwrap()
}

#[test]
fn a_browser_shows_it_to_everybody() {
    let delegations = Delegations::new();
    let folder = delegations.at(".");
    for (name, attestation) in
        [("sample", sample()), ("hostile", hostile().1), ("many", many(1_000)), ("empty", empty())]
    {
        let html = delegations.html(&attestation);
        for dark in [false, true] {
            let measured = measured(&folder, &html, dark);
            assert_eq!(measured.len(), 4, "two widths in two languages");
            for one in measured {
                let place = format!("{name}, dark: {dark}, {one:?}");
                assert!(one.scroll_width <= one.width, "it is wider than the window: {place}");
                assert!(one.worst >= 4.5, "contrast: {place}");
                assert!(one.texts > 50, "{place}");
                assert!(one.hidden, "the other language is there: {place}");
                assert_eq!(one.wrong, [""; 0], "{place}");
                assert_eq!(one.background == "rgb(255, 255, 255)", !dark, "{place}");
                assert!(!one.worst_text.is_empty() && ["vi", "en"].contains(&&*one.language));
            }
        }
    }
}

#[test]
fn a_browser_has_nothing_to_complain_of() {
    let delegations = Delegations::new();
    let folder = delegations.at(".");
    let page = folder.join("report.html");
    let html = delegations.html(&hostile().1);
    fs::write(&page, &html).unwrap();
    let outcome = browse(&folder, &["--dump-dom"], &page);
    assert!(!outcome.stderr.contains("CONSOLE"), "{}", outcome.stderr);
    // A page in which something would run is complained of: the policy is in force.
    fs::write(&page, html.replace("</main>", "</main><script>document.title = 'ran'</script>"))
        .unwrap();
    let outcome = browse(&folder, &["--dump-dom"], &page);
    assert!(outcome.stderr.contains("Content Security Policy"), "{}", outcome.stderr);
    assert!(!outcome.stdout.contains("<title>ran"));
}

#[test]
fn it_prints_on_a4() {
    let delegations = Delegations::new();
    let folder = delegations.at(".");
    let page = folder.join("report.html");
    let html = delegations.html(&delegations.sample());
    fs::write(&page, &html).unwrap();
    let pdf = format!("--print-to-pdf={}", folder.join("report.pdf").display());
    browse(&folder, &["--no-pdf-header-footer", &pdf], &page);
    let info = Run::program("pdfinfo").arg(folder.join("report.pdf")).go();
    assert!(info.expect(0).stdout.contains("(A4)"), "{}", info.stdout);
    let pages = info.stdout.lines().find_map(|line| line.strip_prefix("Pages:")).unwrap();
    let pages: usize = pages.trim().parse().unwrap();
    assert!((5..20).contains(&pages), "{pages} pages");
    let text =
        Run::program("pdftotext").arg("-layout").arg(folder.join("report.pdf")).arg("-").go();
    for said in [
        "Bàn giao Nền tảng quản lý tiêm chủng COVID-19",
        "Bàn giao chưa hoàn thành: còn 7 vấn đề tồn đọng.",
        "danh_muc.đơn_vị_hành_chính",
        "Thành phố Hồ Chí Minh",
        "8.000.202",
    ] {
        assert!(text.expect(0).stdout.contains(said), "{said} in {}", text.stdout);
    }
    assert!(!text.stdout.contains("Hand-over of the COVID"), "only the chosen language");
    // Whatever names are, nothing is beside the sheet, where it would be lost: not even the last
    // column of a wide table.
    for attestation in [sample(), hostile().1, many(1_000)] {
        fs::write(&page, delegations.html(&attestation)).unwrap();
        browse(&folder, &["--no-pdf-header-footer", &pdf], &page);
        let printed = Run::program("pdftotext").arg(folder.join("report.pdf")).arg("-").go();
        for event in &attestation.timeline {
            let digest: String = event.digest.to_string().chars().take(12).collect();
            assert!(printed.expect(0).stdout.contains(&digest), "event {}", event.number);
        }
    }
    // Every sheet says to which statement it belongs, and which one it is.
    let digest = html.split("content: \"SHA-256 ").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(text.stdout.matches(&format!("SHA-256 {digest}")).count(), pages);
    assert!(text.stdout.contains(&format!("{pages} / {pages}")));
}
