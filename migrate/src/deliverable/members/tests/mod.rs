//! Archives made by the real programs, whole, damaged and hostile.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::*;

mod seven_zip;
mod zip;

/// What a listing told.
struct Told {
    listing: Listing,
    members: Vec<Member>,
    contents: Vec<u8>,
    remarks: Vec<(Condition, String)>,
}

fn list_with(path: &Path, limits: &Limits) -> Told {
    list_among(path, limits, &Allowance::new(u64::MAX))
}

fn list_among(path: &Path, limits: &Limits, together: &Allowance) -> Told {
    let mut members = Vec::new();
    let mut contents = Vec::new();
    let mut remarks = Vec::new();
    let name = path.file_name().unwrap().to_str().unwrap();
    let mut file = File::open(path).unwrap();
    let each: &mut dyn FnMut(Seen<'_>) -> Result<()> = &mut |seen| {
        match seen {
            Seen::Contents { block, .. } => contents.extend_from_slice(block),
            Seen::Member(member) => members.push(member),
            Seen::Remark { condition, what } => remarks.push((condition, what)),
        }
        Ok(())
    };
    let listing =
        list_members(&mut file, name, limits, together, &Interrupt::default(), each).unwrap();
    Told { listing, members, contents, remarks }
}

fn list(path: &Path) -> Told {
    list_with(path, &Limits::for_file(fs::metadata(path).unwrap().len()))
}

fn run(folder: &Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
}

/// A folder `in` with a file, an empty file, a long name, a link and a folder.
fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("in");
    fs::create_dir_all(inside.join("folder")).unwrap();
    let long = format!("{}/{}", "tên dài".repeat(15), "n".repeat(150));
    fs::create_dir(inside.join("tên dài".repeat(15))).unwrap();
    fs::write(inside.join("a.txt"), "hello\n".repeat(20_000)).unwrap();
    fs::write(inside.join("empty"), "").unwrap();
    fs::write(inside.join(&long), "long").unwrap();
    symlink("../../etc/passwd", inside.join("link")).unwrap();
    fs::hard_link(inside.join("a.txt"), inside.join("b.txt")).unwrap();
    (folder, format!("in/{long}"))
}

fn find<'a>(told: &'a Told, name: &str) -> &'a Member {
    told.members.iter().find(|member| member.name == name.as_bytes()).unwrap()
}

fn check_contents(told: &Told, long: &str) {
    let text = "hello\n".repeat(20_000);
    let a = find(told, "in/a.txt");
    let digest = Some(Digest::of(text.as_bytes()));
    if a.kind == MemberKind::Hardlink {
        assert_eq!(a.target.as_deref(), Some(&b"in/b.txt"[..]));
        assert_eq!(find(told, "in/b.txt").sha256, digest);
    } else {
        assert_eq!((a.kind, a.size, a.sha256), (MemberKind::File, 120_000, digest));
    }
    assert_eq!(find(told, "in/empty").sha256, Some(Digest::EMPTY));
    assert_eq!(find(told, long).sha256, Some(Digest::of(b"long")));
    assert_eq!(find(told, "in/folder/").kind, MemberKind::Directory);
    let link = find(told, "in/link");
    assert_eq!(link.kind, MemberKind::Symlink);
    assert_eq!(link.target.as_deref(), Some(&b"../../etc/passwd"[..]));
    assert!(told.contents.windows(6).any(|text| text == b"hello\n"));
}

#[test]
fn tar_in_all_its_forms() {
    let (folder, long) = folder();
    for tar in ["gnu", "posix"] {
        let forms = [
            ("", Format::Tar),
            ("--gzip", Format::TarGzip),
            ("--zstd", Format::TarZstd),
            ("--xz", Format::TarXz),
            ("--bzip2", Format::TarBzip2),
        ];
        for (option, expected) in forms {
            let path = folder.path().join("archive");
            let tar = format!("--format={tar}");
            let mut arguments = vec!["-cf", "archive", &tar, "in"];
            arguments.extend((!option.is_empty()).then_some(option));
            run(folder.path(), "tar", &arguments);
            let told = list(&path);
            let Listing::Listed { format, members, bytes } = told.listing else {
                panic!("{:?}", told.listing)
            };
            assert_eq!((format, members, bytes), (expected, 8, 120_004), "{tar} {option}");
            assert_eq!(members, told.members.len() as u64);
            check_contents(&told, &long);
        }
    }
}

#[test]
fn what_is_no_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.gz");
    let write = |bytes: &[u8]| fs::write(&path, bytes).unwrap();
    for bytes in [&b""[..], b"hello", &[0; 10_240], b"PK", b"# v2 git bundle\n"] {
        write(bytes);
        assert_eq!(list(&path).listing, Listing::NotAnArchive);
    }
    // Named as an archive, it is a broken one.
    let named = folder.path().join("src.tar.gz");
    fs::write(&named, b"\x1f\x8b\x08garbage").unwrap();
    assert!(matches!(list(&named).listing, Listing::Broken { format: Format::TarGzip, .. }));
}

/// A file compressed alone is read to its end, frame by frame; what is behind it is told, and zeros
/// are nothing.
#[test]
fn compressed_files_are_read_to_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let text = "insert into vaccination values (1);\n".repeat(20_000);
    let path = folder.path().join("text");
    fs::write(&path, &text).unwrap();
    for (program, format) in [
        ("gzip", Format::Gzip),
        ("zstd", Format::Zstd),
        ("xz", Format::Xz),
        ("bzip2", Format::Bzip2),
    ] {
        let output = Command::new(program).arg("-c").arg(folder.path().join("text")).output();
        let whole = output.unwrap().stdout;
        let packed = folder.path().join("packed");
        let told = |bytes: &[u8]| {
            fs::write(&packed, bytes).unwrap();
            list(&packed)
        };
        for bytes in [whole.clone(), [&whole[..], &vec![0; 70_000]].concat()] {
            let told = told(&bytes);
            assert!(
                matches!(told.listing, Listing::Listed { format: of, members: 0, .. } if of == format),
                "{program}: {:?}",
                told.listing
            );
            assert!(told.contents == text.as_bytes(), "{program}");
            assert_eq!(told.remarks, []);
        }
        let twice = told(&[whole.clone(), whole.clone()].concat());
        assert_eq!(twice.contents.len(), 2 * text.len(), "{program}");
        assert_eq!(twice.remarks, []);
        let behind = told(&[&whole[..], b"behind"].concat());
        assert_eq!(behind.contents.len(), text.len());
        let what = "6 bytes behind the end of what is compressed".to_owned();
        assert_eq!(behind.remarks, [(Condition::NotLookedInto, what)], "{program}");
        for cut in [whole.len() - 1, whole.len() / 2, 20] {
            let told = told(whole.get(..cut).unwrap());
            assert!(matches!(told.listing, Listing::Broken { .. }), "{program}, {cut} bytes");
        }
        let mut flipped = whole.clone();
        *flipped.get_mut(whole.len() / 2).unwrap() ^= 4;
        let told = told(&flipped);
        assert!(matches!(told.listing, Listing::Broken { .. }), "{program}: {:?}", told.listing);
    }
}

/// What takes more memory than is given may be whole: it is not called broken.
#[test]
fn large_windows_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("packed.zst");
    // The window is in the header of a frame whose size is not known.
    let script = "yes | head -c 1000000 | zstd -q --long=31 -c > packed.zst";
    run(folder.path(), "bash", &["-c", script]);
    let Listing::NotRead { reason, .. } = list(&packed).listing else { panic!() };
    assert!(reason.contains("zstd -t --long=31"), "{reason}");
    let script = "yes | head -c 1000000 | xz -c --lzma2=dict=512MiB > packed.xz";
    run(folder.path(), "bash", &["-c", script]);
    let Listing::NotRead { reason, .. } = list(&folder.path().join("packed.xz")).listing else {
        panic!()
    };
    assert!(reason.contains("xz -t"), "{reason}");
}

/// Cut anywhere, an archive is broken and never taken for a whole one.
#[test]
fn cut_archives_are_broken() {
    let (folder, _long) = folder();
    let all: [(&str, &[&str]); 6] = [
        ("a.tar", &["-cf", "a.tar", "in"]),
        ("a.tar.gz", &["-czf", "a.tar.gz", "in"]),
        ("a.tar.zst", &["--zstd", "-cf", "a.tar.zst", "in"]),
        ("a.tar.xz", &["-cJf", "a.tar.xz", "in"]),
        ("a.tar.bz2", &["-cjf", "a.tar.bz2", "in"]),
        ("a.zip", &[]),
    ];
    for (name, arguments) in all {
        match arguments {
            [] => run(folder.path(), "zip", &["-q", "-r", name, "in"]),
            _ => run(folder.path(), "tar", arguments),
        }
        let whole = fs::read(folder.path().join(name)).unwrap();
        // Of a plain tar the last 22 blocks may be the end mark and padding.
        let end = if name == "a.tar" { whole.len() - 22 * 512 } else { whole.len() - 1 };
        for cut in (600..end).step_by(whole.len() / 37 + 1).chain([end]) {
            let path = folder.path().join(format!("cut-{name}"));
            fs::write(&path, whole.get(..cut.min(end)).unwrap()).unwrap();
            let listing = list(&path).listing;
            assert!(matches!(listing, Listing::Broken { .. }), "{name} at {cut}: {listing:?}");
        }
    }
}

/// No byte of an archive makes the listing fail or end the program.
#[test]
fn changed_bytes_are_no_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/a"), "hello ".repeat(50)).unwrap();
    run(folder.path(), "zip", &["-q", "-r", "a.zip", "in"]);
    run(folder.path(), "tar", &["--format=posix", "-b1", "-cf", "a.tar", "in"]);
    run(folder.path(), "tar", &["--format=posix", "-czf", "a.tgz", "in"]);
    for name in ["a.zip", "a.tar", "a.tgz"] {
        let whole = fs::read(folder.path().join(name)).unwrap();
        let path = folder.path().join(format!("changed-{name}"));
        for at in 0..whole.len().min(4096) {
            for change in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                *bytes.get_mut(at).unwrap() ^= change;
                fs::write(&path, bytes).unwrap();
                list(&path);
            }
        }
    }
    // The contents of a zip have a checksum.
    let mut bytes = fs::read(folder.path().join("a.zip")).unwrap();
    let stored = folder.path().join("stored.zip");
    run(folder.path(), "zip", &["-q", "-0", "stored.zip", "in/a"]);
    bytes.clone_from(&fs::read(&stored).unwrap());
    let at = bytes.windows(5).position(|text| text == b"hello").unwrap();
    *bytes.get_mut(at).unwrap() = b'j';
    fs::write(&stored, bytes).unwrap();
    let Listing::Broken { reason, .. } = list(&stored).listing else { panic!() };
    assert_eq!(reason, "member 1 has a wrong checksum");
}

#[test]
fn bombs_stop_at_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = File::create(folder.path().join("zeros")).unwrap();
    zeros.set_len(20_000_000).unwrap();
    run(folder.path(), "zip", &["-q", "bomb.zip", "zeros"]);
    run(folder.path(), "tar", &["--gzip", "-cf", "bomb.tgz", "zeros"]);
    for name in ["bomb.zip", "bomb.tgz"] {
        let limits = Limits { bytes: 1_000_000, members: 10 };
        let told = list_with(&folder.path().join(name), &limits);
        let Listing::TooLarge { limit, .. } = told.listing else { panic!("{:?}", told.listing) };
        assert_eq!(limit, Limit::Bytes(1_000_000));
        assert!(told.contents.len() <= 1_000_000);
    }
    for name in ["bomb.zip", "bomb.tgz"] {
        let limits = Limits { bytes: u64::MAX, members: 0 };
        let listing = list_with(&folder.path().join(name), &limits).listing;
        assert!(matches!(listing, Listing::TooLarge { limit: Limit::Members(0), .. }));
    }
    assert_eq!(Limits::for_file(10).bytes, 1 << 30);
    assert_eq!(Limits::for_file(1 << 30).bytes, 200 << 30);
}

#[test]
fn many_small_bombs_stop_together() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = File::create(folder.path().join("zeros")).unwrap();
    zeros.set_len(20_000_000).unwrap();
    run(folder.path(), "zip", &["-q", "bomb.zip", "zeros"]);
    run(folder.path(), "tar", &["--gzip", "-cf", "bomb.tgz", "zeros"]);
    let limits = Limits { bytes: u64::MAX, members: 10 };
    for name in ["bomb.zip", "bomb.tgz"] {
        let path = folder.path().join(name);
        let size = fs::metadata(&path).unwrap().len();
        let together = Allowance::new(50_000_000);
        let listings: Vec<Listing> =
            (0..100).map(|_| list_among(&path, &limits, &together).listing).collect();
        let whole = listings.iter().filter(|one| matches!(one, Listing::Listed { .. })).count();
        let most = usize::try_from((50_000_000 + 100 * 20 * size) / 20_000_000).unwrap();
        assert!((2..=most).contains(&whole), "{name}: {whole} of at most {most}");
        assert!(
            listings
                .iter()
                .skip(most)
                .all(|one| matches!(one, Listing::TooLarge { limit: Limit::Together, .. }))
        );
    }
}

#[test]
fn what_is_no_bomb_needs_no_allowance() {
    let folder = tempfile::tempdir().unwrap();
    // A tar of a short file is mostly padding, and as long as what comes out of it.
    fs::write(folder.path().join("a"), vec![b'x'; 100_000]).unwrap();
    run(folder.path(), "tar", &["-cf", "a.tar", "a"]);
    let together = Allowance::new(0);
    for _ in 0..50 {
        let limits = Limits { bytes: u64::MAX, members: 10 };
        let listing = list_among(&folder.path().join("a.tar"), &limits, &together).listing;
        assert!(matches!(listing, Listing::Listed { members: 1, .. }), "{listing:?}");
    }
}

fn hostile_tar(build: impl FnOnce(&mut ::tar::Builder<File>)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    let mut builder = ::tar::Builder::new(File::create(&path).unwrap());
    build(&mut builder);
    builder.finish().unwrap();
    drop(builder);
    (folder, path)
}

fn add(builder: &mut ::tar::Builder<File>, name: &[u8], kind: u8, contents: &[u8]) {
    let mut header = ::tar::Header::new_ustar();
    header.as_mut_bytes().get_mut(..name.len()).unwrap().copy_from_slice(name);
    header.set_entry_type(::tar::EntryType::new(kind));
    header.set_size(contents.len() as u64);
    header.set_cksum();
    builder.append(&header, contents).unwrap();
}

#[test]
fn names_are_data() {
    let names: [&[u8]; 5] = [b"/etc/passwd", b"../../x", b"twice", b"twice", b"line\nfeed\xff"];
    let (_folder, path) = hostile_tar(|tar| {
        for name in names {
            add(tar, name, b'0', name);
        }
        add(tar, b"pax", b'x', b"22 path=new\nline\x01\x02abc\n");
        add(tar, b"old", b'0', b"");
    });
    let told = list(&path);
    assert!(matches!(told.listing, Listing::Listed { members: 6, .. }), "{:?}", told.listing);
    for (member, name) in told.members.iter().zip(names) {
        assert_eq!((member.name.as_slice(), member.sha256), (name, Some(Digest::of(name))));
    }
    assert_eq!(told.members.last().unwrap().name, b"new\nline\x01\x02abc");
}

#[test]
fn hostile_headers_of_tar() {
    // A long name that is only a long name in its header.
    let (_folder, path) = hostile_tar(|tar| {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(::tar::EntryType::GNULongName);
        header.set_size(1 << 60);
        header.set_cksum();
        tar.append(&header, &b""[..]).unwrap();
    });
    let Listing::Broken { reason, .. } = list(&path).listing else { panic!() };
    assert!(reason.contains("more than a mebibyte"), "{reason}");
    for records in
        [&b"5 a=b\n"[..], b"99999999999999999999 path=x\n", b"x", b"6 path\n", b"0 a=b\n"]
    {
        let (_folder, path) = hostile_tar(|tar| {
            add(tar, b"pax", b'x', records);
            add(tar, b"a", b'0', b"");
        });
        assert!(matches!(list(&path).listing, Listing::Broken { .. }));
    }
    // A second archive behind the end of the first.
    let (folder, path) = hostile_tar(|tar| add(tar, b"a", b'0', b""));
    let once = fs::read(&path).unwrap();
    let twice = folder.path().join("twice.tar");
    fs::write(&twice, [once.clone(), once].concat()).unwrap();
    let told = list(&twice);
    assert!(matches!(told.listing, Listing::Listed { members: 2, .. }), "{:?}", told.listing);
    assert_eq!(told.remarks.first().unwrap().0, Condition::Joined);
    // Something else behind it.
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([7; 700]);
    fs::write(&twice, bytes).unwrap();
    let told = list(&twice);
    assert!(matches!(told.listing, Listing::Listed { members: 1, .. }), "{:?}", told.listing);
    let what = "700 bytes after the end mark of the tar".to_owned();
    assert_eq!(told.remarks, [(Condition::NotLookedInto, what)]);
}

#[test]
fn sparse_files_have_no_digest_and_are_passed_over_rightly() {
    let folder = tempfile::tempdir().unwrap();
    let file = File::create(folder.path().join("holes")).unwrap();
    file.set_len(50_000_000).unwrap();
    for at in (0..50).map(|n| n * 1_000_000) {
        std::os::unix::fs::FileExt::write_all_at(&file, b"data", at).unwrap();
    }
    fs::write(folder.path().join("next"), "next").unwrap();
    for format in ["--format=gnu", "--format=posix"] {
        run(folder.path(), "tar", &["-S", format, "-cf", "x.tar", "holes", "next"]);
        let told = list(&folder.path().join("x.tar"));
        let holes = find(&told, "holes");
        assert_eq!((holes.size, holes.sha256), (50_000_000, None), "{format}");
        assert!(holes.unread.as_ref().unwrap().contains("sparse"));
        assert_eq!(find(&told, "next").sha256, Some(Digest::of(b"next")), "{format}");
    }
}

#[test]
fn errors_of_the_caller_and_the_interrupt_end_it() {
    let (folder, _long) = folder();
    run(folder.path(), "tar", &["-cf", "a.tar", "in"]);
    let path = folder.path().join("a.tar");
    let limits = Limits::for_file(1);
    let mut fail = |_seen: Seen<'_>| Err(anyhow::anyhow!("no more"));
    let mut file = File::open(&path).unwrap();
    let interrupt = Interrupt::default();
    let error =
        list_members(&mut file, "a.tar", &limits, &Allowance::new(u64::MAX), &interrupt, &mut fail)
            .unwrap_err();
    assert_eq!(error.to_string(), "no more");
    interrupt.raise();
    let error = list_members(
        &mut file,
        "a.tar",
        &limits,
        &Allowance::new(u64::MAX),
        &interrupt,
        &mut |_| Ok(()),
    )
    .unwrap_err();
    assert!(error.is::<handover_cli_kit::interrupt::Interrupted>());
}
