//! Checksum files that coreutils writes, and wrong ones.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use super::*;

const NAMES: [&[u8]; 5] = [
    b"plain.txt",
    "dữ liệu.sql".as_bytes(),
    b"two\nlines\\and a backslash",
    b"no \xff utf-8",
    b"brackets) = here",
];

/// What `program` writes for files named [`NAMES`] must be read back, name by name.
#[test]
fn what_coreutils_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        fs::write(folder.path().join(OsStr::from_bytes(name)), name).unwrap();
    }
    let programs = ["md5sum", "sha1sum", "sha256sum", "sha512sum"];
    for (program, algorithm) in programs.into_iter().zip(Algorithm::ALL) {
        for option in ["--text", "--binary", "--tag"] {
            let output = Command::new(program)
                .arg(option)
                .args(NAMES.map(OsStr::from_bytes))
                .current_dir(&folder)
                .output()
                .unwrap();
            assert!(output.status.success(), "{program} {option}");
            let listed = parse(&output.stdout).unwrap();
            assert_eq!(listed.len(), NAMES.len());
            for (one, name) in listed.iter().zip(NAMES) {
                assert_eq!(one.name, name, "{program} {option}");
                assert_eq!(one.algorithm, algorithm);
                let mut reader = HashingReader::new(algorithm, name);
                io::copy(&mut reader, &mut io::sink()).unwrap();
                assert_eq!(one.checksum, reader.finish(), "{program} {option}");
            }
        }
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark() {
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    let text =
        format!("\u{feff}# made by us\r\n{} *a b.txt\r\n\r\n{md5}  ./c\r\n", md5.to_uppercase());
    let listed = parse(text.as_bytes()).unwrap();
    let names: Vec<_> = listed.iter().map(|one| (one.line, one.name.as_slice())).collect();
    assert_eq!(names, [(2, &b"a b.txt"[..]), (4, b"c")]);
    assert_eq!(listed.first().unwrap().checksum, listed.last().unwrap().checksum);
}

#[test]
fn wrong_lines_are_refused_with_their_number() {
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    let wrong = [
        (format!("{md5}  /etc/passwd"), "root"),
        (format!("{md5}  a/../../b"), "leads out"),
        (format!("{md5}  .."), "leads out"),
        (format!("MD5 (../x) = {md5}"), "leads out"),
        (format!("SHA1 (x) = {md5}"), "digits of its kind"),
        (format!("SHA384 (x) = {md5}"), "is not read"),
        (format!("{md5}x"), "two spaces"),
        (format!("{md5}  a\\..\\..\\b"), "leads out"),
        (format!("BLAKE2b (x) = {md5}"), "BLAKE2"),
        (md5.to_owned(), "two spaces"),
        (format!("{md5}  "), "no name"),
        (format!("{md5}0  x"), "no checksum"),
        (format!("{md5}00  x"), "neither"),
        (format!("\\{md5}  a\\tb"), "escaped"),
        ("hello".to_owned(), "no checksum"),
        (format!("{md5}  a\0b"), "zero byte"),
    ];
    for (line, reason) in wrong {
        let error = parse(format!("{md5}  fine\n{line}\n").as_bytes()).unwrap_err();
        assert_eq!(error.line, 2, "{line}");
        assert!(error.reason.contains(reason), "{line}: {error}");
    }
}

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn names(text: &[u8]) -> Vec<String> {
    let listed = parse(text).unwrap();
    assert!(listed.iter().all(|one| one.algorithm == Algorithm::Sha256), "{listed:?}");
    listed.into_iter().map(|one| String::from_utf8(one.name).unwrap()).collect()
}

#[test]
fn lists_as_people_make_them() {
    assert_eq!(
        names(format!("{HELLO} one blank\n{HELLO}\ttab\n").as_bytes()),
        ["one blank", "tab"]
    );
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let line = format!("{HELLO} *Bản cài\\x.exe\r\n");
    assert_eq!(names(&utf16(&format!("\u{feff}{line}"))), ["Bản cài\\x.exe"]);
    assert_eq!(names(&utf16(&line)), ["Bản cài\\x.exe"], "without a byte order mark");
    let big: Vec<u8> =
        format!("\u{feff}{line}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(names(&big), ["Bản cài\\x.exe"]);
    for (start, what) in
        [(&b"PK\x03\x04"[..], "spreadsheet"), (b"\xd0\xcf\x11\xe0", "Office"), (b"%PDF-", "PDF")]
    {
        let error = parse(start).unwrap_err().to_string();
        assert!(error.contains(what) && !error.contains("line"), "{error}");
    }
}

#[test]
fn what_windows_writes() {
    let hash = HELLO.to_uppercase();
    let expected = ["D:\\giao\\a b.txt", "D:\\giao\\c.txt"];
    let table = format!(
        "\r\nAlgorithm       Hash      Path\r\n---------       ----      ----\r\n\
         SHA256          {hash}       D:\\giao\\a b.txt   \r\n\
         SHA256          {hash}       D:\\giao\\c.txt\r\n\r\n"
    );
    assert_eq!(names(table.as_bytes()), expected);
    let list = format!(
        "Algorithm : SHA256\r\nHash      : {hash}\r\nPath      : D:\\giao\\a \r\n            \
         b.txt\r\n\r\nAlgorithm : SHA256\r\nHash      : {hash}\r\nPath      : D:\\giao\\c.txt\r\n"
    );
    assert_eq!(names(list.as_bytes()), expected);
    let csv = format!(
        "#TYPE Microsoft.PowerShell.Commands.FileHashInfo\r\n\"Algorithm\",\"Hash\",\"Path\"\r\n\
         \"SHA256\",\"{hash}\",\"D:\\giao\\a b.txt\"\r\n\"SHA256\",\"{hash}\",\"D:\\giao\\c.txt\"\r\n"
    );
    assert_eq!(names(csv.as_bytes()), expected);
    assert_eq!(names(format!("file;sha256\n\"a \"\"b\";{HELLO}\n").as_bytes()), ["a \"b"]);
    let certutil = format!(
        "SHA256 hash of D:\\giao\\c.txt:\r\n{HELLO}\r\n\
         CertUtil: -hashfile command completed successfully.\r\n"
    );
    assert_eq!(names(certutil.as_bytes()), ["D:\\giao\\c.txt"]);
    let cut = table.replace("a b.txt", "a...");
    let error = parse(cut.as_bytes()).unwrap_err();
    assert_eq!(error.line, 4);
    assert!(error.reason.contains("Export-Csv"), "{error}");
}

#[test]
fn names_are_matched_however_they_are_spelled() {
    let listed = |names: &[&str]| -> Vec<Listed> {
        let one = |name: &&str| Listed {
            name: name.as_bytes().to_vec(),
            algorithm: Algorithm::Sha256,
            checksum: vec![0; 32],
            line: 1,
        };
        names.iter().map(one).collect()
    };
    let names = listed(&["in\\a.txt", "Tie\u{302}\u{301}ng", "B.TXT", "gone", "back\\slash"]);
    let mut matching = Matching::new(&names, b"");
    for path in ["in/a.txt", "Ti\u{1ebf}ng", "b.txt", "back\\slash", "back/slash", "more"] {
        matching.file(path.as_bytes());
    }
    let (paths, unlisted) = matching.finish();
    let paths: Vec<_> = paths.iter().map(|path| path.as_deref().unwrap_or(b"-")).collect();
    let expected = ["in/a.txt", "Ti\u{1ebf}ng", "b.txt", "-", "back\\slash"];
    assert_eq!(paths, expected.map(str::as_bytes));
    assert_eq!(unlisted.paths, [b"back/slash".to_vec(), b"more".to_vec()]);
    // Whole paths of another machine: what all have before the delivery is left away.
    let names = listed(&["D:\\giao\\x\\a", "D:\\giao\\x\\in\\a", "D:\\giao\\x\\in\\b"]);
    let mut matching = Matching::new(&names, b"sums/");
    for path in ["sums/a", "sums/in/a", "sums/in/b", "a"] {
        matching.file(path.as_bytes());
    }
    let (paths, unlisted) = matching.finish();
    assert_eq!(
        paths,
        ["sums/a", "sums/in/a", "sums/in/b"].map(|path| Some(path.as_bytes().to_vec()))
    );
    assert_eq!(unlisted.paths, [b"a".to_vec()]);
}
