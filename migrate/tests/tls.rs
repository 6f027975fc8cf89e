//! A copy over a network: `pg_dump` goes by the same line, and what is less is on record.

use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use handover_testkit::{Authority, Cluster, Database, Identity, Run, programs_of};

use crate::arguments::{Watched, usual_programs};
use crate::attest_made::attest;
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::{Handover, expect_copied, json, says, says_nothing_of};

const ACCESS: &str = "host all reader 127.0.0.1/32 scram-sha-256\nhost all open 127.0.0.1/32 trust\n\
    hostssl all server 127.0.0.1/32 cert\n";

fn start() -> Cluster {
    let cluster = Cluster::start_on_tcp(&["fsync = off", "log_connections = on"], ACCESS);
    cluster.server().sql(
        "postgres",
        "create table t (id int primary key, name text); insert into t values (1, 'a'), (2, 'b');
         create view v as select name from t;
         create role reader login password 'pw'; create role open login; create role server login;
         grant select on t to reader, open, server",
    );
    cluster
}

/// What the server says of every connection of this role, whoever made it.
fn connections(cluster: &Cluster) -> Vec<String> {
    let log = cluster.log();
    let of_reader = log.lines().filter(|line| line.contains("connection authorized: user=reader"));
    of_reader.map(str::to_owned).collect()
}

/// The commands of the page on TLS, which make a root and a server's certificate.
fn follow_the_page(work: &Path, host: &str) -> Identity {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runbooks/11-tls.md");
    let page = fs::read_to_string(page).unwrap();
    for block in page.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let run = Run::program("bash").args(["-e", "-c", block]);
        run.env("WORK", work).env("DB_HOST", host).go().expect(0);
    }
    let read = |name: &str| fs::read_to_string(work.join("tls").join(name)).unwrap();
    Identity { certificate: read("server.crt"), key: read("server.key") }
}

#[test]
fn the_page_makes_a_server_that_is_known_and_pg_dump_knows_it_too() {
    let (cluster, target) = (start(), Database::create());
    let work = tempfile::tempdir().unwrap();
    cluster.show_certificate(&follow_the_page(work.path(), "localhost"));
    let root = work.path().join("tls/root.crt");
    let url = |host: &str| {
        format!("{}?sslrootcert={}", cluster.tcp_url("reader", host, "postgres"), root.display())
    };
    let mut handover = Handover::between(&url("127.0.0.1"), &target.url());
    let refused = handover.copy().env("PGPASSWORD", "pw").go();
    assert!(refused.expect(2).stderr.contains("is not for 127.0.0.1"), "{}", refused.stderr);
    assert!(connections(&cluster).is_empty());

    handover.set_source(&url("localhost"));
    // Nothing of the environment may lead pg_dump another way.
    let copy = handover.copy().env("PGPASSWORD", "pw").env("PGHOST", "no-such-host.invalid");
    let copy = copy.env("PATH", newer_programs());
    let copied = copy.env("PGSSLMODE", "disable").arg("--jobs").arg("2").go();
    // The environment says less than the default, and the URL does not say otherwise.
    assert!(copied.stderr.contains("warning: the connection to postgres://"), "{}", copied.stderr);
    expect_copied(&copied);
    assert!(connections(&cluster).iter().all(|line| !line.contains("SSL enabled")));

    let (other, before) = (Database::create(), connections(&cluster).len());
    let known = Handover::between(&url("localhost"), &other.url());
    let copied = known.copy().env("PGPASSWORD", "pw").env("PGHOST", "no-such-host.invalid").go();
    expect_copied(&copied);
    assert!(!copied.stderr.contains("warning"), "{}", copied.stderr);
    let made = connections(&cluster).split_off(before);
    assert!(made.iter().any(|line| line.contains("application_name=handover")), "{made:?}");
    assert!(made.len() > 2 && made.iter().all(|line| line.contains("SSL enabled")), "{made:?}");
    let steps = other.query("select count(*) from handover.step where name like 'less_than%'");
    assert_eq!(steps, "0");
}

#[test]
fn what_is_less_is_recorded_and_stated() {
    let (cluster, target) = (start(), PurgeMade::empty(Engine::Postgres));
    let authority = Authority::new("root");
    cluster.show_certificate(&authority.identity("DNS:localhost"));
    let copy = |source: &str| {
        let run = target.migrate("copy").args(["--json", "--source", source]);
        let run = run.args(["--target", &target.url(), "--handover"]).arg(target.dir());
        run.go()
    };
    let recorded = || target.sql("select name from handover.step where name like 'less_than%'");

    let url = cluster.tcp_url("open", "127.0.0.1", "postgres");
    let copied = copy(&format!("{url}?sslmode=require"));
    expect_copied(&copied);
    assert!(copied.stderr.contains("warning: the connection to postgres://"), "{}", copied.stderr);
    assert_eq!(recorded(), "less_than_verify_full source unverified");
    let detail = target.sql("select detail from handover.event where kind = 'copy'");
    assert!(detail.contains("\"lesserLines\":[\"source unverified\"]"), "{detail}");

    // What was once so stays on record.
    let root = authority.root().display().to_string();
    let full = cluster.tcp_url("open", "localhost", "postgres") + "?sslrootcert=" + &root;
    let again = json(copy(&full).expect(0));
    assert_eq!(again["outcome"], "unchanged", "{again:#}");
    assert_eq!(recorded(), "less_than_verify_full source unverified");

    let attested = attest(&target, &["--key", "ministry.pem"]).go();
    let stated = target.sql("select statement from handover.attestation");
    let stated = stated.split_once("\"notChecked\"").map_or("", |(_, rest)| rest);
    assert!(stated.contains("sslmode=require was chosen"), "{attested:?}\n{stated}");
}

/// `PATH` with client programs at first that refuse to give a password in clear text.
fn newer_programs() -> String {
    format!("{}:{}", programs_of(18).display(), std::env::var("PATH").unwrap())
}

/// The cluster of `./test` by TCP without TLS; and somebody on the line who asks `pg_dump` for a
/// password in clear text, and nobody else.
struct Line {
    port: u16,
    told: Arc<Mutex<Vec<u8>>>,
}

impl Line {
    fn open(asks_pg_dump: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&told);
        thread::spawn(move || {
            for client in listener.incoming() {
                let hears = Arc::clone(&hears);
                // A client that goes away ends its own thread only.
                thread::spawn(move || client.and_then(|it| served(it, asks_pg_dump, &hears)));
            }
            Ok::<(), io::Error>(())
        });
        Self { port, told }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

fn served(mut client: TcpStream, asks_pg_dump: bool, told: &Mutex<Vec<u8>>) -> io::Result<()> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut start = vec![0; u32::from_be_bytes(length) as usize - 4];
    client.read_exact(&mut start)?;
    if asks_pg_dump && start.windows(16).any(|part| part == b"handover pg_dump") {
        client.write_all(b"R\0\0\0\x08\0\0\0\x03")?;
        let mut said = b"asked ".to_vec();
        client.read_to_end(&mut said)?;
        told.lock().unwrap().extend(said);
        return Ok(());
    }
    let folder = std::env::var("HANDOVER_TEST_DIR").unwrap();
    let mut server = UnixStream::connect(Path::new(&folder).join(".s.PGSQL.5432"))?;
    server.write_all(&length)?;
    server.write_all(&start)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        drop(io::copy(&mut from_client, &mut to_server));
        drop(to_server.shutdown(Shutdown::Write));
    });
    io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Both)
}

/// A libpq before 16 would give it, whatever it is told.
#[test]
fn no_pg_dump_gives_a_password_to_strangers() {
    let (cluster, line) = (start(), Line::open(true));
    let authority = Authority::new("root");
    cluster.show_certificate(&authority.identity("DNS:localhost"));
    let url = cluster.tcp_url("reader", "localhost", "postgres");
    let root = authority.root().display().to_string();
    let copy = |source: &str| {
        let target = Database::create();
        let handover = Handover::between(source, &target.url());
        let usual = format!("{}:{}", usual_programs().display(), std::env::var("PATH").unwrap());
        let outcome = handover.copy().env("PGPASSWORD", "pw").env("PATH", usual).go();
        (outcome, target.query("select count(*) from pg_namespace where nspname = 'handover'"))
    };
    for lesser in ["sslmode=disable", "sslmode=require"] {
        let (refused, made) = copy(&format!("{url}?{lesser}"));
        says(refused.expect(2), &["pg_dump of release 15.", "sslmode=verify-full", "16 or later"]);
        assert_eq!(made, "0");
    }
    assert!(!connections(&cluster).iter().any(|one| one.contains("pg_dump")));
    for known in ["sslmode=verify-ca&", ""] {
        expect_copied(&copy(&format!("{url}?{known}sslrootcert={root}")).0);
    }
    let source = Database::create();
    source.sql("create table t (id int primary key)");
    let (refused, _) = copy(&line.url(source.name()));
    says(refused.expect(2), &["pg_dump of release 15."]);
    assert!(line.told.lock().unwrap().is_empty(), "pg_dump was run");

    // A newer one is run, is asked, and gives nothing.
    let target = Database::create();
    let handover = Handover::between(&line.url(source.name()), &target.url());
    let newer = handover.copy().env("PGPASSWORD", "pw").env("PATH", newer_programs()).go();
    says(newer.expect(2), &["pg_dump cannot read the source's schema"]);
    says_nothing_of(&newer, &["pw\0"]);
    let told = String::from_utf8_lossy(&line.told.lock().unwrap()).into_owned();
    assert_eq!(told, "asked ", "it was told something");
}

/// `pg_dump` is shown the same certificates, and shows the same, as our own sessions.
#[test]
fn pg_dump_has_the_settings_that_we_have() {
    let (cluster, target) = (start(), Database::create());
    let authority = Authority::new("root");
    let shown = authority.identity("DNS:localhost");
    cluster.show_certificate(&authority.identity("DNS:localhost"));
    cluster.trust_clients_of(&authority);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let (certificate, key) = (file("c.crt", &shown.certificate), file("c.key", &shown.key));
    let (root, list) = (authority.root().display().to_string(), authority.revocations(&[]));
    let list = list.display().to_string();
    let url = format!(
        "{}?sslrootcert={root}&sslcert={certificate}&sslkey={key}&hostaddr=127.0.0.1",
        cluster.tcp_url("server", "localhost", "postgres")
    );
    let watched = Watched::of(&usual_programs(), &["pg_dump"]);
    let handover = Handover::between(&url, &target.url());
    let copy = handover.copy().env("PATH", watched.path()).env("PGSSLCRL", &list);
    expect_copied(&copy.env("PGSSLMODE", "verify-full").env("PGHOST", "no-such-host.invalid").go());
    let told = watched.environment();
    for (variable, value) in [
        ("PGHOST", "localhost"),
        ("PGHOSTADDR", "127.0.0.1"),
        ("PGUSER", "server"),
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", root.as_str()),
        ("PGSSLCERT", certificate.as_str()),
        ("PGSSLKEY", key.as_str()),
        ("PGSSLCRL", list.as_str()),
        ("PGCHANNELBINDING", "prefer"),
        ("PGGSSENCMODE", "disable"),
    ] {
        assert!(told.lines().any(|line| line == format!("{variable}={value}")), "{told}");
    }
    let arguments = watched.arguments();
    assert!(!arguments.contains("localhost") && !arguments.contains("c.key"), "{arguments}");
    let log = cluster.log();
    let of_dump = |line: &&str| line.contains("authorized") && line.contains("handover pg_dump");
    let met: Vec<&str> = log.lines().filter(of_dump).collect();
    assert!(!met.is_empty() && met.iter().all(|line| line.contains("SSL enabled")), "{log}");
}

/// Not the copy alone: whatever a program did in the ledger says over which line it came there.
#[test]
fn every_command_records_what_is_less() {
    let (line, made) = (Line::open(false), PurgeMade::begin(Engine::Postgres));
    made.fill();
    let name = made.sql("select current_database()");
    let config = made.dir().join("handover.toml");
    let text = fs::read_to_string(&config).unwrap().replace(&made.url(), &line.url(&name));
    fs::write(&config, text).unwrap();

    made.go_on(Until::Certified);
    fs::write(made.at("result.csv"), "so,ket_qua\n1,dung\n").unwrap();
    let evidence = made.migrate("evidence").args(["--file", "result.csv", "--name", "e"]);
    let evidence = evidence.args(["--target", &line.url(&name)]).go();
    says(evidence.expect(0), &["warning: the connection to postgres://postgres@127.0.0.1"]);
    // By the socket: nothing is less.
    let socket = made.migrate("evidence").args(["--file", "result.csv", "--name", "f"]);
    socket.args(["--target", &made.url()]).go().expect(0);
    // With the finding that nothing was copied.
    attest(&made, &["--key", "ministry.pem"]).go().expect(1);

    let events = made.sql("select kind, detail from handover.event order by event_no");
    let by_socket = events.lines().filter(|event| !event.contains("target clear"));
    assert_eq!(by_socket.count(), 1, "{events}");
    for kind in ["select", "backup", "approve", "execute", "certify", "evidence", "attest"] {
        let is_recorded = |event: &str| {
            event.starts_with(kind) && event.contains("\"lesserLines\":[\"target clear\"]")
        };
        assert!(events.lines().any(is_recorded), "{kind}: {events}");
    }
    let stated = made.sql("select statement from handover.attestation");
    let stated = stated.split_once("\"notChecked\"").map_or("", |(_, rest)| rest);
    let words = "the connection to the target was the one that was named, at the events";
    for part in [words, "“Deletion finished”", "“Attestation made”", "sslmode=disable was chosen"]
    {
        assert!(stated.contains(part), "no {part:?} in {stated}");
    }

    // Whoever looks, says over which line.
    for words in [&["ledger"][..], &["purge"], &["all"]] {
        let run = Run::new("handover-verify").args(words).args(["--json", "--handover"]);
        let outcome = run.arg(made.dir()).args(["--target", &line.url(&name)]).go();
        let told = format!("whether {} is the server that was named", line.url(&name));
        assert!(outcome.stdout.contains(&told), "{words:?}: {outcome:?}");
    }
    let by_socket = Run::new("handover-verify").args(["ledger", "--handover"]).arg(made.dir());
    let by_socket = by_socket.args(["--target", &made.url()]).go();
    says_nothing_of(&by_socket, &["the server that was named"]);
}
