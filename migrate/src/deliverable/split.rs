//! Archives that were split into several files: which other files one of them needs, by the names
//! that 7-Zip, WinRAR and Info-ZIP give.

/// Endings before a number that are those of archives and dumps. `report.2024` is no part.
const SPLIT: [&str; 17] = [
    "7z", "zip", "rar", "tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "iso", "img", "bak",
    "dmp", "dump", "sql",
];

/// A part `NAME.7z.001`: it is no archive on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedPart {
    stem: String,
    digits: usize,
    /// Which part, from 0 or 1.
    pub number: u64,
}

impl NumberedPart {
    /// Takes a name apart; `None` if it is not that of a part.
    pub fn of(name: &str) -> Option<Self> {
        let (stem, digits) = name.rsplit_once('.')?;
        let ending = stem.rsplit_once('.')?.1.to_ascii_lowercase();
        let is_number =
            (2..=4).contains(&digits.len()) && digits.bytes().all(|one| one.is_ascii_digit());
        let is_part = is_number && SPLIT.contains(&ending.as_str());
        let number = digits.parse().ok().filter(|_| is_part)?;
        Some(Self { stem: stem.to_owned(), digits: digits.len(), number })
    }

    /// The name of another part.
    pub fn sibling(&self, number: u64) -> String {
        format!("{}.{number:0digits$}", self.stem, digits = self.digits)
    }
}

/// Names of the files without which this one is of no use: the part before it, the one with the
/// directory. `zip_parts`: how many parts a `.zip` says that there are.
pub fn needs(name: &str, zip_parts: u64) -> Vec<String> {
    if let Some(part) = NumberedPart::of(name) {
        let before = part.number.checked_sub(1).filter(|before| *before > 0);
        return before.map(|before| part.sibling(before)).into_iter().collect();
    }
    let Some((stem, ending)) = name.rsplit_once('.') else { return Vec::new() };
    let lower = ending.to_ascii_lowercase();
    if lower == "zip" {
        // Most parts that Info-ZIP numbers.
        return (1..zip_parts.min(65_535)).map(|number| format!("{stem}.z{number:02}")).collect();
    }
    if lower == "rar" {
        return rar_part(stem)
            .and_then(|(stem, number, digits)| {
                let before = number.checked_sub(1).filter(|before| *before > 0)?;
                Some(format!("{stem}{before:0digits$}.{ending}"))
            })
            .into_iter()
            .collect();
    }
    let Some(number) = lower.get(1..).filter(|digits| digits.len() == 2) else { return Vec::new() };
    let Ok(number) = number.parse::<u64>() else { return Vec::new() };
    let letter = ending.get(..1).unwrap_or_default();
    match (lower.get(..1), number) {
        (Some("z"), 1) => vec![format!("{stem}.zip")],
        (Some("z"), 2..) => {
            vec![format!("{stem}.{letter}{:02}", number - 1), format!("{stem}.zip")]
        }
        (Some("r"), 0) => vec![format!("{stem}.rar")],
        (Some("r"), _) => vec![format!("{stem}.{letter}{:02}", number - 1), format!("{stem}.rar")],
        _ => Vec::new(),
    }
}

/// `NAME.part2` of a RAR volume: what is before the number, the number, its digits.
fn rar_part(stem: &str) -> Option<(&str, u64, usize)> {
    let at = stem.to_ascii_lowercase().rfind(".part")? + ".part".len();
    let (before, digits) = stem.split_at_checked(at)?;
    Some((before, digits.parse().ok()?, digits.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_need_those_before_them() {
        let cases = [
            ("a.7z.003", 1, vec!["a.7z.002"]),
            ("a.7z.001", 1, vec![]),
            ("a.tar.gz.10", 1, vec!["a.tar.gz.09"]),
            ("Bản 1.zip", 3, vec!["Bản 1.z01", "Bản 1.z02"]),
            ("a.zip", 1, vec![]),
            ("a.z01", 1, vec!["a.zip"]),
            ("a.z02", 1, vec!["a.z01", "a.zip"]),
            ("a.part1.rar", 1, vec![]),
            ("a.part03.rar", 1, vec!["a.part02.rar"]),
            ("a.r00", 1, vec!["a.rar"]),
            ("a.r05", 1, vec!["a.r04", "a.rar"]),
            ("report.2024", 1, vec![]),
            ("app.log.002", 1, vec![]),
            ("a", 1, vec![]),
        ];
        for (name, parts, expected) in cases {
            assert_eq!(needs(name, parts), expected, "{name}");
        }
    }
}
