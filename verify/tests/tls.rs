//! What is said on which line: a server is known by its certificate, and gets no password before.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use handover_testkit::{Authority, Cluster, Identity, Outcome, Run};
use tempfile::TempDir;

use crate::judged::verifier;

/// Roles are let in by the method they are named after, with or without TLS.
const ACCESS: &str = "host all scram 127.0.0.1/32 scram-sha-256\nhost all md5 127.0.0.1/32 md5\n\
    host all clear 127.0.0.1/32 password\nhostssl all server 127.0.0.1/32 cert\n";

const PASSWORD: &str = "s3cret";

/// A server by TCP with a table to compare, and the authority that is to be trusted.
struct Served {
    cluster: Cluster,
    authority: Authority,
    home: TempDir,
}

impl Served {
    fn start() -> Self {
        let cluster = Cluster::start_on_tcp(&["fsync = off", "log_connections = on"], ACCESS);
        cluster.server().sql(
            "postgres",
            "create table t (id int primary key); insert into t values (1);
             create role scram login password 's3cret'; create role clear login password 's3cret';
             set password_encryption = 'md5'; create role md5 login password 's3cret';
             create role server login; grant select on t to scram, clear, md5, server",
        );
        let served =
            Self { cluster, authority: Authority::new("root"), home: tempfile::tempdir().unwrap() };
        served.shows(&served.authority.identity("DNS:localhost"));
        served
    }

    fn shows(&self, identity: &Identity) {
        self.cluster.show_certificate(identity);
    }

    fn url(&self, role: &str, host: &str, parameters: &str) -> String {
        format!("{}?{parameters}", self.cluster.tcp_url(role, host, "postgres"))
    }

    /// `verify-full` by the authority's root.
    fn full(&self, role: &str, host: &str) -> String {
        self.url(role, host, &format!("sslrootcert={}", self.authority.root().display()))
    }

    /// Compares the table with itself, under a home folder that has nothing of PostgreSQL.
    fn compare(&self, url: &str) -> Run {
        let run = verifier(url, url).env("PGPASSWORD", PASSWORD).env("HOME", self.home.path());
        run.limit(Duration::from_mins(1))
    }

    #[track_caller]
    fn is_let_in(&self, url: &str) {
        self.compare(url).go().expect(0);
    }

    #[track_caller]
    fn is_refused(&self, url: &str, parts: &[&str]) {
        refused(&self.compare(url).go(), parts);
    }
}

#[track_caller]
fn refused(outcome: &Outcome, parts: &[&str]) {
    outcome.expect(2);
    for part in parts {
        assert!(outcome.stderr.contains(part), "no {part:?} in: {}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains(PASSWORD), "{}", outcome.stderr);
}

/// One for all tests that do not change its certificate.
fn shared() -> &'static Served {
    static SERVED: OnceLock<Served> = OnceLock::new();
    SERVED.get_or_init(Served::start)
}

#[test]
fn a_host_is_known_by_its_certificate() {
    let served = shared();
    served.is_let_in(&served.full("scram", "localhost"));
    let connections = served.cluster.log();
    let by_tls = connections.lines().filter(|line| line.contains("user=scram"));
    assert!(by_tls.clone().count() > 0 && by_tls.clone().all(|line| line.contains("SSL enabled")));

    served.is_refused(&served.full("scram", "127.0.0.1"), &["is not for 127.0.0.1", "localhost"]);
    let named = served.full("scram", "localhost") + "&hostaddr=127.0.0.1";
    served.is_let_in(&named);
    let without_root = served.url("scram", "localhost", "");
    served.is_refused(
        &without_root,
        &["sslmode=verify-full needs the root certificate", "sslrootcert"],
    );
    let other = Authority::new("other");
    let url = served.url("scram", "localhost", &format!("sslrootcert={}", other.root().display()));
    served.is_refused(&url, &["the server's certificate is not by", "another server"]);
    served.is_refused(
        &served.url("scram", "localhost", "sslrootcert=system"),
        &["not by the operating system's roots"],
    );
}

#[test]
fn certificates_that_are_not_good() {
    let served = Served::start();
    let url = served.full("scram", "localhost");
    served.shows(&served.authority.expired_identity("DNS:localhost"));
    served.is_refused(&url, &["has expired"]);
    served.is_refused(&(url.clone() + "&sslmode=verify-ca"), &["has expired"]);
    served.shows(&served.authority.self_signed("DNS:localhost"));
    served.is_refused(&url, &["the server's certificate"]);
    served.shows(&Authority::new("root").identity("DNS:localhost"));
    served.is_refused(&url, &["the server's certificate"]);
    served.shows(&served.authority.identity("IP:127.0.0.1"));
    served.is_refused(&url, &["is not for localhost", "127.0.0.1"]);
    served.is_let_in(&served.full("scram", "127.0.0.1"));
    served.is_let_in(&(url + "&sslmode=verify-ca"));
}

#[test]
fn less_is_chosen_by_name() {
    let served = shared();
    let root = format!("sslrootcert={}", served.authority.root().display());
    for parameters in [
        "sslmode=disable".to_owned(),
        "sslmode=require".to_owned(),
        format!("sslmode=verify-ca&{root}"),
        format!("sslmode=require&{root}"),
    ] {
        served.is_let_in(&served.url("scram", "127.0.0.1", &parameters));
    }
    let other = Authority::new("other");
    let wrong = format!("sslmode=require&sslrootcert={}", other.root().display());
    served.is_refused(&served.url("scram", "localhost", &wrong), &["certificate is not by"]);
    let missing = "sslmode=require&sslrootcert=/no/such/file";
    served.is_refused(&served.url("scram", "localhost", missing), &["/no/such/file"]);

    let plain = served.url("scram", "127.0.0.1", "");
    let from_environment = served.compare(&plain).env("PGSSLMODE", "disable").go();
    from_environment.expect(0);
    for (variable, value, part) in [
        ("PGSSLMODE", "verifyfull", "verify-full"),
        ("PGSSLMODE", "prefer", "verify-full"),
        ("PGSSLMOD", "disable", "PGSSLMODE"),
    ] {
        refused(&served.compare(&plain).env(variable, value).go(), &[variable, part]);
    }
    for parameter in ["ssl-mode=disable", "sslmode=allow", "sslmod=disable", "sslpassword=s3cret"] {
        served.is_refused(
            &served.url("scram", "127.0.0.1", parameter),
            &[parameter.split('=').next().unwrap()],
        );
    }
}

#[test]
fn a_password_is_given_to_a_server_that_is_known() {
    let served = shared();
    for (role, says) in [("clear", "in clear text"), ("md5", "an MD5 digest")] {
        served.is_let_in(&served.full(role, "localhost"));
        for mode in ["disable", "require"] {
            let url = served.url(role, "localhost", &format!("sslmode={mode}"));
            served.is_refused(&url, &[says, "sslmode=verify-full"]);
        }
    }
    let none = verifier(&served.full("scram", "localhost"), &served.full("scram", "localhost"));
    refused(&none.env("HOME", served.home.path()).go(), &["asks for a password", ".pgpass"]);
}

#[test]
fn a_proof_is_bound_to_the_certificate() {
    let served = Served::start();
    let url = served.full("scram", "localhost");
    served.is_let_in(&(url.clone() + "&channel_binding=require"));
    for key in ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:secp384r1"] {
        served.shows(&served.authority.identity_of(key, "DNS:localhost"));
        served.is_let_in(&(url.clone() + "&channel_binding=require"));
    }
    served.is_refused(
        &(served.full("clear", "localhost") + "&channel_binding=require"),
        &["channel binding"],
    );
    let clear = served.url("scram", "localhost", "sslmode=disable&channel_binding=require");
    served.is_refused(&clear, &["channel binding"]);
}

#[test]
fn the_first_password_file_line_that_fits_and_nobody_else_reads() {
    let served = shared();
    let file = served.home.path().join("pgpass");
    fs::write(&file, format!("localhost:*:postgres:scram:{PASSWORD}\n")).unwrap();
    let url = served.full("scram", "localhost");
    let run = || verifier(&url, &url).env("HOME", served.home.path()).env("PGPASSFILE", &file);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    refused(&run().go(), &["others can read it", "chmod 0600"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    run().go().expect(0);
}

/// A listener that says this once somebody began to talk, and gives what it was sent.
fn stranger(answers: &'static [&'static [u8]]) -> (u16, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let talk = thread::spawn(move || {
        let (mut line, _) = listener.accept().unwrap();
        line.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        for answer in answers {
            // Somebody who does not like an answer says nothing more.
            if read_packet(&mut line).is_ok() {
                line.write_all(answer).unwrap();
            }
        }
        let mut sent = Vec::new();
        // An end without a word is what is wished for; a reset is one too.
        drop(line.read_to_end(&mut sent));
        sent
    });
    (port, talk)
}

/// A packet without type: four bytes of length, and so much less four.
fn read_packet(line: &mut TcpStream) -> io::Result<()> {
    let mut length = [0; 4];
    line.read_exact(&mut length)?;
    let mut content = vec![0; u32::from_be_bytes(length) as usize - 4];
    line.read_exact(&mut content)
}

#[track_caller]
fn meets_a_stranger(answers: &'static [&'static [u8]], parameters: &str, parts: &[&str]) {
    let (port, talk) = stranger(answers);
    let url = format!("postgres://me@127.0.0.1:{port}/x?{parameters}");
    let home = tempfile::tempdir().unwrap();
    let run = verifier(&url, &url).env("PGPASSWORD", PASSWORD).env("HOME", home.path());
    refused(&run.limit(Duration::from_mins(1)).go(), parts);
    let sent = String::from_utf8_lossy(&talk.join().unwrap()).into_owned();
    assert!(!sent.contains(PASSWORD) && !sent.contains("md5"), "it was told: {sent:?}");
}

const NO_TLS: &[u8] = b"N";
const CLEAR_TEXT: &[u8] = b"R\0\0\0\x08\0\0\0\x03";
const MD5: &[u8] = b"R\0\0\0\x0c\0\0\0\x05salt";
const TWO_GIGABYTES: &[u8] = b"R\0\0\0\x08\0\0\0\0S\x7f\xff\xff\xff";

#[test]
fn strangers_get_no_password() {
    let root = Authority::new("root");
    let full = format!("sslrootcert={}", root.root().display());
    meets_a_stranger(&[NO_TLS, CLEAR_TEXT], &full, &["does not speak TLS", "ssl = on"]);
    meets_a_stranger(&[NO_TLS, CLEAR_TEXT], "sslmode=require", &["does not speak TLS"]);
    meets_a_stranger(&[CLEAR_TEXT], "sslmode=disable", &["in clear text", "gets none"]);
    meets_a_stranger(&[MD5], "sslmode=disable", &["MD5", "gets none"]);
    meets_a_stranger(&[TWO_GIGABYTES], "sslmode=disable", &["2147483647 bytes", "30000"]);
    meets_a_stranger(&[b"HTTP/1.1 400"], "sslmode=disable", &["this is no PostgreSQL server"]);
}

/// The certificates of a testkit's authority have the common name `server`, and so has the role.
#[test]
fn a_client_is_known_by_its_certificate() {
    let served = Served::start();
    served.cluster.trust_clients_of(&served.authority);
    let shown = served.authority.identity("DNS:client");
    let file = |name: &str, content: &str, mode: u32| {
        let path = served.home.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let certificate = file("client.crt", &shown.certificate, 0o644);
    let key = file("client.key", &shown.key, 0o600);
    let url = served.full("server", "localhost");
    served.is_let_in(&format!("{url}&sslcert={certificate}&sslkey={key}"));
    let run = served.compare(&url).env("PGSSLCERT", &certificate).env("PGSSLKEY", &key);
    run.go().expect(0);

    served.is_refused(&url, &["certificate"]);
    served.is_refused(&format!("{url}&sslcert={certificate}"), &["client.crt", "sslkey"]);
    served.is_refused(&format!("{url}&sslkey={key}"), &["client.key", "sslcert"]);
    let missing = format!("{url}&sslcert={certificate}&sslkey=/no/such.key");
    served.is_refused(&missing, &["/no/such.key"]);
    let open = file("open.key", &shown.key, 0o644);
    let url = format!("{url}&sslcert={certificate}&sslkey=");
    served.is_refused(&format!("{url}{open}"), &["others can read", "chmod 0600"]);
    let closed = served.authority.with_passphrase(&shown, PASSWORD);
    let closed = file("closed.key", &closed, 0o600);
    served.is_refused(&format!("{url}{closed}"), &["closed.key", "without passphrase"]);
    let other = file("other.key", &served.authority.identity("DNS:other").key, 0o600);
    served.is_refused(&format!("{url}{other}"), &["client.crt and its key do not fit"]);
}

#[test]
fn a_certificate_that_was_taken_back() {
    let served = Served::start();
    let (good, bad) =
        (served.authority.identity("DNS:localhost"), served.authority.identity("DNS:localhost"));
    served.shows(&good);
    let url = served.full("scram", "localhost");
    let with = |list: &str| format!("{url}&sslcrl={list}");
    let none = served.authority.revocations(&[]).display().to_string();
    served.is_let_in(&with(&none));
    let one = served.authority.revocations(&[&bad]).display().to_string();
    served.is_let_in(&with(&one));
    served.shows(&bad);
    served.is_refused(&with(&one), &["certificate was revoked"]);
    served.is_refused(&(with(&one) + "&sslmode=verify-ca"), &["certificate was revoked"]);
    let from_environment = served.compare(&url).env("PGSSLCRL", &one).go();
    refused(&from_environment, &["certificate was revoked"]);

    // Whatever is no list for this certificate is not passed over.
    served.shows(&good);
    let other = Authority::new("other");
    let lists = other.revocations(&[]).display().to_string();
    served.is_refused(&with(&lists), &["holds no list by the issuer"]);
    let root = served.authority.root().display().to_string();
    served.is_refused(&with(&root), &["holds no list of revoked certificates"]);
    served.is_refused(&with("/no/such.crl"), &["/no/such.crl"]);
    let old = served.authority.expired_revocations().display().to_string();
    served.is_refused(&with(&old), &["is too old"]);
    let without_root = served.url("scram", "localhost", &format!("sslmode=require&sslcrl={one}"));
    served.is_refused(&without_root, &["sslcrl", "name the root"]);
}

/// `SSL_CERT_FILE` stands for the operating system's roots, as with OpenSSL.
#[test]
fn the_operating_systems_roots() {
    let served = shared();
    let url = served.url("scram", "localhost", "sslrootcert=system");
    let run = |root: &std::path::Path| served.compare(&url).env("SSL_CERT_FILE", root).go();
    run(&served.authority.root()).expect(0);
    let other = Authority::new("other");
    refused(&run(&other.root()), &["not by the operating system's roots"]);
    let less = served.url("scram", "localhost", "sslrootcert=system&sslmode=verify-ca");
    served.is_refused(&less, &["system needs sslmode=verify-full"]);
    let named = served.url("scram", "127.0.0.1", "sslrootcert=system");
    let other_name = served.compare(&named).env("SSL_CERT_FILE", served.authority.root()).go();
    refused(&other_name, &["is not for 127.0.0.1"]);
}

/// What libpq knows and this program does not is refused by its name, in URLs and in the environment.
#[test]
fn what_is_not_read_is_refused() {
    let served = shared();
    let url = served.full("scram", "localhost");
    for (parameter, variable, value, hint) in [
        ("sslcrldir", "PGSSLCRLDIR", "/tmp", "sslcrl"),
        ("sslnegotiation", "PGSSLNEGOTIATION", "direct", "every release"),
        ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", "TLSv1.3", "TLS 1.2 and 1.3"),
        ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", "TLSv1.2", "TLS 1.2 and 1.3"),
        ("require_auth", "PGREQUIREAUTH", "scram-sha-256", "SCRAM"),
        ("requirepeer", "PGREQUIREPEER", "postgres", ""),
        ("sslcertmode", "PGSSLCERTMODE", "require", ""),
        ("sslsni", "PGSSLSNI", "0", ""),
        ("sslcompression", "PGSSLCOMPRESSION", "1", ""),
        ("sslkeylogfile", "PGSSLKEYLOGFILE", "/tmp/x", ""),
        ("gssencmode", "PGGSSENCMODE", "require", ""),
        ("service", "PGSERVICE", "x", "service file"),
    ] {
        let named = format!("{url}&{parameter}={value}");
        served.is_refused(&named, &[&format!("{parameter:?} is not known"), hint]);
        refused(&served.compare(&url).env(variable, value).go(), &[variable, "unset it"]);
    }
    for (variable, value, part) in [
        ("PGSSLMODE", "verify_full", "verify-full"),
        ("PGSSLMODE", "VERIFY-FULL", "verify-full"),
        ("PGCHANNELBINDING", "required", "require"),
        ("PGSSLROOTCERT", "/no/such.crt", "/no/such.crt"),
        ("PGSSLCRL", "/no/such.crl", "/no/such.crl"),
        ("PGSSLCERT", "/no/such.crt", "sslkey"),
        ("PGHOSTADDR", "localhost", "PGHOSTADDR"),
        ("PGCONNECT_TIMEOUT", "soon", "PGCONNECT_TIMEOUT"),
    ] {
        let plain = served.url("scram", "localhost", "");
        let root = served.authority.root();
        let run = served.compare(&plain).env("PGSSLROOTCERT", root).env(variable, value);
        refused(&run.go(), &[part]);
    }
}

#[test]
fn versions_of_tls() {
    let served = Served::start();
    let url = served.full("scram", "localhost");
    for (least, most) in [("TLSv1.2", "TLSv1.2"), ("TLSv1.3", "TLSv1.3")] {
        for (setting, value) in
            [("ssl_max_protocol_version", most), ("ssl_min_protocol_version", least)]
        {
            served.cluster.server().sql("postgres", &format!("alter system reset {setting}"));
            let set = format!("alter system set {setting} = '{value}'");
            served.cluster.server().sql("postgres", &set);
        }
        served.shows(&served.authority.identity("DNS:localhost"));
        served.is_let_in(&(url.clone() + "&channel_binding=require"));
        assert!(served.cluster.log().contains(&format!("protocol={least}")), "{least}");
    }
}

/// A verifier writes to no ledger: it says so itself.
#[test]
fn a_report_says_what_was_less() {
    let served = shared();
    let line = "sslmode=require was chosen without a root certificate";
    let url = served.url("scram", "localhost", "sslmode=require");
    let told = served.compare(&url).go();
    assert!(told.stdout.contains(line), "{}", told.stdout);
    let full = served.compare(&served.full("scram", "localhost")).go();
    assert!(!full.stdout.contains("the server that was named"), "{}", full.stdout);
    let words: [&[&str]; 5] = [
        &["ledger", "--target"],
        &["figures", "--target"],
        &["purge", "--target"],
        &["all", "--target"],
        &["tables", "--target", "sqlite:no-such-file", "--source"],
    ];
    for words in words {
        let run = Run::new("handover-verify").args(words).arg(&url).env("PGPASSWORD", PASSWORD);
        let outcome = run.dir(served.home.path()).env("HOME", served.home.path()).go();
        assert!(outcome.stderr.contains("warning: the connection to"), "{words:?} {outcome:?}");
    }
}
