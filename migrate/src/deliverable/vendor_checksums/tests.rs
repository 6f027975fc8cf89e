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
        (format!("{md5} x"), "two spaces"),
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
