//! QR codes: digests that a telephone reads off the paper.

use anyhow::{Context, Result};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

/// A text as a QR code, an SVG image. A quarter of it may be damaged.
pub(crate) fn svg(text: &str) -> Result<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::Q)
        .with_context(|| format!("{} characters are too many for a QR code", text.len()))?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .module_dimensions(1, 1)
        .dark_color(svg::Color("#000000"))
        .light_color(svg::Color("#ffffff"))
        .build();
    Ok(drawn)
}
