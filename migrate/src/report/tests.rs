//! Colours, computed from the style sheet.

use std::collections::BTreeMap;

use super::page::STYLE;

/// What stands on what, and the least contrast: 4.5 for text, 3 for bars (WCAG 2.2, 1.4.3 and 1.4.11).
const PAIRS: [(&str, &str, f64); 14] = [
    ("ink", "paper", 7.0),
    ("ink", "band", 7.0),
    ("paper", "ink", 7.0),
    ("quiet", "paper", 4.5),
    ("quiet", "band", 4.5),
    ("accent", "paper", 4.5),
    ("accent", "band", 4.5),
    ("good", "good-paper", 4.5),
    ("open", "open-paper", 4.5),
    ("bad", "bad-paper", 4.5),
    ("good", "paper", 4.5),
    ("bad", "band", 4.5),
    ("bar", "paper", 3.0),
    ("bar", "track", 3.0),
];

/// The colours that a part of the style sheet gives.
fn colours(part: &str) -> BTreeMap<&str, [f64; 3]> {
    let declarations = part.split(';').filter_map(|one| one.rsplit_once("--")?.1.split_once(": #"));
    let colour = |hex: &str| {
        [0, 2, 4].map(|at| {
            f64::from(u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0
        })
    };
    declarations.map(|(name, hex)| (name, colour(hex))).collect()
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: [f64; 3]) -> f64 {
    let [r, g, b] =
        colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[test]
fn colours_have_contrast_in_light_and_dark() {
    let (light, rest) = STYLE.split_once("@media screen").unwrap();
    let dark = rest.split("*, *::before").next().unwrap();
    for part in [light, dark] {
        let colours = colours(part);
        for (ink, paper, least) in PAIRS {
            let (ink_light, paper_light) = (luminance(colours[ink]), luminance(colours[paper]));
            let (high, low) = (ink_light.max(paper_light), ink_light.min(paper_light));
            let ratio = (high + 0.05) / (low + 0.05);
            assert!(ratio >= least, "{ink} on {paper}: {ratio:.2}");
        }
    }
}
