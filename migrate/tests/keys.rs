//! Keys as people make and open them, with our programs and with `openssl` and `age`, which know
//! nothing of ours.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::write_private;
use handover_cli_kit::passphrase::{ARCHIVE_VARIABLE, PassphraseSource, SIGNING_VARIABLE};
use handover_migrate::keys::{FileKey, Signer};
use handover_testkit::{Outcome, Run};
use handover_verify::package::Identities;
use tempfile::TempDir;

pub(crate) const PASSPHRASE: &str = "mười hai con ngựa";
const SHORT: &str = "11 ký tự ??";

/// A folder with keys and what they sign.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        write_private(&desk.at("passphrase"), format!("{PASSPHRASE}\n"));
        desk
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn keygen(&self, purpose: &str, name: &str) -> Run {
        Run::new("handover-migrate").args(["keygen", purpose, "--out"]).arg(self.at(name))
    }

    /// Makes `NAME.pem`; gives what was printed below the empty line: the entry for the trust file.
    pub(crate) fn person(&self, name: &str, role: &str) -> String {
        let outcome = self
            .keygen("signing", &format!("{name}.pem"))
            .arg("--passphrase-file")
            .arg(self.at("passphrase"))
            .args(["--person", name, "--name", &format!("Nguyễn Thị {name}")])
            .args(["--organisation", "Bộ Y tế", "--role", role])
            .go();
        let (_, entry) = outcome.expect(0).stdout.split_once("[[key]]").unwrap();
        format!("[[key]]{entry}")
    }

    fn passphrase(&self) -> PassphraseSource {
        PassphraseSource::new(Some(self.at("passphrase")), SIGNING_VARIABLE)
    }

    pub(crate) fn key(&self, name: &str) -> FileKey {
        FileKey::open(&self.at(&format!("{name}.pem")), &self.passphrase()).unwrap()
    }

    pub(crate) fn shell(&self, script: &str) -> Outcome {
        Run::program("sh").args(["-c", script]).env("P", PASSPHRASE).dir(self.folder.path()).go()
    }
}

fn is_private(path: &std::path::Path) -> bool {
    fs::metadata(path).unwrap().permissions().mode() & 0o777 == 0o600
}

#[test]
fn openssl_reads_the_key_that_we_make() {
    let desk = Desk::new();
    let entry = desk.person("a", "auditor");
    assert!(is_private(&desk.at("a.pem")));
    let key = desk.key("a").key();
    assert!(entry.contains(&format!("public_key = \"{key}\"")), "{entry}");
    let public = desk.shell("openssl pkey -in a.pem -passin env:P -pubout");
    assert_eq!(public.expect(0).stdout, key.to_pem());
    let fingerprint = desk
        .shell("openssl pkey -in a.pem -passin env:P -pubout -outform DER | sha256sum | cut -c-64");
    assert_eq!(fingerprint.expect(0).stdout.trim(), key.keyid().to_string());
    let kind = desk.shell("openssl asn1parse -in a.pem");
    assert!(kind.expect(0).stdout.contains("scrypt"), "{}", kind.stdout);
    assert!(kind.stdout.contains("aes-256-cbc"), "{}", kind.stdout);
    // What the one signs the other verifies.
    fs::write(desk.at("message"), "bàn giao").unwrap();
    fs::write(desk.at("k.pem"), key.to_pem()).unwrap();
    fs::write(desk.at("s.bin"), desk.key("a").sign("bàn giao".as_bytes()).unwrap()).unwrap();
    let verify = "openssl pkeyutl -verify -pubin -inkey k.pem -rawin -in message -sigfile s.bin";
    desk.shell(verify).expect(0);
    fs::write(desk.at("message"), "bàn giao?").unwrap();
    desk.shell(verify).expect(1);
}

#[test]
fn we_read_the_keys_that_openssl_makes() {
    let desk = Desk::new();
    for (name, how) in [
        ("pbkdf2", "genpkey -algorithm ed25519 -aes256 -pass env:P"),
        ("scrypt", "pkcs8 -topk8 -scrypt -in plain.pem -passout env:P"),
    ] {
        desk.shell("openssl genpkey -algorithm ed25519 -out plain.pem").expect(0);
        desk.shell(&format!("openssl {how} -out {name}.pem")).expect(0);
        let public = desk.shell(&format!("openssl pkey -in {name}.pem -passin env:P -pubout"));
        assert_eq!(desk.key(name).key().to_pem(), public.expect(0).stdout, "{name}");
    }
}

#[test]
fn keys_that_are_refused() {
    let desk = Desk::new();
    let opened = |name: &str| {
        let opened = FileKey::open(&desk.at(name), &desk.passphrase());
        format!("{:#}", opened.map(|_| ()).unwrap_err())
    };
    desk.shell("openssl genpkey -algorithm ed25519 -out plain.pem").expect(0);
    let said = opened("plain.pem");
    assert!(said.contains("openssl pkcs8 -topk8 -scrypt -in "), "{said}");
    // The command that is named does it.
    let command = said.split_once("with: ").unwrap().1.split_once(',').unwrap().0;
    let command = command.replace("NEW.pem", "new.pem");
    desk.shell(&format!("{command} -passout env:P")).expect(0);
    desk.key("new");

    desk.shell("openssl genpkey -algorithm x25519 -aes256 -pass env:P -out other.pem").expect(0);
    assert!(opened("other.pem").contains("no Ed25519 key"));
    let public = desk.shell("openssl pkey -in new.pem -passin env:P -pubout -out public.pem");
    public.expect(0);
    assert!(opened("public.pem").contains("can be read or changed by others"));
    desk.shell("chmod 600 public.pem").expect(0);
    assert!(opened("public.pem").contains("another thing than an encrypted key"));
    write_private(&desk.at("text.pem"), "AGE-SECRET-KEY-1");
    let said = opened("text.pem");
    assert!(said.contains("not PEM") && !said.contains("AGE-SECRET"), "{said}");
    assert!(opened("missing.pem").contains("cannot read the key file"));

    write_private(&desk.at("passphrase"), "another passphrase");
    let said = opened("new.pem");
    assert!(said.contains("the passphrase does not open it"), "{said}");
    assert!(!said.contains("another passphrase"), "{said}");
}

#[test]
fn nothing_is_overwritten_and_no_passphrase_is_shown() {
    let desk = Desk::new();
    for (purpose, variable) in [("signing", SIGNING_VARIABLE), ("archive", ARCHIVE_VARIABLE)] {
        let made = desk.keygen(purpose, purpose).env(variable, PASSPHRASE).go();
        assert!(!made.expect(0).stdout.contains(PASSPHRASE));
        let content = fs::read(desk.at(purpose)).unwrap();
        assert!(is_private(&desk.at(purpose)));
        let again = desk.keygen(purpose, purpose).env(variable, PASSPHRASE).go();
        assert!(again.expect(2).stderr.contains("never overwritten"), "{}", again.stderr);
        assert_eq!(fs::read(desk.at(purpose)).unwrap(), content);

        let short = desk.keygen(purpose, "short").env(variable, SHORT).go();
        assert!(short.expect(2).stderr.contains("at least 12 characters"), "{}", short.stderr);
        assert!(!short.stderr.contains(SHORT));
        // Without a terminal nobody can be asked: setsid takes ours away.
        let program = handover_testkit::binary("handover-migrate");
        let nobody =
            Run::program("setsid").arg("-w").arg(program).args(["keygen", purpose, "--out"]);
        let nobody = nobody.arg(desk.at("short")).go();
        assert!(nobody.expect(2).stderr.contains(variable), "{}", nobody.stderr);
        assert!(nobody.stderr.contains("--passphrase-file"), "{}", nobody.stderr);
        assert!(!desk.at("short").exists());
    }
}

/// Runs a program on a terminal of its own and types these lines at its questions.
const TYPING: &str = r#"
import os, pty, sys, termios, time
lines = sys.argv[1].split("|")
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown, asked = b"", 0
while True:
    try:
        block = os.read(terminal, 1024)
    except OSError:
        break
    if not block:
        break
    shown += block
    if asked < len(lines) and shown.count(b": ") > asked:
        # Whoever asks for a passphrase does not show what is typed.
        while termios.tcgetattr(terminal)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(terminal, lines[asked].encode() + b"\n")
        asked += 1
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn a_typed_passphrase_is_typed_twice() {
    let desk = Desk::new();
    let typed = |lines: &str| {
        let program = handover_testkit::binary("handover-migrate");
        let run = Run::program("python3").args(["-c", TYPING, lines]).arg(program);
        run.args(["keygen", "signing", "--out"]).arg(desk.at("typed.pem")).go()
    };
    let other = typed("mười hai con ngựa|mười hai con trâu");
    assert!(other.expect(2).stdout.contains("are not the same"), "{}", other.stdout);
    assert!(!desk.at("typed.pem").exists());
    let same = typed("mười hai con ngựa|mười hai con ngựa");
    assert!(!same.expect(0).stdout.contains("ngựa"), "{}", same.stdout);
    desk.key("typed");
}

#[test]
fn age_opens_the_archive_key_that_we_make() {
    let desk = Desk::new();
    let made = desk.keygen("archive", "escrow").arg("--passphrase-file").arg(desk.at("passphrase"));
    let made = made.go();
    let recipient = made.expect(0).stdout.split_once("recipient  ").unwrap().1.trim().to_owned();
    assert!(recipient.starts_with("age1"), "{recipient}");
    fs::write(desk.at("letter"), "bàn giao\n").unwrap();
    desk.shell(&format!("age -r {recipient} -o letter.age letter")).expect(0);
    // age asks on a terminal only.
    let opened = Run::program("python3").args(["-c", TYPING, PASSPHRASE, "age", "-d", "-i"]);
    let opened = opened.args(["escrow", "-o", "opened", "letter.age"]).dir(desk.at("")).go();
    opened.expect(0);
    assert_eq!(fs::read_to_string(desk.at("opened")).unwrap(), "bàn giao\n");
}

#[test]
fn we_open_the_archive_keys_that_age_makes() {
    let desk = Desk::new();
    desk.shell("age-keygen -o plain").expect(0);
    for (name, option) in [("binary", "--encrypt"), ("armoured", "--armor")] {
        let typed = format!("{PASSPHRASE}|{PASSPHRASE}");
        let made = Run::program("python3").args(["-c", TYPING, &typed, "age", "-p", option]);
        made.args(["-o", name, "plain"]).dir(desk.at("")).go().expect(0);
        desk.shell(&format!("chmod 600 {name}")).expect(0);
        let source = |passphrase: &str| {
            write_private(&desk.at("passphrase"), passphrase);
            PassphraseSource::new(Some(desk.at("passphrase")), ARCHIVE_VARIABLE)
        };
        let said =
            |opened: anyhow::Result<Identities>| format!("{:#}", opened.map(|_| ()).unwrap_err());
        // A plain one beside it needs no passphrase.
        let both = [desk.at(name), desk.at("plain")];
        assert!(!Identities::open(&both, &source(PASSPHRASE)).unwrap().is_empty(), "{name}");
        let wrong = said(Identities::open(&[desk.at(name)], &source("another")));
        assert!(wrong.contains("the passphrase does not open it"), "{wrong}");
        let none = said(Identities::read(&[desk.at(name)]));
        assert!(none.contains("encrypted with a passphrase"), "{none}");
        let mut damaged = fs::read(desk.at(name)).unwrap();
        let length = damaged.len();
        damaged.truncate(length - length / 10);
        write_private(&desk.at("damaged"), damaged);
        said(Identities::open(&[desk.at("damaged")], &source(PASSPHRASE)));
    }
    let missing = PassphraseSource::new(Some(desk.at("nowhere")), ARCHIVE_VARIABLE);
    Identities::open(&[desk.at("plain")], &missing).unwrap();
}
