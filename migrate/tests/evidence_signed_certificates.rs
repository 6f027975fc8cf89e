//! Which certificate of several is a signer's, and what those at either end of a path may be for.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::evidence_sender::Sender;

/// 9999-12-31 in days since 1970-01-01.
const LAST_DAY: u64 = 2_932_896;

/// RFC 5280 section 4.1.2.5: certificates without an end are valid until the end of year 9999.
#[test]
fn a_certificate_without_an_end() {
    let sender = Sender::new();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let days = LAST_DAY - now.as_secs() / 86_400;
    sender.openssl(&format!(
        "req -x509 -newkey rsa:2048 -nodes -keyout endless.key -out endless.pem -days {days} \
         -subj /CN=endless"
    ));
    let found = sender.loaded("x", &sender.sign("endless", ""), "endless.pem");
    assert_eq!(found["signers"][0]["validUntil"], "9999-12-30T22:00:00Z");
}

#[test]
fn a_certificate_for_servers_is_none_for_documents_wherever_it_stands() {
    let sender = Sender::new();
    sender.certificate("server", "ca", "rsa:2048", "extendedKeyUsage=serverAuth");
    let outcome = sender.load("x", &sender.sign("server", ""), "server.pem");
    sender.is_refused(&outcome, &["extended key usage of the signer's certificate", "CN=server"]);
    let authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
    let servers = format!("{authority}extendedKeyUsage=serverAuth");
    sender.certificate("servers", "ca", "rsa:2048", &servers);
    sender.certificate("leaf", "servers", "rsa:2048", "");
    let outcome = sender.load("x", &sender.sign("leaf", ""), "servers.pem");
    let parts = ["extended key usage of the authority's certificate", "CN=servers"];
    sender.is_refused(&outcome, &parts);
    let documents = "extendedKeyUsage=serverAuth,emailProtection";
    sender.certificate("both", "ca", "rsa:2048", documents);
    sender.loaded("x", &sender.sign("both", ""), "both.pem");
}

#[test]
fn an_authority_that_may_have_none_below_it() {
    let sender = Sender::new();
    let authority = "keyUsage=critical,keyCertSign\nbasicConstraints=critical,CA:TRUE";
    sender.certificate("narrow", "ca", "rsa:2048", &format!("{authority},pathlen:0"));
    sender.certificate("below", "narrow", "rsa:2048", authority);
    sender.certificate("leaf", "below", "rsa:2048", "");
    let signature = sender.sign("leaf", "-certfile below.pem");
    let outcome = sender.load("x", &signature, "narrow.pem");
    sender.is_refused(&outcome, &["pathLenConstraint is 0", "CN=narrow"]);
    sender.certificate("direct", "narrow", "rsa:2048", "");
    sender.loaded("x", &sender.sign("direct", ""), "narrow.pem");
}

/// One key in two certificates: the signer says by digest (RFC 5035) which is meant.
#[test]
fn one_key_in_two_certificates() {
    let sender = Sender::new();
    sender.openssl(
        "x509 -req -in sender.csr -CA ca.pem -CAkey ca.key -days 9 -extfile extensions -out twin.pem",
    );
    fs::copy(sender.at("sender.key"), sender.at("twin.key")).unwrap();
    for md in ["sha256", "sha384", "sha512"] {
        let signature = sender.sign("sender", &format!("-cades -keyid -nocerts -md {md}"));
        let outcome = sender.load("x", &signature, "twin.pem");
        sender.is_refused(&outcome, &["signed for another certificate", "signing-certificate"]);
    }
    let signature = sender.sign("sender", "-keyid -certfile twin.pem");
    let outcome = sender.load("x", &signature, "ca.pem");
    sender.is_refused(&outcome, &["several certificates fit", "-cades"]);
    let signature = sender.sign("twin", "-cades -keyid -certfile sender.pem");
    let found = sender.loaded("x", &signature, "ca.pem");
    assert_eq!(found["signers"][0]["fingerprint"], sender.fingerprint("twin.pem"));
    let signature = sender.sign("sender", "-cades -keyid -certfile twin.pem -md sha512");
    let found = sender.loaded("y", &signature, "ca.pem");
    assert_eq!(found["signers"][0]["fingerprint"], sender.fingerprint("sender.pem"));
}

#[test]
fn a_second_signature_in_one_file_is_not_passed_over() {
    let sender = Sender::new();
    sender.sign("sender", "");
    sender.openssl("cms -cmsout -inform DER -in sender.p7s -outform PEM -out one.p7s");
    let one = fs::read_to_string(sender.at("one.p7s")).unwrap();
    for second in [one.clone(), one.replace("CMS-----", "PKCS7-----")] {
        fs::write(sender.at("two.p7s"), format!("{one}{second}")).unwrap();
        let outcome = sender.load("x", "two.p7s", "sender.pem");
        sender.is_refused(&outcome, &["it has 2 PEM blocks", "a file of its own"]);
    }
}

#[test]
fn a_certificate_and_a_trust_file_are_not_given_together() {
    let sender = Sender::new();
    let signature = sender.sign("sender", "");
    let run = sender.evidence(&["--file", "results.csv", "--name", "x", "--signature", &signature]);
    let outcome = run.args(["--sender", "sender.pem", "--trust", "trust.toml"]).go();
    sender.is_refused(&outcome, &["cannot be used with", "--trust", "--sender"]);
}
