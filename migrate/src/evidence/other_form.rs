//! Files that are no CSV, told by how they begin: what whoever made them has to do differently.

/// As much of a file as [`other_form`] looks at.
pub(super) const BEGINNING: usize = 64;

/// What a file is, and what to do, unless it may be CSV.
pub(super) fn other_form(beginning: &[u8]) -> Option<&'static str> {
    // ZIP's local header and empty archive (APPNOTE.TXT 4.3.7, 4.3.16), the compound file of older
    // workbooks ([MS-CFB] 2.2), gzip (RFC 1952 section 2.3.1), PDF (ISO 32000 section 7.5.2).
    const FORMS: [(&[u8], &str); 9] = [
        (b"PK\x03\x04", WORKBOOK),
        (b"PK\x05\x06", WORKBOOK),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", WORKBOOK),
        (b"\x1f\x8b", "it is compressed (gzip); unpack it, and load what is in it"),
        (b"%PDF-", "it is a PDF; ask for the same list as CSV in UTF-8"),
        (b"\xff\xfe", UTF_16),
        (b"\xfe\xff", UTF_16),
        (b"{", "it is JSON, or something like it; ask for the same list as CSV in UTF-8"),
        (b"<", "it is XML or HTML; ask for the same list as CSV in UTF-8"),
    ];
    let named = FORMS.iter().find(|(begins, _)| beginning.starts_with(begins));
    if let Some((_, what)) = named {
        return Some(what);
    }
    is_utf_16(beginning).then_some(UTF_16)
}

const WORKBOOK: &str = "it is a workbook of a spreadsheet program (.xlsx, .ods, .xls) or a ZIP archive, not CSV; \
                        open it there, and save the sheet as \"CSV UTF-8\"";

const UTF_16: &str = "it is written in UTF-16 (\"Unicode text\"); save it as \"CSV UTF-8\"";

/// Without a mark: every other byte of a Latin text is NUL.
fn is_utf_16(beginning: &[u8]) -> bool {
    let (pairs, _) = beginning.as_chunks::<2>();
    let zeros = |at: usize| pairs.iter().filter(|pair| pair.get(at) == Some(&0)).count();
    pairs.len() >= 2 && (zeros(0) > pairs.len() / 2 || zeros(1) > pairs.len() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_programs_are_told() {
        let utf_16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        for (bytes, word) in [
            (b"PK\x03\x04\x14\0".to_vec(), "workbook"),
            (b"\xff\xfeS\0".to_vec(), "UTF-16"),
            (utf_16("Số định danh,Kết quả\n"), "UTF-16"),
            (b"\x1f\x8b\x08\0".to_vec(), "gzip"),
            (b"%PDF-1.7".to_vec(), "PDF"),
            (b"<?xml version".to_vec(), "XML"),
        ] {
            assert!(other_form(&bytes).is_some_and(|what| what.contains(word)), "{word}");
        }
        for csv in ["\u{feff}id,result\n1,ok\n", "a", "", "\"PK\",b\n"] {
            assert_eq!(other_form(csv.as_bytes()), None, "{csv}");
        }
    }
}
