//! Members of zip files.

use super::*;

#[test]
fn zip_and_jar() {
    let (folder, long) = folder();
    run(folder.path(), "zip", &["-q", "-r", "--symlinks", "archive", "in"]);
    let path = folder.path().join("archive.zip");
    let told = list(&path);
    assert!(
        matches!(told.listing, Listing::Listed { format: Format::Zip, .. }),
        "{:?}",
        told.listing
    );
    check_contents(&told, &long);
    // A program before it, as in jars that start themselves.
    let mut program = b"#!/bin/sh\nexec java -jar \"$0\"\n".to_vec();
    program.extend(fs::read(&path).unwrap());
    fs::write(folder.path().join("app"), program).unwrap();
    let with_program = list(&folder.path().join("app"));
    assert_eq!((with_program.listing, with_program.members), (told.listing, told.members));

    // Another program's, named as what Java packs so.
    run(folder.path(), "python3", &["-m", "zipfile", "-c", "x.jar", "in/a.txt"]);
    let jar = list(&folder.path().join("x.jar"));
    let text = "hello\n".repeat(20_000);
    assert_eq!(find(&jar, "a.txt").sha256, Some(Digest::of(text.as_bytes())));
    // From a pipe, with the zip64 end and sizes after the contents.
    let mut zip = Command::new("zip")
        .args(["-q", "piped.zip", "-fz", "-"])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    zip.stdin.take().unwrap().write_all(b"from a pipe").unwrap();
    assert!(zip.wait().unwrap().success());
    let piped = list(&folder.path().join("piped.zip"));
    assert_eq!(find(&piped, "-").sha256, Some(Digest::of(b"from a pipe")));
}

#[test]
fn zip_members_that_cannot_be_read() {
    let (folder, _long) = folder();
    run(folder.path(), "zip", &["-q", "-P", "key", "e.zip", "in/a.txt"]);
    let told = list(&folder.path().join("e.zip"));
    let member = told.members.first().unwrap();
    assert_eq!((member.sha256, member.size), (None, 120_000));
    assert!(member.unread.as_ref().unwrap().contains("encrypted"));
    assert!(matches!(told.listing, Listing::Listed { members: 1, .. }));
    assert!(told.contents.is_empty());
    assert_eq!(told.remarks, [(Condition::Encrypted, "1 members take a password".to_owned())]);
}

/// Zips one after another are all listed, and so is what stands before them or behind.
#[test]
fn zips_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["first", "second", "third"] {
        fs::write(folder.path().join(name), name).unwrap();
        run(folder.path(), "zip", &["-q", name, name]);
    }
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let path = folder.path().join("joined.zip");
    let told = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        list(&path)
    };
    let names = |told: &Told| {
        told.members
            .iter()
            .map(|one| String::from_utf8(one.name.clone()).unwrap())
            .collect::<Vec<_>>()
    };
    let all = [read("first.zip"), read("second.zip"), read("third.zip")].concat();
    let joined = told(&all);
    assert_eq!(names(&joined), ["first", "second", "third"]);
    assert_eq!(joined.contents, b"firstsecondthird");
    let what = "3 zips one after another; most programs show the last".to_owned();
    assert_eq!(joined.remarks, [(Condition::Joined, what)]);
    // Places that count from the start of the file.
    run(folder.path(), "zip", &["-q", "-A", "joined.zip"]);
    assert_eq!(names(&list(&path)), ["first", "second", "third"]);
    // Zeros behind, as a medium of blocks leaves them, and other bytes behind and before.
    let zeros = told(&[&read("first.zip")[..], &vec![0; 200_000]].concat());
    assert_eq!((names(&zeros), zeros.remarks), (vec!["first".to_owned()], vec![]));
    let behind = told(&[&read("first.zip")[..], b"some more"].concat());
    let remark = |what: &str| (Condition::NotLookedInto, what.to_owned());
    assert_eq!(behind.remarks, [remark("9 bytes behind its end")]);
    assert_eq!(names(&behind), ["first"]);
    let before = told(&[b"some more", &read("first.zip")[..]].concat());
    assert_eq!(before.remarks, [remark("9 bytes before its first member")]);
    // A program that unpacks itself.
    assert_eq!(told(&[b"MZ more", &read("first.zip")[..]].concat()).remarks, []);
}

/// Entries of a zip's directory may say the same name, and places where nothing is.
#[test]
fn hostile_directories_of_zip() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["aaaa", "bbbb"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    run(folder.path(), "zip", &["-q", "-0", "x.zip", "aaaa", "bbbb"]);
    let path = folder.path().join("x.zip");
    let whole = fs::read(&path).unwrap();
    // The same name twice: the second entry of the directory is renamed.
    let mut bytes = whole.clone();
    let at = memchr::memmem::rfind(&bytes, b"bbbb").unwrap();
    bytes.get_mut(at..at + 4).unwrap().copy_from_slice(b"aaaa");
    fs::write(&path, &bytes).unwrap();
    let told = list(&path);
    let digests: Vec<_> =
        told.members.iter().map(|one| (one.name.as_slice(), one.sha256)).collect();
    let expected =
        [(&b"aaaa"[..], Some(Digest::of(b"aaaa"))), (b"aaaa", Some(Digest::of(b"bbbb")))];
    assert_eq!(digests, expected);
    // A directory that says 65,535 entries, and one that says a terabyte.
    let end = memchr::memmem::rfind(&whole, b"PK\x05\x06").unwrap();
    for (field, value) in
        [(10, &b"\xff\xff"[..]), (12, b"\xff\xff\xff\x7f"), (16, b"\xff\xff\xff\x7f")]
    {
        let mut bytes = whole.clone();
        bytes.get_mut(end + field..end + field + value.len()).unwrap().copy_from_slice(value);
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(list(&path).listing, Listing::Broken { .. }), "field {field}");
    }
}

/// The wide numbers of a zip64 directory: sizes that only begin like the right ones, and places
/// that no file has.
#[test]
fn hostile_wide_numbers_of_zip() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "hello").unwrap();
    run(folder.path(), "zip", &["-q", "-0", "-X", "-fz", "x.zip", "a"]);
    let path = folder.path().join("x.zip");
    let whole = fs::read(&path).unwrap();
    assert!(matches!(list(&path).listing, Listing::Listed { members: 1, .. }));
    let entry = memchr::memmem::rfind(&whole, b"PK\x01\x02").unwrap();
    let change = |at: usize, value: &[u8]| {
        let mut bytes = whole.clone();
        bytes.get_mut(at..at + value.len()).unwrap().copy_from_slice(value);
        fs::write(&path, &bytes).unwrap();
        list(&path).listing
    };
    let reason = |listing| {
        let Listing::Broken { reason, .. } = listing else { panic!("{listing:?}") };
        reason
    };
    // The size is in the extra field, after 46 bytes, the name and the field's own head.
    let size = entry + 46 + 1 + 4;
    assert_eq!(whole.get(size..size + 8), Some(&5_u64.to_le_bytes()[..]));
    let larger = (5_u64 + (1 << 40)).to_le_bytes();
    assert_eq!(reason(change(size, &larger)), "member 1 is shorter than the directory says");
    // The place of the zip64 end, where it is not right before its locator; then that of the
    // directory.
    let end = memchr::memmem::rfind(&whole, b"PK\x06\x06").unwrap();
    let locator = memchr::memmem::rfind(&whole, b"PK\x06\x07").unwrap();
    for place in [u64::MAX, i64::MAX.unsigned_abs(), 1 << 63] {
        let place = place.to_le_bytes();
        assert!(matches!(change(end + 48, &place), Listing::Broken { .. }));
        let mut bytes = whole.clone();
        bytes.get_mut(end..end + 4).unwrap().fill(0);
        bytes.get_mut(locator + 8..locator + 16).unwrap().copy_from_slice(&place);
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(list(&path).listing, Listing::Broken { .. }));
    }
}
