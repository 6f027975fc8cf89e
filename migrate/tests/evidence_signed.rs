//! Result files with a signature: what holds is loaded and recorded, everything else is refused.

use std::fs;

use handover_testkit::{Authority, Run};
use serde_json::json;

use crate::evidence_sender::Sender;
use crate::support::says;

#[test]
fn a_signature_of_the_sender_is_recorded() {
    let sender = Sender::new();
    let signature = sender.sign("sender", "");
    let found = sender.loaded("x", &signature, "sender.pem");
    assert_eq!(found["format"], "cms");
    let one = &found["signers"][0];
    assert_eq!(one["subject"], "CN=sender,O=C06,C=VN");
    assert_eq!(one["fingerprint"], sender.fingerprint("sender.pem"));
    assert_eq!(one["authority"], json!(null));
    assert!(one["signedOn"].as_str().unwrap().ends_with('Z'), "{found}");
    assert_eq!(found["signers"].as_array().unwrap().len(), 1);

    let list = sender.evidence(&["--list"]).go();
    let digits = sender.fingerprint("sender.pem");
    let line = format!("  signed  CMS CN=sender,O=C06,C=VN (SHA-256 {digits}), checked as of ");
    assert!(list.expect(0).stdout.contains(&line), "{}", list.stdout);

    // The same command again does nothing; another signature, or none where one is, changes nothing.
    let again = sender.load("x", &signature, "sender.pem");
    assert!(again.expect(0).stdout.contains("\"already_loaded\": true"), "{}", again.stdout);
    let plain = ["--file", "results.csv", "--name", "x"];
    sender.evidence(&plain).go().expect(0);
    sender.certificate("other", "ca", "rsa:2048", "");
    let other = sender.load("x", &sender.sign("other", ""), "other.pem");
    says(other.expect(2), &["without this signature", "under another name"]);
    sender.evidence(&["--file", "results.csv", "--name", "y"]).go().expect(0);
    let later = sender.load("y", &signature, "sender.pem");
    says(later.expect(2), &["without this signature"]);
    let list = sender.evidence(&["--list"]).go();
    assert!(
        list.expect(0).stdout.contains("it carries no signature: compare SHA-256 "),
        "{}",
        list.stdout
    );
}

#[test]
fn the_usual_algorithms_and_forms_are_read() {
    let sender = Sender::new();
    let ec = |curve: &str| format!("ec -pkeyopt ec_paramgen_curve:{curve}");
    sender.certificate("p256", "ca", &ec("prime256v1"), "");
    sender.certificate("p384", "ca", &ec("secp384r1"), "");
    let pss = "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:digest";
    for (number, who, more) in [
        (1, "sender", "-md sha256".to_owned()),
        (2, "sender", "-md sha384".to_owned()),
        (3, "sender", "-md sha512".to_owned()),
        (4, "sender", format!("-md sha256 {pss}")),
        (5, "sender", format!("-md sha512 {pss}")),
        (6, "p256", "-md sha256".to_owned()),
        (7, "p384", "-md sha384".to_owned()),
        (8, "p384", "-md sha256".to_owned()),
        // By key identifier, without its certificate, as CAdES.
        (9, "sender", "-keyid".to_owned()),
        (10, "sender", "-nocerts".to_owned()),
        (11, "sender", "-cades".to_owned()),
    ] {
        let signature = sender.sign(who, &more);
        let found = sender.loaded(&format!("x{number}"), &signature, &format!("{who}.pem"));
        let subject = format!("CN={who},O=C06,C=VN");
        assert_eq!(found["signers"][0]["subject"], subject, "{more}");
    }
    // PEM under either label, and a certificate in DER.
    sender.sign("sender", "");
    sender.openssl("cms -cmsout -inform DER -in sender.p7s -outform PEM -out sender.pem.p7s");
    sender.openssl("x509 -in sender.pem -outform DER -out sender.der");
    let text = fs::read_to_string(sender.at("sender.pem.p7s")).unwrap();
    fs::write(sender.at("pkcs7.p7s"), text.replace("CMS-----", "PKCS7-----")).unwrap();
    let of_der = sender.loaded("der", "sender.p7s", "sender.der");
    for (name, file) in [("pem", "sender.pem.p7s"), ("pkcs7", "pkcs7.p7s")] {
        assert_eq!(sender.loaded(name, file, "sender.der")["sha256"], of_der["sha256"]);
    }
}

#[test]
fn an_authority_that_issued_the_certificate_is_enough() {
    let sender = Sender::new();
    sender.certificate(
        "between",
        "ca",
        "rsa:2048",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign",
    );
    let purposes = "keyUsage=critical,nonRepudiation\nextendedKeyUsage=clientAuth,emailProtection";
    sender.certificate("leaf", "between", "rsa:2048", purposes);
    let signature = sender.sign("leaf", "-certfile between.pem");
    let found = sender.loaded("x", &signature, "ca.pem");
    let one = &found["signers"][0];
    assert_eq!(one["subject"], "CN=leaf,O=C06,C=VN");
    assert_eq!(one["authority"]["subject"], "CN=ca,O=Authority");
    assert_eq!(one["authority"]["fingerprint"], sender.fingerprint("ca.pem"));
    // The authority in the middle will do as well; the certificate that it issued, by itself too.
    assert!(sender.loaded("y", &signature, "between.pem")["signers"][0]["authority"].is_object());
    assert!(sender.loaded("z", &signature, "leaf.pem")["signers"][0]["authority"].is_null());
}

#[test]
fn certificates_that_do_not_count() {
    let sender = Sender::new();
    sender.authority("foreign");
    sender.certificate("stranger", "foreign", "rsa:2048", "");
    sender.certificate("server", "ca", "rsa:2048", "extendedKeyUsage=serverAuth");
    sender.certificate("sealer", "ca", "rsa:2048", "keyUsage=critical,keyEncipherment");
    let leaf = "basicConstraints=critical,CA:FALSE";
    sender.certificate("issuer", "ca", "rsa:2048", leaf);
    sender.certificate("issued", "issuer", "rsa:2048", "");
    let late = Authority::new("late");
    let expired = late.expired_identity("DNS:expired");
    fs::write(sender.at("expired.pem"), &expired.certificate).unwrap();
    fs::write(sender.at("expired.key"), &expired.key).unwrap();
    fs::copy(late.root(), sender.at("late.pem")).unwrap();
    for (who, more, believed, parts) in [
        ("stranger", "", "ca.pem", ["was not issued by CN=ca", "no path of certificates"]),
        ("stranger", "", "sender.pem", ["signed with another certificate", "no authority's"]),
        ("sender", "", "stranger.pem", ["signed with another certificate", "CN=sender"]),
        ("expired", "", "late.pem", ["expired on ", "ask the sender to sign again"]),
        ("expired", "", "expired.pem", ["expired on ", "ask the sender to sign again"]),
        ("server", "", "ca.pem", ["extended key usage", "other purposes"]),
        ("sealer", "", "ca.pem", ["may not sign", "keyUsage"]),
        ("sealer", "", "sealer.pem", ["may not sign", "keyUsage"]),
        ("issued", "-certfile issuer.pem", "ca.pem", ["was not issued by", "no path"]),
        ("issued", "-nocerts", "ca.pem", ["is not in it", "--sender"]),
    ] {
        let signature = sender.sign(who, more);
        sender.is_refused(&sender.load("x", &signature, believed), &parts);
    }
    let both = [fs::read(sender.at("ca.pem")).unwrap(), fs::read(sender.at("sender.pem")).unwrap()];
    fs::write(sender.at("both.pem"), both.concat()).unwrap();
    let signature = sender.sign("sender", "");
    sender.is_refused(&sender.load("x", &signature, "both.pem"), &["it has 2 certificates"]);
    sender.is_refused(&sender.load("x", &signature, "results.csv"), &["not an X.509"]);
    let nobody = ["--file", "results.csv", "--name", "x", "--signature", "sender.p7s"];
    sender.is_refused(&sender.evidence(&nobody).go(), &["who is believed?", "--sender"]);
}

#[test]
fn every_signer_has_to_hold() {
    let sender = Sender::new();
    sender.certificate("second", "ca", "rsa:2048", "");
    sender.authority("foreign");
    sender.certificate("stranger", "foreign", "rsa:2048", "");
    let two = "-signer second.pem -inkey second.key";
    let found = sender.loaded("x", &sender.sign("sender", two), "ca.pem");
    assert_eq!(found["signers"].as_array().unwrap().len(), 2);
    fs::remove_file(sender.at("target.sqlite")).unwrap();
    let with_stranger = sender.sign("sender", "-signer stranger.pem -inkey stranger.key");
    let outcome = sender.load("x", &with_stranger, "ca.pem");
    sender.is_refused(&outcome, &["signer ", "CN=stranger", "was not issued by"]);
}

#[test]
fn another_file_and_a_flipped_bit() {
    let sender = Sender::new();
    let signature = sender.sign("sender", "");
    let sound = fs::read(sender.at(&signature)).unwrap();
    // Wherever the bit is, the signature is refused or is, byte for byte, still one of this sender:
    // what nobody signs (unsigned attributes, the order of a set) is not there.
    let mut refused = 0;
    for at in (0..sound.len()).step_by(37) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        fs::write(sender.at("flipped.p7s"), bytes).unwrap();
        let outcome = sender.load("x", "flipped.p7s", "sender.pem");
        if outcome.code == Some(0) {
            // The embedded certificate is not the one that is believed, and neither is needed.
            fs::remove_file(sender.at("target.sqlite")).unwrap();
        } else {
            sender.is_refused(&outcome, &["is refused, and nothing was loaded"]);
            refused += 1;
        }
    }
    assert!(refused > 10, "{refused}");
    let tail = sound.len() - 10;
    let mut bytes = sound.clone();
    bytes[tail] ^= 1;
    fs::write(sender.at("flipped.p7s"), bytes).unwrap();
    let outcome = sender.load("x", "flipped.p7s", "sender.pem");
    sender.is_refused(&outcome, &["the signature does not hold for the key of CN=sender"]);
    fs::write(sender.at("results.csv"), "number,result\n1,verified\n").unwrap();
    let outcome = sender.load("x", &signature, "sender.pem");
    sender.is_refused(&outcome, &["it is over another file", "SHA-256", "CN=sender"]);
}

#[test]
fn weak_and_foreign_forms_are_refused_by_name() {
    let sender = Sender::new();
    sender.certificate("short", "ca", "rsa:1024", "");
    let curve = "ec -pkeyopt ec_paramgen_curve:prime256v1";
    sender.certificate("p256", "ca", curve, "");
    for (who, more, parts) in [
        ("sender", "-md sha1", ["its digest is SHA-1", "sign again"]),
        ("sender", "-md md5", ["its digest is MD5", "sign again"]),
        ("sender", "-md sha224", ["its digest is SHA-224", "sign again"]),
        ("sender", "-noattr", ["no signed attributes", "-noattr"]),
        ("sender", "-nodetach", ["holds the content itself", "detached"]),
        (
            "sender",
            "-econtent_type 1.3.6.1.4.1.99999.1",
            ["content of type 1.3.6.1.4.1", "id-data"],
        ),
        (
            "sender",
            "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20",
            ["RSASSA-PSS parameters", "saltlen:digest"],
        ),
        ("short", "", ["does not hold", "less than 2048"]),
        ("p256", "-md sha512", ["ECDSA with SHA-512", "not believed"]),
    ] {
        let signature = sender.sign(who, more);
        sender.is_refused(&sender.load("x", &signature, &format!("{who}.pem")), &parts);
    }
    sender.openssl(
        "cms -sign -binary -in results.csv -signer sender.pem -inkey sender.key -outform SMIME \
         -out smime.txt",
    );
    sender.openssl("crl2pkcs7 -nocrl -certfile sender.pem -outform DER -out nobody.p7s");
    fs::write(sender.at("ber.p7s"), [0x30, 0x80, 0x06, 0x09]).unwrap();
    fs::write(sender.at("long.p7s"), vec![0x30; (1 << 20) + 1]).unwrap();
    fs::write(sender.at("cut.p7s"), [0x30, 0x82, 0x10]).unwrap();
    for (file, part) in [
        ("smime.txt", "S/MIME"),
        ("nobody.p7s", "nobody's signature"),
        ("ber.p7s", "indefinite lengths"),
        ("long.p7s", "longer than 1048576 bytes"),
        ("cut.p7s", "not CMS in DER"),
        ("sender.pem", "PEM of something else"),
        ("results.csv", "neither CMS (DER or PEM) nor a DSSE envelope"),
    ] {
        sender.is_refused(&sender.load("x", file, "sender.pem"), &[part]);
    }
}

#[test]
fn open_pgp_is_told_and_not_read() {
    let sender = Sender::new();
    let armour = "-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n";
    fs::write(sender.at("armour.asc"), armour).unwrap();
    // The first byte of a signature packet, in the old and the new form.
    fs::write(sender.at("old.sig"), [0x89, 1, 0x33, 4]).unwrap();
    fs::write(sender.at("new.sig"), [0xc2, 0x5e, 4]).unwrap();
    for file in ["armour.asc", "old.sig", "new.sig"] {
        let outcome = sender.load("x", file, "sender.pem");
        sender.is_refused(&outcome, &["OpenPGP", "gpg --verify", "without --signature", "CMS"]);
    }
}

#[test]
fn a_signature_is_a_small_regular_file() {
    let sender = Sender::new();
    Run::program("mkfifo").arg(sender.at("pipe")).go().expect(0);
    for (file, part) in [("none.p7s", "No such file"), ("pipe", "it is not a file")] {
        sender.is_refused(&sender.load("x", file, "sender.pem"), &["cannot read", file, part]);
    }
}
