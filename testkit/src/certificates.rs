//! Certificates for a test's server, made by `openssl`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What `openssl ca` needs to sign whatever it is given, with the names it asks for.
const CONFIG: &str = "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\n\
    default_md = sha256\npolicy = p\ncopy_extensions = copy\nunique_subject = no\n\
    crlnumber = crlnumber\ncrl_extensions = x\n[x]\nauthorityKeyIdentifier = keyid:always\n\
    [p]\ncommonName = supplied\n";

/// An authority of a test's own, whose certificate is a root.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

/// A certificate and its key, in PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its key, without passphrase.
    pub key: String,
}

impl Authority {
    /// Makes an authority by this name.
    #[track_caller]
    pub fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("ca.cnf"), CONFIG).expect("a file");
        fs::write(folder.path().join("index.txt"), "").expect("a file");
        for counter in ["serial", "crlnumber"] {
            fs::write(folder.path().join(counter), "1000").expect("a file");
        }
        let authority = Self { folder };
        authority.openssl(
            &format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key \
                 -out ca.crt -days 30 -subj /CN={name}"
            ),
            &["-addext", "basicConstraints=critical,CA:TRUE"],
        );
        authority
    }

    /// The file of its certificate, to be named with `sslrootcert`.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Makes a certificate for these names, such as `DNS:localhost,IP:127.0.0.1`, valid for a month
    /// from now.
    #[track_caller]
    pub fn identity(&self, names: &str) -> Identity {
        self.sign("ec -pkeyopt ec_paramgen_curve:prime256v1", names, "-days 30")
    }

    /// The same with a key of another sort, as `openssl req -newkey` calls it.
    #[track_caller]
    pub fn identity_of(&self, key: &str, names: &str) -> Identity {
        self.sign(key, names, "-days 30")
    }

    /// One that was valid in January 2020.
    #[track_caller]
    pub fn expired_identity(&self, names: &str) -> Identity {
        let dates = "-startdate 20200101000000Z -enddate 20200201000000Z";
        self.sign("ec -pkeyopt ec_paramgen_curve:prime256v1", names, dates)
    }

    /// Says which of the certificates it has made do not count any more; gives the file of the list,
    /// to be named with `sslcrl`.
    #[track_caller]
    pub fn revocations(&self, revoked: &[&Identity]) -> PathBuf {
        for identity in revoked {
            let file = self.folder.path().join("revoked.crt");
            fs::write(&file, &identity.certificate).expect("a file");
            let words = "ca -config ca.cnf -cert ca.crt -keyfile ca.key -revoke revoked.crt";
            self.openssl(words, &[]);
        }
        self.list(&format!("list{}.crl", revoked.len()), "-crldays 30")
    }

    /// A list that should have been followed by another one in February 2020.
    #[track_caller]
    pub fn expired_revocations(&self) -> PathBuf {
        let dates = "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z";
        self.list("expired.crl", dates)
    }

    fn list(&self, name: &str, dates: &str) -> PathBuf {
        let ca = "ca -config ca.cnf -cert ca.crt -keyfile ca.key";
        self.openssl(&format!("{ca} -gencrl {dates} -out {name}"), &[]);
        self.folder.path().join(name)
    }

    /// The key of a certificate, once more, in a file that only its owner reads and that a passphrase
    /// protects.
    #[track_caller]
    pub fn with_passphrase(&self, identity: &Identity, passphrase: &str) -> String {
        fs::write(self.folder.path().join("open.key"), &identity.key).expect("a file");
        let words = format!("pkcs8 -topk8 -in open.key -out closed.key -passout pass:{passphrase}");
        self.openssl(&words, &[]);
        fs::read_to_string(self.folder.path().join("closed.key")).expect("a file")
    }

    fn sign(&self, key: &str, names: &str, dates: &str) -> Identity {
        self.openssl(
            &format!(
                "req -newkey {key} -nodes -keyout server.key -out server.csr -subj /CN=server"
            ),
            &["-addext", &format!("subjectAltName={names}")],
        );
        self.openssl(
            &format!(
                "ca -batch -notext -config ca.cnf -cert ca.crt -keyfile ca.key \
                 -in server.csr -out server.crt {dates}"
            ),
            &[],
        );
        self.made()
    }

    /// A certificate for these names that nobody but itself vouches for.
    #[track_caller]
    pub fn self_signed(&self, names: &str) -> Identity {
        self.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key \
             -out server.crt -days 30 -subj /CN=server",
            &["-addext", &format!("subjectAltName={names}")],
        );
        self.made()
    }

    fn made(&self) -> Identity {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).expect("a file");
        Identity { certificate: read("server.crt"), key: read("server.key") }
    }

    #[track_caller]
    fn openssl(&self, words: &str, others: &[&str]) {
        run(self.folder.path(), words, others);
    }
}

#[track_caller]
fn run(folder: &Path, words: &str, others: &[&str]) {
    let mut command = Command::new("openssl");
    command.args(words.split_whitespace()).args(others).current_dir(folder);
    let output = command.output().expect("openssl runs");
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
}
