//! A copy over a network: `pg_dump` goes by the same line, and what is less is on record.

use std::fs;
use std::path::Path;

use handover_testkit::{Authority, Cluster, Database, Identity, Run};

use crate::attest_made::attest;
use crate::purge_made::{Engine, PurgeMade};
use crate::support::{Handover, expect_copied, json};

const ACCESS: &str = "host all reader 127.0.0.1/32 scram-sha-256\n";

fn start() -> Cluster {
    let cluster = Cluster::start_on_tcp(&["fsync = off", "log_connections = on"], ACCESS);
    cluster.server().sql(
        "postgres",
        "create table t (id int primary key, name text); insert into t values (1, 'a'), (2, 'b');
         create view v as select name from t;
         create role reader login password 'pw'; grant select on t to reader",
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
    let copied = copy.env("PGSSLMODE", "disable").arg("--jobs").arg("2").go();
    // The environment says less than the default, and the URL does not say otherwise.
    assert!(copied.stderr.contains("warning: the connection to the source"), "{}", copied.stderr);
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
        run.env("PGPASSWORD", "pw").go()
    };
    let recorded = || target.sql("select name from handover.step where name like 'less_than%'");

    let url = cluster.tcp_url("reader", "127.0.0.1", "postgres");
    let copied = copy(&format!("{url}?sslmode=require"));
    expect_copied(&copied);
    assert!(copied.stderr.contains("warning: the connection to the source"), "{}", copied.stderr);
    assert_eq!(recorded(), "less_than_verify_full source unverified");

    // What was once so stays on record.
    let root = authority.root().display().to_string();
    let full = cluster.tcp_url("reader", "localhost", "postgres") + "?sslrootcert=" + &root;
    let again = json(copy(&full).expect(0));
    assert_eq!(again["outcome"], "unchanged", "{again:#}");
    assert_eq!(recorded(), "less_than_verify_full source unverified");

    let attested = attest(&target, &["--key", "ministry.pem"]).go();
    let stated = target.sql("select statement from handover.attestation");
    let stated = stated.split_once("\"notChecked\"").map_or("", |(_, rest)| rest);
    assert!(stated.contains("sslmode=require was chosen"), "{attested:?}\n{stated}");
}
