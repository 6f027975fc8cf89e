//! A PostgreSQL cluster of a test's own, which may be killed.

use std::fs::{self, File, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, io};

use tempfile::TempDir;

use crate::certificates::{Authority, Identity};
use crate::process::{children, is_alive, signal, wait_until};
use crate::server::{Server, forget_postgres_settings, pg_program, programs_of};

/// The user that runs servers when the tests are run by root, which PostgreSQL refuses.
const SERVER_USER: &str = "postgres";

const LIMIT: Duration = Duration::from_mins(1);

/// A private cluster with `fsync` on, as a real one has; stopped and removed when dropped.
///
/// Starting one takes about a second: use a [`crate::Database`] unless the server is to be killed
/// or needs settings of its own.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    /// Where the programs of its version are.
    programs: PathBuf,
    folder: TempDir,
    postmaster: Option<Child>,
    /// Where it listens by TCP as well, on 127.0.0.1.
    port: Option<u16>,
}

impl Cluster {
    /// Makes and starts a cluster.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Makes and starts a cluster with further lines for its `postgresql.conf`.
    #[track_caller]
    pub fn start_with(settings: &[&str]) -> Self {
        Self::start_from(pg_program(""), settings, None)
    }

    /// Makes and starts a cluster that listens on 127.0.0.1 as well, and lets in whom these lines
    /// of `pg_hba.conf` let in.
    #[track_caller]
    pub fn start_on_tcp(settings: &[&str], access: &str) -> Self {
        Self::start_from(pg_program(""), settings, Some(access))
    }

    /// Makes and starts a cluster of another version than the usual one: 14 or 18, which `./test`
    /// installs.
    #[track_caller]
    pub fn start_version(version: u32) -> Self {
        Self::start_from(programs_of(version), &["fsync = off"], None)
    }

    #[track_caller]
    fn start_from(programs: PathBuf, settings: &[&str], by_tcp: Option<&str>) -> Self {
        // Not TMPDIR: the path of a socket has at most 107 bytes.
        let parent = env::var_os("HANDOVER_TEST_DIR").unwrap_or_else(|| "/tmp".into());
        let folder = tempfile::Builder::new()
            .prefix("c.")
            .rand_bytes(6)
            .tempdir_in(parent)
            .expect("a folder for the cluster");
        let path = folder.path().to_str().expect("a plain path").to_owned();
        if is_root() {
            let owned = Command::new("chown").args([&format!("{SERVER_USER}:"), &path]).status();
            assert!(
                owned.is_ok_and(|status| status.success()),
                "no user {SERVER_USER}: run ./test"
            );
        }
        let port = by_tcp.map(|_| free_port());
        let server = Server::in_folder(&path, port);
        let mut cluster = Self { server, programs, folder, postmaster: None, port };
        cluster.initialise(settings, by_tcp.unwrap_or_default());
        cluster.start_again();
        cluster
    }

    fn initialise(&self, settings: &[&str], by_tcp: &str) {
        let data = self.data();
        let output = self
            .as_server("initdb")
            .args(["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync"])
            .arg("-D")
            .arg(&data)
            .output()
            .expect("initdb runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

        let folder = self.folder.path().display();
        let (listen, port) = self.port.map_or(("", 5432), |port| ("127.0.0.1", port));
        let mut configuration = format!(
            "listen_addresses = '{listen}'\nport = {port}\nunix_socket_directories = '{folder}'\nmax_connections = 50\n\
            fsync = on\n# in a file, so that a killed server leaves nothing in /dev/shm\n\
            dynamic_shared_memory_type = mmap\n"
        );
        for line in settings {
            configuration.push_str(line);
            configuration.push('\n');
        }
        append(&data.join("postgresql.conf"), &configuration).expect("postgresql.conf");
        let access = format!("local all postgres trust\nlocal all all scram-sha-256\n{by_tcp}");
        fs::write(data.join("pg_hba.conf"), access).expect("pg_hba.conf");
    }

    /// The server, for its URLs and for SQL; [`crate::Options::create_on`] takes it too.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// URL of a database, as superuser.
    pub fn database_url(&self, name: &str) -> String {
        self.server.url(name)
    }

    /// URL of a database by TCP, as this role, at a host that is this machine.
    #[track_caller]
    pub fn tcp_url(&self, role: &str, host: &str, database: &str) -> String {
        let port = self.port.expect("the cluster listens by TCP");
        format!("postgres://{role}@{host}:{port}/{database}")
    }

    /// Has the server show this certificate from now on.
    #[track_caller]
    pub fn show_certificate(&self, identity: &Identity) {
        let name = format!("{:x}", name_of(&identity.certificate));
        for (kind, content) in [("crt", &identity.certificate), ("key", &identity.key)] {
            let path = self.data().join(format!("{name}.{kind}"));
            fs::write(&path, content).expect("a file");
            fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");
            give_to_server(&path);
        }
        for setting in [
            format!("ssl_cert_file = '{name}.crt'"),
            format!("ssl_key_file = '{name}.key'"),
            "ssl = on".to_owned(),
        ] {
            self.server.sql("postgres", &format!("alter system set {setting}"));
        }
        self.server.sql("postgres", "select pg_reload_conf()");
        let shown = || self.server.query("postgres", "show ssl_cert_file");
        let changed = wait_until(LIMIT, || shown() == format!("{name}.crt"));
        assert!(changed, "the server does not read its settings: {}", self.log());
    }

    /// Has the server know its clients by certificates of this authority, from now on.
    #[track_caller]
    pub fn trust_clients_of(&self, authority: &Authority) {
        let path = self.data().join("clients.crt");
        fs::copy(authority.root(), &path).expect("a file");
        give_to_server(&path);
        self.server.sql("postgres", "alter system set ssl_ca_file = 'clients.crt'");
        self.server.sql("postgres", "select pg_reload_conf()");
        let shown = || self.server.query("postgres", "show ssl_ca_file");
        let changed = wait_until(LIMIT, || shown() == "clients.crt");
        assert!(changed, "the server does not read its settings: {}", self.log());
    }

    /// What the server has written to its log so far.
    #[track_caller]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("the server's log")
    }

    /// Kills the server and all its children with SIGKILL, as a power cut would, and waits until
    /// they are gone. Nothing is removed.
    #[track_caller]
    pub fn kill_server(&mut self) {
        let mut postmaster = self.postmaster.take().expect("the server is running");
        // Stopped, it starts no child that would be missed below.
        signal("STOP", &[postmaster.id()]);
        let mut all = children(postmaster.id());
        all.push(postmaster.id());
        signal("KILL", &all);
        postmaster.wait().expect("the server is a child of this process");
        let gone = wait_until(LIMIT, || !all.iter().any(|pid| is_alive(*pid)));
        assert!(gone, "a process of the server survives SIGKILL");
    }

    /// Starts the server again, after [`Cluster::kill_server`] or at first, and waits until it
    /// takes connections: a killed one has to recover.
    #[track_caller]
    pub fn start_again(&mut self) {
        assert!(self.postmaster.is_none(), "the server is still running");
        let log_path = self.folder.path().join("log");
        let log = File::options().append(true).create(true).open(&log_path).expect("a log");
        let mut command = self.as_server("postgres");
        command.arg("-D").arg(self.data()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a log")).stderr(log);
        // A Ctrl-C is for the tests, which then stop the server in their own way.
        command.process_group(0);
        let mut postmaster = command.spawn().expect("postgres runs");

        let ready = wait_until(LIMIT, || {
            assert!(
                matches!(postmaster.try_wait(), Ok(None)),
                "the server stopped:\n{}",
                fs::read_to_string(&log_path).unwrap_or_default()
            );
            self.is_ready()
        });
        self.postmaster = Some(postmaster);
        assert!(ready, "the server does not get ready");
    }

    /// Process id of the server.
    #[track_caller]
    pub fn process_id(&self) -> u32 {
        self.postmaster.as_ref().expect("the server is running").id()
    }

    fn is_ready(&self) -> bool {
        let mut command = Command::new(pg_program("pg_isready"));
        command.args(["-q", "-d", &self.server.url("postgres")]);
        forget_postgres_settings(&mut command);
        command.status().is_ok_and(|status| status.success())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A PostgreSQL program, to be run as the user the server runs as.
    fn as_server(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            let user = [&format!("--reuid={SERVER_USER}"), &format!("--regid={SERVER_USER}")];
            command.args(user).arg("--clear-groups").arg(program);
            command
        } else {
            Command::new(program)
        };
        forget_postgres_settings(&mut command);
        command.current_dir(self.folder.path()).env("HOME", self.folder.path());
        command.env("LC_ALL", "C.UTF-8");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut postmaster) = self.postmaster.take() {
            signal("QUIT", &[postmaster.id()]);
            if !wait_until(LIMIT, || !matches!(postmaster.try_wait(), Ok(None))) {
                signal("KILL", &[postmaster.id()]);
            }
        } else {
            self.remove_lock_segment();
        }
    }
}

impl Cluster {
    /// A killed server leaves the small System V segment that guards its data folder.
    fn remove_lock_segment(&self) {
        let lock = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        // The line is "key id".
        if let Some(id) = lock.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
            // Whether it worked matters to nobody: the segment is 56 bytes.
            drop(Command::new("ipcrm").args(["-m", id]).stderr(Stdio::null()).status());
        }
    }
}

/// The server's user has to own its key.
#[track_caller]
fn give_to_server(path: &Path) {
    if is_root() {
        let owned = Command::new("chown").arg(format!("{SERVER_USER}:")).arg(path).status();
        assert!(owned.is_ok_and(|status| status.success()), "{}", path.display());
    }
}

/// A port that nobody listens at.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// A number for a file, by its content.
fn name_of(content: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    io::Write::write_all(&mut File::options().append(true).open(path)?, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_server_keeps_what_was_committed() {
        let mut cluster = Cluster::start();
        cluster.server().sql("postgres", "create table t (a int); insert into t values (1)");
        assert_eq!(cluster.server().query("postgres", "show fsync"), "on");
        let children = children(cluster.process_id());
        assert!(children.len() >= 4, "the server has its usual children: {children:?}");

        cluster.kill_server();
        assert!(!cluster.is_ready());
        assert!(!children.iter().any(|pid| is_alive(*pid)));

        cluster.start_again();
        cluster.server().sql("postgres", "insert into t values (2)");
        assert_eq!(cluster.server().query("postgres", "select sum(a) from t"), "3");
        let log = cluster.log();
        assert!(log.contains("was not properly shut down"), "it was a crash:\n{log}");
    }

    #[test]
    fn a_dropped_cluster_leaves_no_process_and_no_folder() {
        let cluster = Cluster::start_with(&["max_connections = 7"]);
        assert_eq!(cluster.server().query("postgres", "show max_connections"), "7");
        let (pid, folder) = (cluster.process_id(), cluster.folder.path().to_owned());
        drop(cluster);
        assert!(!is_alive(pid));
        assert!(!folder.exists());
    }
}
