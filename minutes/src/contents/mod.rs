//! What stands in the minutes, as the template takes it: the statement, lists cut to what paper can
//! hold, sums over what was cut, and who signed.
//!
//! Words are in the template; here are facts. Numbers are strings, as in the statement.

mod checks;
mod copy;
mod figures;
mod purges;

use handover_schemas::attestation::{HandoverAttestation, StatedFinding, StatedFindingKind};
use handover_schemas::signing::statement::U64Text;
use handover_verify::signing::{Checked, Signatory};
use jiff::tz::{TimeZone, offset};
use serde::Serialize;
use serde_json::{Value, json};

use crate::attested::Attested;

/// Most rows of a list that are printed; the attachment has all of them.
const ROWS_MAX: usize = 40;

/// Most deliverables that are printed.
const DELIVERABLES_MAX: usize = 80;

/// Most seals that are printed as QR codes; all printed ones stand as text.
const SEALS_AS_CODES: usize = 12;

/// What the template is given.
pub(crate) struct Contents {
    /// The document.
    pub(crate) document: Value,
    /// QR codes: the name of the image, and what it says.
    pub(crate) codes: Vec<(String, String)>,
}

/// What the minutes of an attestation say, and in which font.
pub(crate) fn contents(attested: &Attested, font: &str, english: bool) -> Contents {
    let predicate = attested.predicate();
    let (codes, images) = codes(attested);
    let (_, head) = predicate.head(attested.statement_sha256());
    let document = json!({
        "font": font,
        "english": english,
        "attachment": attested.file_name(),
        "number": predicate.number,
        "statedOn": predicate.stated_on,
        "moment": moment(attested),
        "statement": attested.statement_sha256(),
        "minutes": predicate.minutes,
        "target": predicate.target,
        "copy": predicate.copy.as_ref().map(copy::copy),
        "deliverables": deliverables(predicate),
        "packages": packages(predicate),
        "evidence": cut(&predicate.evidence, ROWS_MAX),
        "purges": purges::purges(&predicate.purges),
        "restores": purges::restores(&predicate.restores),
        "figures": figures::figures(&predicate.figures),
        "findings": listed(&predicate.findings),
        "notChecked": cut(&predicate.not_checked, ROWS_MAX),
        "timeline": timeline(predicate),
        "tools": cut(&predicate.tools, ROWS_MAX),
        "ledger": {
            "head": head.to_string(),
            "events": predicate.ledger.events,
            "tables": cut(&predicate.ledger.tables, ROWS_MAX),
        },
        "checks": checks::checks(predicate),
        "signatures": signatures(attested.checked()),
        "changedKeys": cut(attested.changed_keys(), ROWS_MAX),
        "signedEnough": attested.is_signed_enough(),
        "codes": codes,
    });
    Contents { document, codes: images }
}

/// The first rows of a list, and how many there are besides.
fn cut<T: Serialize>(items: &[T], most: usize) -> Value {
    json!({ "rows": items.iter().take(most).collect::<Vec<_>>(), "left": items.len().saturating_sub(most), "all": items.len() })
}

/// A sum that cannot overflow.
fn sum(numbers: impl Iterator<Item = U64Text>) -> String {
    numbers.map(|number| u128::from(number.0)).sum::<u128>().to_string()
}

/// The moment of the statement by the clocks of Vietnam, which is seven hours ahead of UTC all year.
fn moment(attested: &Attested) -> Value {
    let local = attested.stated_on().to_zoned(TimeZone::fixed(offset(7)));
    json!({
        "year": local.year(), "month": local.month(), "day": local.day(),
        "hour": local.hour(), "minute": local.minute(),
    })
}

/// Each deliverable, with the seal of its component's package.
fn deliverables(predicate: &HandoverAttestation) -> Value {
    let all = &predicate.deliverables;
    let rows = all.iter().take(DELIVERABLES_MAX).map(
        |deliverable| json!({ "is": deliverable, "seal": predicate.seal(&deliverable.component) }),
    );
    json!({
        "rows": rows.collect::<Vec<_>>(),
        "left": all.len().saturating_sub(DELIVERABLES_MAX),
        "all": all.len(),
    })
}

/// Packages that stand; those whose place was taken are counted.
fn packages(predicate: &HandoverAttestation) -> Value {
    let (superseded, present): (Vec<_>, Vec<_>) =
        predicate.packages.iter().partition(|package| package.superseded);
    json!({ "present": cut(&present, ROWS_MAX), "superseded": superseded.len() })
}

fn timeline(predicate: &HandoverAttestation) -> Value {
    // The end of it matters most: it leads to the head.
    let all = &predicate.timeline;
    let left = all.len().saturating_sub(ROWS_MAX);
    let rows = all
        .iter()
        .skip(left)
        .map(|event| json!({ "is": event, "vi": event.kind.vi(), "en": event.kind.en() }));
    json!({ "rows": rows.collect::<Vec<_>>(), "left": left, "all": all.len() })
}

/// Findings with what is to be done, and those that are not printed by their kind.
fn listed(findings: &[StatedFinding]) -> Value {
    let rows = findings.iter().take(ROWS_MAX).map(|finding| {
        let kind = finding.kind;
        json!({
            "subject": finding.subject, "count": finding.count, "detail": finding.detail,
            "vi": kind.vi(), "en": kind.en(), "nextVi": kind.next_vi(), "nextEn": kind.next_en(),
        })
    });
    let mut left: Vec<(StatedFindingKind, usize)> = Vec::new();
    for finding in findings.iter().skip(ROWS_MAX) {
        match left.iter_mut().find(|(kind, _)| *kind == finding.kind) {
            Some((_, count)) => *count += 1,
            None => left.push((finding.kind, 1)),
        }
    }
    let left = left.iter().map(
        |(kind, count)| json!({ "vi": kind.vi(), "en": kind.en(), "count": count.to_string() }),
    );
    json!({
        "rows": rows.collect::<Vec<_>>(),
        "left": left.collect::<Vec<_>>(),
        "all": findings.len(),
    })
}

fn signatures(checked: &Checked) -> Value {
    let signatory = |one: &Signatory| {
        json!({
            "name": one.name, "organisation": one.organisation,
            "roles": one.roles, "keyid": one.keyid,
        })
    };
    let out_of_validity = checked.out_of_validity.iter().map(|known| {
        json!({
            "name": known.signatory.name,
            "from": known.valid_from.to_string(), "until": known.valid_until.to_string(),
        })
    });
    json!({
        "good": checked.signers.iter().map(signatory).collect::<Vec<_>>(),
        "outOfValidity": out_of_validity.collect::<Vec<_>>(),
        "bad": checked.bad.iter().map(signatory).collect::<Vec<_>>(),
        "unknown": checked.unknown.len(),
    })
}

/// Digests to be read off the paper, and the images that say them.
fn codes(attested: &Attested) -> (Value, Vec<(String, String)>) {
    let predicate = attested.predicate();
    let root = predicate.copy.as_ref().and_then(|copy| copy.root);
    let mut digests: Vec<(&str, Option<&str>, String)> = Vec::new();
    digests.extend(root.map(|root| ("root", None, root.to_string())));
    let (_, head) = predicate.head(attested.statement_sha256());
    digests.push(("head", None, head.to_string()));
    digests.push(("statement", None, attested.statement_sha256().to_string()));
    let present = predicate.packages.iter().filter(|package| !package.superseded);
    for package in present.take(SEALS_AS_CODES) {
        digests.push(("seal", Some(&package.name), package.seal.to_string()));
    }
    let mut codes = Vec::new();
    let mut images = Vec::new();
    for (number, (kind, name, digest)) in digests.into_iter().enumerate() {
        let image = format!("qr-{number}.svg");
        codes.push(json!({ "kind": kind, "name": name, "digest": digest, "image": image }));
        images.push((image, digest));
    }
    (Value::Array(codes), images)
}
