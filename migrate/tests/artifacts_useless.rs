//! What was delivered and is of no use: damaged, encrypted, empty, incomplete. None of it is
//! `verified`.

use flate2::Crc;
use handover_testkit::Run;
use serde_json::json;

use crate::artifacts_delivery::{DOCUMENTS, Delivery, counts};

/// Receives one file; gives the state of its deliverable, and what was found.
#[track_caller]
fn receive(name: &str, bytes: &[u8]) -> (String, Vec<(String, String, String)>) {
    let delivery = Delivery::new();
    delivery.put(name, bytes);
    judged(&delivery)
}

#[track_caller]
fn judged(delivery: &Delivery) -> (String, Vec<(String, String, String)>) {
    let outcome = delivery.receive().arg("--quiet").go();
    let report = crate::support::json(&outcome);
    let state = &report["inventory"]["components"][0]["deliverables"][0]["state"];
    (state.as_str().unwrap_or_else(|| panic!("{report:#}")).to_owned(), delivery.found())
}

/// The only finding is of this kind, says this, and the deliverable is not verified.
#[track_caller]
fn is_useless(name: &str, bytes: &[u8], kind: &str, what: &str) {
    let (state, found) = receive(name, bytes);
    let [(of, path, said)] = found.as_slice() else { panic!("{name}: {found:?}") };
    assert_eq!((of.as_str(), path.as_str()), (kind, name), "{said}");
    assert!(said.contains(what), "{name}: {said}");
    assert_eq!(state, "received", "{name}");
}

fn shell(script: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    Run::program("bash").args(["-ec", script]).dir(folder.path()).go().expect(0);
    std::fs::read(folder.path().join("out")).unwrap()
}

#[test]
fn damaged_dumps() {
    for program in ["gzip", "bzip2", "xz", "zstd"] {
        let whole = shell(&format!("seq 200000 | {program} -c > out"));
        let name = format!("dump.sql.{}", program.get(..2).unwrap());
        let name = match program {
            "gzip" => "dump.sql.gz".to_owned(),
            "zstd" => "dump.sql.zst".to_owned(),
            "bzip2" => "dump.sql.bz2".to_owned(),
            _ => name,
        };
        let (state, found) = receive(&name, &whole);
        assert_eq!((state.as_str(), found), ("verified", vec![]), "{program}");
        is_useless(&name, whole.get(..whole.len() / 2).unwrap(), "archive_broken", "");
        let mut flipped = whole.clone();
        *flipped.get_mut(whole.len() / 2).unwrap() ^= 1;
        is_useless(&name, &flipped, "archive_broken", "");
    }
    is_useless("dump.sql.gz", b"-- a dump that nobody compressed", "archive_broken", "is none");
    let database = shell("sqlite3 out 'create table t (x); insert into t select randomblob(9000)'");
    let (state, _) = receive("app.db", &database);
    assert_eq!(state, "verified");
    is_useless("app.db", database.get(..4096).unwrap(), "archive_broken", "too early");
}

#[test]
fn what_takes_a_password() {
    let zip = shell("echo secret > a; zip -q -P key out.zip a; mv out.zip out");
    is_useless("source.zip", &zip, "content_encrypted", "1 members take a password");
    is_useless("source.7z", &seven_zip("-pkey"), "content_encrypted", "password");
    is_useless("hidden.7z", &seven_zip("-pkey -mhe=on"), "content_encrypted", "password");
    is_useless("source.rar", &rar5(&[file_header(true), end_header()]), "content_encrypted", "");
    is_useless("hidden.rar", &rar5(&[header(&[4, 0, 0])]), "content_encrypted", "");
    is_useless("key.age", b"age-encryption.org/v1\n-> X25519 abc\n", "content_encrypted", "key");
}

#[test]
fn what_has_no_bytes_and_should() {
    is_useless("setup.exe", b"", "content_empty", "no bytes");
    is_useless("dump.sql.gz", b"", "content_empty", "no bytes");
    let (state, found) = receive("src/.gitkeep", b"");
    assert_eq!((state.as_str(), found), ("verified", vec![]));
}

#[test]
fn cut_and_damaged_archives_that_are_not_listed() {
    for options in ["-mhc=off", ""] {
        let whole = seven_zip(options);
        assert_eq!(receive("a.7z", &whole), ("verified".to_owned(), vec![]));
        is_useless("a.7z", whole.get(..whole.len() - 1).unwrap(), "archive_broken", "too early");
        is_useless("a.7z", whole.get(..20).unwrap(), "archive_broken", "start is damaged");
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        is_useless("a.7z", &flipped, "archive_broken", "damaged");
        is_useless("a.7z", &[9; 100], "archive_broken", "is none");
    }
    let whole = rar5(&[file_header(false), end_header()]);
    is_useless("a.rar", &whole, "not_looked_into", "unrar t");
    let delivery = Delivery::new();
    delivery.put("a.rar", &whole);
    delivery.received(1);
    let members = std::fs::read_to_string(delivery.package().join("members.jsonl")).unwrap();
    assert!(members.contains("\"name\":\"a\",\"kind\":\"file\",\"size\":5"), "{members}");
    assert!(!members.contains("sha256"), "what is not read has no digest: {members}");
    is_useless("a.rar", &rar5(&[file_header(false)]), "archive_broken", "cut off");
    is_useless("a.rar", whole.get(..whole.len() - 2).unwrap(), "archive_broken", "cut off");
    let mut flipped = whole.clone();
    *flipped.get_mut(14).unwrap() ^= 1;
    is_useless("a.rar", &flipped, "archive_broken", "header is damaged");
    let disc = iso();
    is_useless("a.iso", &disc, "not_looked_into", "all its blocks");
    is_useless("a.iso", disc.get(..disc.len() - 2048).unwrap(), "archive_broken", "too early");
}

#[test]
fn parts_of_split_archives() {
    let whole = seven_zip("-m0=copy -mhc=off");
    let (first, rest) = whole.split_at(20);
    let (second, third) = rest.split_at(20);
    let delivery = Delivery::new();
    delivery.put("x.7z.001", [whole.get(..32).unwrap(), &[0; 3]].concat());
    delivery.put("x.7z.003", third);
    let (state, found) = judged(&delivery);
    let kinds: Vec<_> = found.iter().map(|one| (one.0.as_str(), one.1.as_str())).collect();
    assert_eq!(kinds, [("part_missing", "x.7z.001"), ("part_missing", "x.7z.003")], "{found:?}");
    assert_eq!(found[1].2, "x.7z.002 is not there");
    assert_eq!(state, "received");
    // All are there: nothing is to be delivered again, and nothing was looked into.
    let delivery = Delivery::new();
    for (name, part) in [("x.7z.001", first), ("x.7z.002", second), ("x.7z.003", third)] {
        delivery.put(name, part);
    }
    let (_, found) = judged(&delivery);
    let [(kind, path, what)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((kind.as_str(), path.as_str()), ("not_looked_into", "x.7z.001"));
    assert!(what.contains("3 parts"), "{what}");
    // A zip that Info-ZIP split, with and without one of its parts.
    let delivery = Delivery::new();
    delivery.shell("head -c 200000 /dev/urandom > a; zip -q -s 64k x.zip a; rm a; test -e x.z03");
    let (_, found) = judged(&delivery);
    assert!(found.iter().all(|one| one.0 == "not_looked_into"), "{found:?}");
    delivery.shell("rm x.z02");
    std::fs::remove_dir_all(delivery.package()).unwrap();
    let (state, found) = judged(&delivery);
    assert!(found.iter().any(|one| one.2 == "x.z02 is not there"), "{found:?}");
    assert_eq!(state, "received");
}

/// What is wrong, and a secret, is found in archives within archives; how deep is bounded.
#[test]
fn archives_within_archives() {
    let inner = "mkdir d; printf 'password = \"Xq7-Thuy-Bien-92kd\"\\n' > d/app.properties; \
                 tar czf inner.tar.gz d; ";
    let whole = shell(&format!("{inner} zip -q out.zip inner.tar.gz; mv out.zip out"));
    let delivery = Delivery::new();
    delivery.put("outer.zip", &whole);
    let (state, _) = judged(&delivery);
    assert_eq!(state, "verified");
    let found = delivery.findings();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["kind"], "secret_found");
    assert_eq!(found[0]["member"], "inner.tar.gz/d/app.properties");
    let members = std::fs::read_to_string(delivery.package().join("members.jsonl")).unwrap();
    assert_eq!(members.lines().count(), 1, "{members}");

    let cut = shell(
        "seq 99999 > x; tar czf in.tgz x; truncate -s -30 in.tgz; zip -q out.zip in.tgz; \
         mv out.zip out",
    );
    is_useless("outer.zip", &cut, "archive_broken", "too early");
    let deep = shell(
        "echo x > f; zip -q 1.zip f; for i in 1 2 3 4; do zip -q $((i+1)).zip $i.zip; done; \
         mv 5.zip out",
    );
    is_useless("deep.zip", &deep, "not_looked_into", "more than 3 deep");
}

/// Two zips in one file: the first one's members are listed, too, and so is a secret in it.
#[test]
fn two_zips_in_one_file() {
    let both = shell(
        "printf 'password = \"Xq7-Thuy-Bien-92kd\"\\n' > app.properties; echo x > readme; \
         zip -q 1.zip app.properties; zip -q 2.zip readme; cat 1.zip 2.zip > out",
    );
    let delivery = Delivery::new();
    delivery.put("both.zip", &both);
    let (state, found) = judged(&delivery);
    let kinds: Vec<_> = found.iter().map(|one| one.0.as_str()).collect();
    assert_eq!(kinds, ["archives_joined", "secret_found"], "{found:?}");
    assert_eq!(state, "verified");
    let members = std::fs::read_to_string(delivery.package().join("members.jsonl")).unwrap();
    assert_eq!(members.lines().count(), 2, "{members}");
    delivery.is_whole();
}

/// A list that leaves files out says nothing of them.
#[test]
fn checksum_lists_that_leave_files_out() {
    let delivery = Delivery::new();
    delivery.configure(&format!("{DOCUMENTS}checksums = \"SHA256SUMS\"\n"));
    for name in ["a", "b", "in/c"] {
        delivery.put(name, name);
    }
    delivery.shell("sha256sum a > SHA256SUMS; echo signature > SHA256SUMS.asc");
    let report = delivery.received(1);
    assert_eq!(counts(&report), [("checksum_missing".to_owned(), 2)].into());
    let line = &report["inventory"]["components"][0]["deliverables"][0];
    assert_eq!(line["state"], json!("received"));
    let paths: Vec<_> = delivery.found().into_iter().map(|one| one.1).collect();
    assert_eq!(paths, ["b", "in/c"]);
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A 7z archive with a file of five bytes, made with these options.
fn seven_zip(options: &str) -> Vec<u8> {
    shell(&format!("printf hello > a; 7zz a -bso0 {options} out.7z a; mv out.7z out"))
}

/// A header of RAR 5: checksum, size, fields.
fn header(fields: &[u8]) -> Vec<u8> {
    let sized = [&[u8::try_from(fields.len()).unwrap()], fields].concat();
    [&crc(&sized).to_le_bytes()[..], &sized].concat()
}

/// Of a file `a` with five bytes: type, flags, extra and data size, then the file's own fields.
fn file_header(encrypted: bool) -> Vec<u8> {
    let own = [0, 5, 0, 0, 1, 1, b'a'];
    // A record of type 1: version, flags, and so on.
    let extra: &[u8] = if encrypted { &[3, 1, 0, 0] } else { &[] };
    let flags = if encrypted { 3 } else { 2 };
    let sizes: &[u8] = if encrypted { &[4, 5] } else { &[5] };
    [header(&[&[2, flags], sizes, &own, extra].concat()), b"hello".to_vec()].concat()
}

fn end_header() -> Vec<u8> {
    header(&[5, 0, 0])
}

fn rar5(headers: &[Vec<u8>]) -> Vec<u8> {
    [b"Rar!\x1a\x07\x01\0".to_vec(), header(&[1, 0, 0]), headers.concat()].concat()
}

/// An image of 20 blocks: the primary volume descriptor, its end mark, nothing else.
fn iso() -> Vec<u8> {
    let mut image = vec![0; 20 * 2048];
    let mut put = |at: usize, bytes: &[u8]| {
        image.get_mut(at..at + bytes.len()).unwrap().copy_from_slice(bytes);
    };
    put(16 * 2048, b"\x01CD001\x01");
    put(16 * 2048 + 80, &20_u32.to_le_bytes());
    put(16 * 2048 + 128, &2048_u16.to_le_bytes());
    put(17 * 2048, b"\xffCD001\x01");
    image
}
