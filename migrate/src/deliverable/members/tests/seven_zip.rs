//! 7z archives that 7-Zip made: every codec that it offers, whole, damaged, closed and too large.

use super::*;

fn made(folder: &Path, arguments: &[&str]) -> Told {
    let path = folder.join("x.7z");
    let _before = fs::remove_file(&path);
    run(folder, "7zz", &[&["a", "-bso0", "-snl", "x.7z", "in"], arguments].concat());
    list(&path)
}

#[test]
fn every_codec_that_is_read() {
    let (folder, long) = folder();
    let text = Some(Digest::of("hello\n".repeat(20_000).as_bytes()));
    for arguments in [
        &[][..],
        &["-ms=off"],
        &["-m0=lzma"],
        &["-m0=ppmd"],
        &["-m0=bzip2"],
        &["-m0=copy"],
        &["-m0=bcj", "-m1=lzma2"],
        &["-m0=delta:4", "-m1=lzma"],
        &["-mhc=off"],
    ] {
        let told = made(folder.path(), arguments);
        let Listing::Listed { format, members, bytes } = told.listing else {
            panic!("{arguments:?}: {:?}", told.listing)
        };
        assert_eq!((format, members), (Format::SevenZip, told.members.len() as u64));
        assert!(bytes >= 240_004, "{arguments:?}: {bytes}");
        for name in ["in/a.txt", "in/b.txt"] {
            assert_eq!(find(&told, name).sha256, text, "{arguments:?}");
        }
        assert_eq!(find(&told, "in/empty").sha256, Some(Digest::EMPTY));
        assert_eq!(find(&told, &long).sha256, Some(Digest::of(b"long")));
        assert_eq!(find(&told, "in/folder").kind, MemberKind::Directory);
        let link = find(&told, "in/link");
        let target = link.target.as_deref();
        assert_eq!((link.kind, target), (MemberKind::Symlink, Some(&b"../../etc/passwd"[..])));
        assert!(told.remarks.is_empty(), "{arguments:?}: {:?}", told.remarks);
    }
}

#[test]
fn what_is_not_read_is_not_called_broken() {
    let (folder, _) = folder();
    let told = made(folder.path(), &["-m0=deflate"]);
    assert!(matches!(told.listing, Listing::NotRead { .. }), "{:?}", told.listing);
    for closed in [&["-pkey"][..], &["-pkey", "-mhe=on"]] {
        let told = made(folder.path(), closed);
        let conditions: Vec<_> = told.remarks.iter().map(|remark| remark.0).collect();
        assert_eq!(conditions, [Condition::Encrypted], "{closed:?}: {:?}", told.listing);
        assert!(told.members.is_empty());
    }
    // From a pipe its length is not known, and the dictionary is as large as asked for.
    let script = "yes | head -c 1000000 | 7zz a -bso0 -si -mmt=1 -mx=1 -m0=lzma2:d=256m large.7z";
    run(folder.path(), "bash", &["-c", script]);
    let Listing::NotRead { reason, .. } = list(&folder.path().join("large.7z")).listing else {
        panic!()
    };
    assert!(reason.contains("128 MiB"), "{reason}");
}

/// Whichever byte of it is another one, it is not called whole, but for those that say nothing of the
/// contents.
#[test]
fn damaged_7z_archives() {
    let (folder, _) = folder();
    let path = folder.path().join("x.7z");
    let whole = made(folder.path(), &[]);
    let bytes = fs::read(&path).unwrap();
    let contents = |told: &Told| -> Vec<_> {
        told.members.iter().map(|member| (member.name.clone(), member.sha256)).collect()
    };
    for at in (0..bytes.len()).step_by(3) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        fs::write(&path, flipped).unwrap();
        let told = list(&path);
        let listed = matches!(told.listing, Listing::Listed { .. });
        assert!(!listed || contents(&told) == contents(&whole), "byte {at}: {:?}", told.listing);
    }
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(list(&path).listing, Listing::Broken { .. }));
    fs::write(&path, [&bytes[..], b"more"].concat()).unwrap();
    assert!(list(&path).remarks[0].1.contains("4 bytes behind its end"));
    let limits = Limits { bytes: 1000, members: 10 };
    fs::write(&path, &bytes).unwrap();
    let large = list_with(&path, &limits).listing;
    assert!(matches!(large, Listing::TooLarge { limit: Limit::Bytes(1000), .. }), "{large:?}");
}
