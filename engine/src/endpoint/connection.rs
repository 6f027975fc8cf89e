//! Where a server is and what a connection to it has to be: the URL, the environment and libpq's
//! defaults put together, so that our own sessions and the programs we run reach the same server
//! under the same policy.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::parameter::{Given, KNOWN, Parameter, Parameters};
use super::password_file::{self, Place};
use super::tls_policy::{Line, Roots, SslMode, TlsPolicy};

/// Where servers keep their sockets: what Debian's libpq looks into, and what others do.
const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

const DEFAULT_PORT: u16 = 5432;

/// How long connecting may take if nobody says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// The folder of a Unix socket.
    Socket(PathBuf),
    /// A host by its name or address; and the address to connect to, if it is not to be looked up.
    Tcp { name: String, address: Option<IpAddr> },
}

/// All that a connection needs.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) tls: TlsPolicy,
    /// Command-line options for the server, as in `PGOPTIONS`.
    pub(crate) options: Option<String>,
    pub(crate) timeout: Duration,
    password: Option<String>,
    password_file: Option<PathBuf>,
}

impl Connection {
    /// Puts together what was given. `home` is where libpq looks for files that nobody named.
    pub(super) fn of(parameters: &Parameters, home: Option<&Path>) -> Result<Self> {
        let number = |parameter, what: &str| match parameters.get(parameter) {
            None => Ok(None),
            Some(Given { value, by }) => match value.parse::<u16>() {
                Ok(number) => Ok(Some(number)),
                Err(error) => bail!("{by} is {value:?}, which is no {what} ({error})"),
            },
        };
        let port = number(Parameter::Port, "port")?.unwrap_or(DEFAULT_PORT);
        let timeout = number(Parameter::ConnectTimeout, "number of seconds")?;
        let user = match parameters.value(Parameter::User) {
            Some(user) => user.to_owned(),
            None => whoami::username().context("the operating system does not say who you are")?,
        };
        let file = parameters.value(Parameter::PassFile).map(PathBuf::from);
        Ok(Self {
            host: host(parameters, port)?,
            port,
            database: parameters.value(Parameter::DbName).unwrap_or(&user).to_owned(),
            user,
            tls: TlsPolicy::of(parameters, home)?,
            options: parameters.value(Parameter::Options).map(str::to_owned),
            // 0 is "without limit", as libpq has it; nobody waits for ever here.
            timeout: timeout
                .filter(|seconds| *seconds > 0)
                .map_or(CONNECT_TIMEOUT, |seconds| Duration::from_secs(seconds.into())),
            password: parameters.value(Parameter::Password).map(str::to_owned),
            password_file: file.or_else(|| home.map(|home| home.join(".pgpass"))),
        })
    }

    /// The password to prove, looked up at last in the password file.
    ///
    /// Refuses a password file that others can read.
    pub(crate) fn password(&self) -> Result<Option<String>> {
        if let Some(password) = &self.password {
            return Ok(Some(password.clone()));
        }
        let Some(file) = &self.password_file else { return Ok(None) };
        let hosts = match &self.host {
            Host::Tcp { name, .. } => vec![name.as_str()],
            Host::Socket(folder) => {
                let folder = folder.to_str().unwrap_or_default();
                let is_default = SOCKET_FOLDERS.contains(&folder);
                [folder].into_iter().chain(is_default.then_some("localhost")).collect()
            }
        };
        let place =
            Place { hosts: &hosts, port: self.port, database: &self.database, user: &self.user };
        password_file::password(file, &place)
    }

    /// What is known of the line.
    pub(crate) fn line(&self) -> Line {
        match self.host {
            Host::Socket(_) => Line::Socket,
            Host::Tcp { .. } => self.tls.line(),
        }
    }

    /// Has a client program of PostgreSQL reach the same server under the same policy, by its
    /// environment alone: no argument of it tells a place or a password. `url_password` is given
    /// on; one that came from the environment or the password file, it finds itself. `options` are
    /// for the server, behind those that were given.
    ///
    /// libpq before 16 does not know `PGREQUIREAUTH`, and gives a clear-text password to a server that
    /// it was told not to verify: whoever runs such a program has to ask before whether that may be
    /// (`PostgresEndpoint::proves_password_to_strangers`).
    pub(super) fn set_environment(
        &self,
        command: &mut Command,
        url_password: Option<&str>,
        options: &str,
    ) {
        let found_again = [Parameter::Password, Parameter::PassFile];
        for (_, _, variable) in KNOWN.iter().filter(|(known, ..)| !found_again.contains(known)) {
            command.env_remove(variable);
        }
        match &self.host {
            Host::Socket(folder) => {
                command.env("PGHOST", folder);
            }
            Host::Tcp { name, address } => {
                command.env("PGHOST", name);
                if let Some(address) = address {
                    command.env("PGHOSTADDR", address.to_string());
                }
            }
        }
        command.env("PGPORT", self.port.to_string());
        command.env("PGUSER", &self.user).env("PGDATABASE", &self.database);
        command.env("PGCONNECT_TIMEOUT", self.timeout.as_secs().to_string());
        if let Some(password) = url_password {
            command.env("PGPASSWORD", password);
        }
        if let Some(file) = &self.password_file {
            command.env("PGPASSFILE", file);
        }
        let given = self.options.as_deref().unwrap_or_default();
        command.env("PGOPTIONS", format!("{given} {options}"));
        // A service file counts more than the environment, and Kerberos more than TLS.
        command.env_remove("PGSERVICE").env("PGGSSENCMODE", "disable");
        self.set_tls(command);
    }

    fn set_tls(&self, command: &mut Command) {
        let tls = &self.tls;
        command.env("PGCHANNELBINDING", tls.channel_binding.as_str());
        if !self.line().is_verified() {
            // What our own sessions refuse as well.
            let refused = if self.line() == Line::Socket { "!password" } else { "!password,!md5" };
            command.env("PGREQUIREAUTH", refused);
        }
        if self.line() == Line::Socket {
            // A libpq that was built without TLS refuses to hear of it.
            return;
        }
        command.env("PGSSLMODE", tls.mode.as_str());
        match &tls.roots {
            Some(Roots::System) => {
                command.env("PGSSLROOTCERT", "system");
            }
            Some(Roots::File(file)) => {
                command.env("PGSSLROOTCERT", file);
            }
            None => {}
        }
        if let Some(client) = &tls.client {
            command.env("PGSSLCERT", &client.certificate).env("PGSSLKEY", &client.key);
        }
        if let Some(revoked) = &tls.revoked {
            command.env("PGSSLCRL", revoked);
        }
    }

    /// Whether a URL that names no `sslmode` has to name this one, for a program whose default is
    /// another.
    pub(super) fn mode_to_name(&self) -> Option<SslMode> {
        (self.line() != Line::Socket).then_some(self.tls.mode)
    }
}

fn host(parameters: &Parameters, port: u16) -> Result<Host> {
    let address = parameters.get(Parameter::HostAddr).map(|Given { value, by }| {
        value.parse::<IpAddr>().map_err(|error| anyhow::anyhow!("{by} is {value:?}: {error}"))
    });
    let address = address.transpose()?;
    match (parameters.get(Parameter::Host), address) {
        (Some(Given { value, by }), _) if value.contains(',') => {
            bail!(
                "{by} is {value:?}: several hosts cannot be given, since they are several databases"
            )
        }
        (Some(Given { value, .. }), None) if value.starts_with('/') => {
            Ok(Host::Socket(value.into()))
        }
        (Some(Given { value, .. }), address) => {
            // An IPv6 address stands in brackets in a URL, and nowhere else.
            let name = value.trim_start_matches('[').trim_end_matches(']').to_owned();
            Ok(Host::Tcp { name, address })
        }
        (None, Some(address)) => {
            Ok(Host::Tcp { name: address.to_string(), address: Some(address) })
        }
        (None, None) => {
            let socket = |folder: &&&str| Path::new(folder).join(socket_name(port)).exists();
            let folder = SOCKET_FOLDERS.iter().find(socket).unwrap_or(&SOCKET_FOLDERS[0]);
            Ok(Host::Socket(folder.into()))
        }
    }
}

/// The name of a server's socket in its folder.
pub(crate) fn socket_name(port: u16) -> String {
    format!(".s.PGSQL.{port}")
}

/// The place as people write it.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(folder) => write!(f, "{}", folder.display()),
            Self::Tcp { name, .. } => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn connection(given: &[(&str, &str)]) -> Result<Connection> {
        let mut parameters = Parameters::default();
        for (name, value) in given {
            parameters.set_by_name(name, (*value).to_owned())?;
        }
        Connection::of(&parameters, None)
    }

    /// What a program would see, of what is set or taken away.
    fn environment(connection: &Connection) -> Vec<(String, Option<String>)> {
        let mut command = Command::new("pg_dump");
        connection.set_environment(&mut command, None, "-c x=1");
        let text = |text: &OsStr| text.to_str().unwrap().to_owned();
        let variables = command.get_envs().map(|(name, value)| (text(name), value.map(text)));
        variables.collect()
    }

    #[test]
    fn programs_are_told_the_place_and_the_policy() {
        let given = [("host", "db.gov.vn"), ("user", "u"), ("sslrootcert", "/ca.crt")];
        let told = environment(&connection(&given).unwrap());
        let value = |name: &str| {
            let found = told.iter().find(|(known, _)| known == name);
            found.unwrap_or_else(|| panic!("{name} is left as it is")).1.as_deref()
        };
        assert_eq!(value("PGHOST"), Some("db.gov.vn"));
        assert_eq!(value("PGDATABASE"), Some("u"));
        assert_eq!(value("PGSSLMODE"), Some("verify-full"));
        assert_eq!(value("PGSSLROOTCERT"), Some("/ca.crt"));
        assert_eq!(value("PGGSSENCMODE"), Some("disable"));
        assert_eq!(value("PGSERVICE"), None);
        assert_eq!(value("PGHOSTADDR"), None);
        let told = environment(&connection(&[("host", "h"), ("sslmode", "disable")]).unwrap());
        assert!(told.contains(&("PGREQUIREAUTH".into(), Some("!password,!md5".into()))));
    }

    #[test]
    fn places() {
        let host = |given: &[(&str, &str)]| connection(given).unwrap().host;
        assert_eq!(host(&[("host", "/tmp/x")]), Host::Socket("/tmp/x".into()));
        let address = "192.0.2.1".parse().unwrap();
        assert_eq!(
            host(&[("host", "h"), ("hostaddr", "192.0.2.1")]),
            Host::Tcp { name: "h".into(), address: Some(address) }
        );
        assert_eq!(host(&[("host", "[::1]")]), Host::Tcp { name: "::1".into(), address: None });
        for given in [("host", "a,b"), ("port", "0x1"), ("port", "70000"), ("hostaddr", "h")] {
            let error = connection(&[given]).err().unwrap().to_string();
            assert!(error.contains(given.0) && error.contains(given.1), "{error}");
        }
    }
}
