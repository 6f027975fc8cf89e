//! Lists with a heading and columns: CSV (RFC 4180), with commas, semicolons or tabs.

use super::line::{BLAKE2, checksum, relative};
use super::{Algorithm, ChecksumError, Listed};

const NAMES: [&str; 7] = ["path", "file", "filename", "file name", "name", "tệp", "tên tệp"];
const CHECKSUMS: [&str; 4] = ["hash", "checksum", "digest", "mã băm"];

/// Where the columns are.
struct Columns {
    name: usize,
    checksum: usize,
    /// The column that says the algorithm, or the algorithm that the heading names.
    algorithm: Option<usize>,
    fixed: Option<Algorithm>,
}

/// Reads it; `None` if the first line is no heading.
pub(super) fn parse(lines: &[(usize, &[u8])]) -> Option<Result<Vec<Listed>, ChecksumError>> {
    let (_, heading) = lines.first()?;
    let heading = str::from_utf8(heading).ok()?;
    let (separator, columns) = [',', ';', '\t']
        .into_iter()
        .find_map(|separator| Some((separator, Columns::find(&fields(heading, separator))?)))?;
    let rows = lines.get(1..)?.iter().map(|&(line, row)| {
        let wrong = |reason| ChecksumError { line, reason };
        let row = str::from_utf8(row).map_err(|_other| wrong("it is not UTF-8"))?;
        let fields = fields(row, separator);
        let field = |at: usize| fields.get(at).map(|field| field.trim());
        let digits = field(columns.checksum).ok_or_else(|| wrong("it has no checksum"))?;
        let bytes = checksum(digits.as_bytes()).ok_or_else(|| wrong("it has no checksum"))?;
        let said = columns.algorithm.and_then(field);
        if said.is_some_and(|said| said.to_ascii_uppercase().starts_with("BLAKE2")) {
            return Err(wrong(BLAKE2));
        }
        let algorithm = match said {
            Some(said) => Algorithm::named(said),
            None => columns.fixed.or_else(|| Algorithm::of_len(bytes.len())),
        };
        let algorithm = algorithm
            .filter(|algorithm| algorithm.checksum_len() == bytes.len())
            .ok_or_else(|| wrong("its kind of checksum is not read, or has other digits"))?;
        let name = fields.get(columns.name).ok_or_else(|| wrong("there is no name"))?;
        let name = relative(name.as_bytes()).map_err(wrong)?;
        Ok(Listed { name, algorithm, checksum: bytes, line })
    });
    Some(rows.collect())
}

impl Columns {
    fn find(heading: &[String]) -> Option<Self> {
        let heading: Vec<_> = heading.iter().map(|one| one.trim().to_lowercase()).collect();
        let column = |wanted: &dyn Fn(&str) -> bool| heading.iter().position(|one| wanted(one));
        let name = column(&|one| NAMES.contains(&one))?;
        let named = column(&|one| Algorithm::named(one).is_some());
        let checksum = column(&|one| CHECKSUMS.contains(&one)).or(named)?;
        let fixed = heading.get(checksum).and_then(|one| Algorithm::named(one));
        Some(Self { name, checksum, algorithm: column(&|one| one == "algorithm"), fixed })
    }
}

/// The fields of a line; a quotation mark within quotation marks is doubled.
fn fields(line: &str, separator: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(field) = fields.last_mut() else { break };
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            _ if character == separator && !quoted => fields.push(String::new()),
            _ => field.push(character),
        }
    }
    fields
}
