//! What a URL and the environment may say of a connection, by the names that libpq gives it.
//!
//! Whatever is not known is refused: a parameter that nobody reads may be the one that somebody
//! relies on.

use std::collections::BTreeMap;
use std::ffi::OsString;

use anyhow::{Context, Result, bail};

/// A connection parameter.
///
/// Source: PostgreSQL's manual, "Parameter Key Words" and "Environment Variables" of libpq.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Parameter {
    Host,
    HostAddr,
    Port,
    DbName,
    User,
    Password,
    PassFile,
    SslMode,
    SslRootCert,
    SslCert,
    SslKey,
    SslCrl,
    ChannelBinding,
    ConnectTimeout,
    Options,
}

/// Every parameter with its name in a URL and its variable in the environment.
pub(super) const KNOWN: [(Parameter, &str, &str); 15] = [
    (Parameter::Host, "host", "PGHOST"),
    (Parameter::HostAddr, "hostaddr", "PGHOSTADDR"),
    (Parameter::Port, "port", "PGPORT"),
    (Parameter::DbName, "dbname", "PGDATABASE"),
    (Parameter::User, "user", "PGUSER"),
    (Parameter::Password, "password", "PGPASSWORD"),
    (Parameter::PassFile, "passfile", "PGPASSFILE"),
    (Parameter::SslMode, "sslmode", "PGSSLMODE"),
    (Parameter::SslRootCert, "sslrootcert", "PGSSLROOTCERT"),
    (Parameter::SslCert, "sslcert", "PGSSLCERT"),
    (Parameter::SslKey, "sslkey", "PGSSLKEY"),
    (Parameter::SslCrl, "sslcrl", "PGSSLCRL"),
    (Parameter::ChannelBinding, "channel_binding", "PGCHANNELBINDING"),
    (Parameter::ConnectTimeout, "connect_timeout", "PGCONNECT_TIMEOUT"),
    (Parameter::Options, "options", "PGOPTIONS"),
];

/// Variables by which libpq would choose a server, or demand something of it, and which are not
/// read here. A program that did not obey them in silence would do less than it was told.
const NOT_READ: [&str; 6] = [
    "PGSERVICE",
    "PGREQUIREAUTH",
    "PGREQUIREPEER",
    "PGREQUIRESSL",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
];

impl Parameter {
    fn name_and_variable(self) -> (&'static str, &'static str) {
        let known = KNOWN.iter().find(|(parameter, ..)| *parameter == self);
        known.map_or(("", ""), |(_, name, variable)| (name, variable))
    }
}

/// A value and who gave it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) value: String,
    /// The parameter or the variable, for messages.
    pub(super) by: &'static str,
}

/// What was given: by the URL, or else by the environment.
#[derive(Clone, Default)]
pub(super) struct Parameters(BTreeMap<Parameter, Given>);

impl Parameters {
    /// Takes the environment; an empty variable says nothing, as with libpq.
    pub(super) fn of_environment(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        let mut parameters = BTreeMap::new();
        for (variable, value) in variables {
            let Some(variable) = variable.to_str().filter(|name| name.starts_with("PG")) else {
                continue;
            };
            if value.is_empty() {
                continue;
            }
            let known = KNOWN.iter().find(|(_, _, known)| *known == variable);
            if let Some(&(parameter, _, by)) = known {
                let value = value.to_str().with_context(|| format!("{by} is not UTF-8"))?;
                parameters.insert(parameter, Given { value: value.to_owned(), by });
            } else if NOT_READ.contains(&variable) || variable.starts_with("PGSSL") {
                bail!(
                    "{variable} is set in the environment, and this program does not read it; \
                     unset it. What it reads: {}",
                    list(KNOWN.iter().map(|(_, _, variable)| *variable))
                );
            } else if variable == "PGGSSENCMODE"
                && !["disable", "prefer"].iter().any(|v| value == *v)
            {
                bail!("PGGSSENCMODE demands Kerberos, which this program does not speak; unset it");
            }
        }
        Ok(Self(parameters))
    }

    /// Sets what a URL says; it counts more than the environment.
    pub(super) fn set(&mut self, parameter: Parameter, value: String) {
        let (by, _) = parameter.name_and_variable();
        self.0.insert(parameter, Given { value, by });
    }

    /// Sets what the query of a URL says: `name=value`, decoded. Refuses a name that is not known,
    /// without its value.
    pub(super) fn set_by_name(&mut self, name: &str, value: String) -> Result<()> {
        let Some((parameter, ..)) = KNOWN.iter().find(|(_, known, _)| *known == name) else {
            bail!("{}", unknown(name));
        };
        if value.is_empty() {
            bail!("{name} has no value in the URL");
        }
        self.set(*parameter, value);
        Ok(())
    }

    /// What was given, and by whom.
    pub(super) fn get(&self, parameter: Parameter) -> Option<&Given> {
        self.0.get(&parameter)
    }

    /// What was given.
    pub(super) fn value(&self, parameter: Parameter) -> Option<&str> {
        self.get(parameter).map(|given| given.value.as_str())
    }
}

fn unknown(name: &str) -> String {
    let hint = match name {
        "sslpassword" => {
            "; keep the client's key in a file without passphrase that only you can read"
        }
        "service" | "servicefile" => "; write out what the service file says",
        "sslcrldir" => {
            "; put the lists of revoked certificates into one file, and name it with sslcrl"
        }
        "sslnegotiation" => "; TLS is asked for in the way that every release knows",
        "ssl_min_protocol_version" | "ssl_max_protocol_version" => {
            "; TLS 1.2 and 1.3 are spoken, and nothing else"
        }
        "require_auth" => {
            "; a server whose certificate is not verified gets no password but by SCRAM"
        }
        _ => "",
    };
    format!(
        "the URL's parameter {name:?} is not known{hint}. Known are {}",
        list(KNOWN.iter().map(|(_, name, _)| *name))
    )
}

fn list(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Result<Parameters> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Parameters::of_environment(variables)
    }

    #[test]
    fn the_url_counts_more_than_the_environment() {
        let mut given =
            environment(&[("PGHOST", "a"), ("PGPORT", ""), ("HOME", "/"), ("PGDATA", "x")])
                .unwrap();
        assert_eq!(given.value(Parameter::Host), Some("a"));
        assert_eq!(given.value(Parameter::Port), None);
        given.set_by_name("host", "b".to_owned()).unwrap();
        assert_eq!(given.value(Parameter::Host), Some("b"));
    }

    #[test]
    fn what_nobody_reads_is_refused() {
        for variable in ["PGSERVICE", "PGSSLMOD", "PGSSLCRLDIR", "PGREQUIREAUTH"] {
            let error = environment(&[(variable, "x")]).err().unwrap().to_string();
            assert!(error.contains(variable) && error.contains("PGSSLMODE"), "{error}");
        }
        for name in ["ssl-mode", "sslpassword", "service", "statement-cache-capacity"] {
            let refused = Parameters::default().set_by_name(name, "s3cret".to_owned());
            let error = refused.unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("sslmode"), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
