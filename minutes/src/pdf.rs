//! From the template to a PDF/A-3b file.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result, anyhow, bail};
use jiff::tz::TimeZone;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst::{World, WorldExt};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::attested::Attested;
use crate::fonts::Fonts;
use crate::world::ClosedWorld;

/// Sets the template with these files and makes the PDF.
///
/// Its moment is the statement's own and its identity the statement's digest: nothing in it depends
/// on where and when it is made.
pub(crate) fn set(
    fonts: &Fonts,
    files: BTreeMap<String, Vec<u8>>,
    attested: &Attested,
) -> Result<Vec<u8>> {
    let world = ClosedWorld::new(fonts, files)?;
    let set = typst::compile::<PagedDocument>(&world);
    let document = set.output.map_err(|errors| refused(&world, &errors))?;
    // A warning is a page that is not as it should be.
    if !set.warnings.is_empty() {
        bail!(refused(&world, &set.warnings));
    }
    let options = PdfOptions {
        ident: Smart::Custom(format!("handover-minutes:{}", attested.statement_sha256())),
        creator: Smart::Custom(Some(format!("handover-minutes {}", env!("CARGO_PKG_VERSION")))),
        timestamp: Some(timestamp(attested)?),
        standards: PdfStandards::new(&[PdfStandard::A_3b])
            .map_err(|error| anyhow!("PDF/A-3b: {}", error.message()))?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| refused(&world, &errors))
}

fn timestamp(attested: &Attested) -> Result<Timestamp> {
    let moment = attested.stated_on().to_zoned(TimeZone::UTC).datetime();
    let part = |number: i8| u8::try_from(number).context("a part of the moment is negative");
    let datetime = Datetime::from_ymd_hms(
        moment.year().into(),
        part(moment.month())?,
        part(moment.day())?,
        part(moment.hour())?,
        part(moment.minute())?,
        part(moment.second())?,
    );
    datetime.map(Timestamp::new_utc).context("the statement's moment is none that a PDF can have")
}

/// What the typesetter refused, with the places in the template.
fn refused(world: &ClosedWorld<'_>, diagnostics: &[SourceDiagnostic]) -> anyhow::Error {
    let mut said = "the minutes cannot be set".to_owned();
    for diagnostic in diagnostics {
        let place = diagnostic.span.id().and_then(|id| {
            let source = world.source(id).ok()?;
            let line = source.lines().byte_to_line(world.range(diagnostic.span)?.start)?;
            Some(format!("{}, line {}", id.vpath().get_without_slash(), line + 1))
        });
        // Writing into a String cannot fail.
        let _infallible = write!(
            said,
            "; {}: {}",
            place.as_deref().unwrap_or("the template"),
            diagnostic.message
        );
        for hint in &diagnostic.hints {
            let _infallible = write!(said, " ({})", hint.v);
        }
    }
    anyhow!(said)
}
