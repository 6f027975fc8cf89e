//! Manipulations of files of the hand-over folder.
//!
//! What lies in `findings/` is no part of the hand-over: checks write there what they found.

use rand_chacha::ChaCha8Rng;

use crate::evidence_desk::{Deed, Manipulation, Rehearsed};
use crate::evidence_signatures::{ATTESTATION, CLOSING};
use crate::evidence_tampering::roll;
use crate::package_made::files_below;

/// Places of the hand-over folder, and how many bytes of theirs are changed.
const FLIPS: [(&str, usize); 7] = [
    ("packages/purge-", 8),
    ("packages/", 14),
    ("attestations/", 14),
    ("purges/", 12),
    ("schema/", 4),
    ("figures/", 3),
    ("handover.toml", 5),
];

const CONFIG: &str = "handover/handover.toml";

/// A bit of any byte of any file.
pub(crate) fn flipped(rehearsed: &Rehearsed, dice: &mut ChaCha8Rng) -> Vec<Manipulation> {
    let files = files_below(&rehearsed.at("handover"));
    let mut all = Vec::new();
    for (place, count) in FLIPS {
        let here: Vec<&String> = files.iter().filter(|name| name.starts_with(place)).collect();
        for _ in 0..count {
            let name = format!("handover/{}", here[roll(dice, here.len())]);
            let mut bytes = rehearsed.read(&name);
            if bytes.is_empty() {
                continue;
            }
            let at = roll(dice, bytes.len());
            bytes[at] ^= 1 << roll(dice, 8);
            all.push(Manipulation {
                kind: if name == CONFIG { "config" } else { "byte of a file" },
                what: format!("byte {at} of {name}"),
                deed: Deed::Files(vec![(name, Some(bytes))]),
            });
        }
    }
    all
}

/// Files that are gone, that came, and that stand in each other's place.
pub(crate) fn moved(rehearsed: &Rehearsed, dice: &mut ChaCha8Rng) -> Vec<Manipulation> {
    let purge = "handover/purges/purge-cannot-be-verified-1";
    let mut all = Vec::new();
    for name in files_below(&rehearsed.at("handover")) {
        let in_package = name.starts_with("packages/");
        if name.starts_with("findings/") || (in_package && roll(dice, 8) > 0) {
            continue;
        }
        all.push(Manipulation {
            kind: if name == "handover.toml" { "config" } else { "file removed" },
            what: name.clone(),
            deed: Deed::Files(vec![(format!("handover/{name}"), None)]),
        });
    }
    all.push(Manipulation {
        kind: "file removed",
        what: "a whole package".to_owned(),
        deed: Deed::Moved(vec![("handover/packages/app".into(), "aside".into())]),
    });
    for (name, of) in [
        ("handover/attestations/0001-annex.pdf".to_owned(), ATTESTATION),
        ("handover/attestations/0002.dsse.json".to_owned(), ATTESTATION),
        ("handover/attestations/0002-closing.dsse.json".to_owned(), CLOSING),
        ("handover/attestations/0002-report.html".to_owned(), CONFIG),
        (format!("{purge}/restore-2.dsse.json"), CLOSING),
        ("handover/purges/purge-other-2/certificate.dsse.json".to_owned(), CLOSING),
        ("handover/schema/later.sql".to_owned(), "handover/schema/pre-data.sql"),
        ("handover/figures/more.toml".to_owned(), CONFIG),
        ("handover/packages/note.txt".to_owned(), CONFIG),
        ("handover/packages/other/note.txt".to_owned(), CONFIG),
        ("handover/packages/app/note.txt".to_owned(), CONFIG),
        ("handover/packages/app/data/note.txt".to_owned(), CONFIG),
    ] {
        all.push(Manipulation {
            kind: "file added",
            what: name.clone(),
            deed: Deed::Files(vec![(name, Some(rehearsed.read(of)))]),
        });
    }
    let schema = "handover/schema";
    let deliveries = files_below(&rehearsed.at("handover/packages/portal/data"));
    let delivery = |at: usize| format!("handover/packages/portal/data/{}", deliveries[at]);
    for (one, other) in [
        (ATTESTATION.to_owned(), CLOSING.to_owned()),
        (format!("{schema}/pre-data.sql"), format!("{schema}/post-data.sql")),
        (format!("{purge}/approval-1.dsse.json"), format!("{purge}/execution-1.dsse.json")),
        (format!("{purge}/certificate.dsse.json"), format!("{purge}/restore-1.dsse.json")),
        ("handover/packages/app".to_owned(), "handover/packages/mcc".to_owned()),
        (delivery(0), delivery(1)),
    ] {
        let steps = [(&one, "aside"), (&other, one.as_str())];
        let steps = steps.map(|(from, to)| (from.clone(), to.to_owned()));
        let steps = steps.into_iter().chain([("aside".to_owned(), other.clone())]).collect();
        all.push(Manipulation {
            kind: "files swapped",
            what: format!("{one} and {other}"),
            deed: Deed::Moved(steps),
        });
    }
    all
}
