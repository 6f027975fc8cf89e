//! Names of any length, in folders and in archives: what is sealed can be read again.

use std::fs;

use handover_testkit::Run;

use crate::package_made::{Delivery, deep, judged, verify};

#[test]
fn the_longest_paths_are_sealed_and_longer_ones_refused() {
    let delivery = Delivery::new("", "");
    // In JSON each of these characters takes six.
    deep(&delivery.delivered(), &"\u{1}".repeat(250), 260);
    delivery.made();
    verify(&delivery.package()).go().expect(0);

    let delivery = Delivery::new("", "");
    deep(&delivery.delivered(), &"d".repeat(250), 270);
    let refused = delivery.artifacts();
    assert!(refused.expect(2).stderr.contains("document: the path that begins with dddd"));
    assert!(refused.stderr.contains("a package takes paths of 65536"), "{}", refused.stderr);
    assert!(!delivery.package().exists());
}

/// An archive may hold names of a megabyte. Those that are too long for a line are a finding, and
/// the package is sound.
#[test]
fn an_archive_with_a_name_that_is_too_long_is_a_finding() {
    let write = "import io, sys, tarfile\n\
                 out = tarfile.open(sys.argv[1], \"w\", format=tarfile.PAX_FORMAT)\n\
                 for name in \"a\", \"\\x01\" * int(sys.argv[2]), \"z\":\n\
                 \x20   info = tarfile.TarInfo(name)\n\
                 \x20   info.type, info.linkname = tarfile.SYMTYPE, name\n\
                 \x20   out.addfile(info)\n\
                 out.close()\n";
    for (length, code, members) in [("60000", 0, 3), ("65537", 1, 1), ("500000", 1, 1)] {
        let delivery = Delivery::new("", "");
        let archive = delivery.delivered().join("long.tar");
        let python = Run::program("python3").args(["-c", write]).arg(&archive).arg(length);
        python.go().expect(0);
        let report = delivery.artifacts();
        let found = report.expect(code).stdout.contains("archive_too_large");
        assert_eq!(found, code == 1, "{}", report.stdout);
        assert_eq!(judged(&delivery.package()).findings, []);
        let lines = fs::read_to_string(delivery.package().join("members.jsonl")).unwrap();
        assert_eq!(lines.lines().count(), members);
    }
}
