//! What a connection has to be before anything is said on it.

use std::path::PathBuf;

use anyhow::{Result, bail};

use handover_schemas::ledger::LesserLine;

use super::parameter::{Given, Parameter, Parameters};

/// How much is demanded of a TCP connection, by libpq's names. Its `allow` and `prefer` are not
/// here: they go on in clear text as soon as anybody on the line says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SslMode {
    /// No TLS.
    Disable,
    /// TLS with whoever answers; with a root certificate, as [`VerifyCa`](Self::VerifyCa).
    Require,
    /// TLS with somebody who has a certificate by the root.
    VerifyCa,
    /// TLS with the host, by its certificate.
    VerifyFull,
}

const MODES: [(SslMode, &str); 4] = [
    (SslMode::Disable, "disable"),
    (SslMode::Require, "require"),
    (SslMode::VerifyCa, "verify-ca"),
    (SslMode::VerifyFull, "verify-full"),
];

impl SslMode {
    /// libpq's name.
    pub(crate) fn as_str(self) -> &'static str {
        MODES.iter().find(|(mode, _)| *mode == self).map_or("", |(_, name)| name)
    }

    fn parse(Given { value, by }: &Given) -> Result<Self> {
        if let Some((mode, _)) = MODES.iter().find(|(_, name)| name == value) {
            return Ok(*mode);
        }
        if value == "allow" || value == "prefer" {
            bail!(
                "{by}={value} is refused: it goes on without TLS as soon as the server, or anybody \
                 on the line, says so. Write verify-full; or, if it has to be less, by its name \
                 what it is: verify-ca, require or disable"
            );
        }
        bail!("{by} is {value:?}; known are disable, require, verify-ca, verify-full")
    }
}

/// Whether the proof of the password has to be bound to the TLS connection (RFC 5802, 5929).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChannelBinding {
    /// Never.
    Disable,
    /// Wherever the server offers it.
    WhereOffered,
    /// Always.
    Require,
}

impl ChannelBinding {
    /// libpq's name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::WhereOffered => "prefer",
            Self::Require => "require",
        }
    }

    fn parse(Given { value, by }: &Given) -> Result<Self> {
        match value.as_str() {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::WhereOffered),
            "require" => Ok(Self::Require),
            _ => bail!("{by} is {value:?}; known are disable, prefer, require"),
        }
    }
}

/// Whose certificates count as roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those of the operating system (`sslrootcert=system`).
    System,
    /// Those of a file, and no others.
    File(PathBuf),
}

/// A file that was named, or that lies where libpq looks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientCertificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What is demanded of a TCP connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsPolicy {
    pub(crate) mode: SslMode,
    pub(crate) channel_binding: ChannelBinding,
    /// Without any, `verify-ca` and `verify-full` refuse to connect.
    pub(crate) roots: Option<Roots>,
    /// Whom the server is shown, if it asks.
    pub(crate) client: Option<ClientCertificate>,
    /// Certificates that were taken back.
    pub(crate) revoked: Option<PathBuf>,
}

impl TlsPolicy {
    /// Reads what was given; the default is `verify-full`. `home` is where libpq looks for files
    /// that nobody named.
    pub(super) fn of(parameters: &Parameters, home: Option<&std::path::Path>) -> Result<Self> {
        let default = |name: &str| {
            home.map(|home| home.join(".postgresql").join(name)).filter(|file| file.exists())
        };
        let named = |parameter| parameters.value(parameter).map(PathBuf::from);
        let mode = parameters.get(Parameter::SslMode).map(SslMode::parse).transpose()?;
        let mode = mode.unwrap_or(SslMode::VerifyFull);
        let binding = parameters.get(Parameter::ChannelBinding).map(ChannelBinding::parse);
        let roots = match parameters.get(Parameter::SslRootCert) {
            Some(Given { value, by }) if value == "system" => {
                // libpq's rule: half the world can get a certificate by a public root.
                if mode != SslMode::VerifyFull {
                    bail!("{by}=system needs sslmode=verify-full, not {}", mode.as_str());
                }
                Some(Roots::System)
            }
            Some(Given { value, .. }) => Some(Roots::File(value.into())),
            None => default("root.crt").map(Roots::File),
        };
        let certificate = named(Parameter::SslCert).or_else(|| default("postgresql.crt"));
        let key = named(Parameter::SslKey).or_else(|| default("postgresql.key"));
        let client = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
            (Some(certificate), None) => bail!(
                "there is a client certificate, {}, and no key; name it with sslkey",
                certificate.display()
            ),
            (None, Some(key)) if parameters.value(Parameter::SslKey).is_some() => bail!(
                "there is the key of a client certificate, {}, and no certificate; name it with \
                 sslcert",
                key.display()
            ),
            (None, _) => None,
        };
        if let (SslMode::Require, None, Some(Given { by, .. })) =
            (mode, &roots, parameters.get(Parameter::SslCrl))
        {
            bail!(
                "{by} says which certificates do not count, and sslmode=require without sslrootcert \
                 asks for none; name the root"
            );
        }
        Ok(Self {
            mode,
            channel_binding: binding.transpose()?.unwrap_or(ChannelBinding::WhereOffered),
            roots,
            client,
            revoked: named(Parameter::SslCrl).or_else(|| default("root.crl")),
        })
    }

    /// What a TCP connection under this policy is.
    pub(super) fn line(&self) -> Line {
        match (self.mode, &self.roots) {
            (SslMode::Disable, _) => Line::Clear,
            (SslMode::Require, None) => Line::Unverified,
            (SslMode::Require | SslMode::VerifyCa, _) => Line::Authority,
            (SslMode::VerifyFull, _) => Line::Host,
        }
    }
}

/// What is known of who is at the other end, and of who else can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A Unix socket: it does not leave the machine.
    Socket,
    /// TCP without TLS.
    Clear,
    /// TLS with whoever answered.
    Unverified,
    /// TLS with somebody whose certificate is by the given root.
    Authority,
    /// TLS with the host that was named.
    Host,
}

impl Line {
    /// Whether the server's certificate was verified.
    pub fn is_verified(self) -> bool {
        matches!(self, Self::Authority | Self::Host)
    }

    /// What it is less than `verify-full`, as somebody chose by name; nothing for `verify-full` and
    /// for Unix sockets.
    pub fn lesser(self) -> Option<LesserLine> {
        match self {
            Self::Socket | Self::Host => None,
            Self::Clear => Some(LesserLine::Clear),
            Self::Unverified => Some(LesserLine::Unverified),
            Self::Authority => Some(LesserLine::Authority),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(given: &[(&str, &str)]) -> Result<TlsPolicy> {
        let mut parameters = Parameters::default();
        for (name, value) in given {
            parameters.set_by_name(name, (*value).to_owned())?;
        }
        TlsPolicy::of(&parameters, None)
    }

    #[test]
    fn less_than_the_default_is_chosen_by_name() {
        for (mode, line) in [
            ("disable", Line::Clear),
            ("require", Line::Unverified),
            ("verify-ca", Line::Authority),
            ("verify-full", Line::Host),
        ] {
            assert_eq!(policy(&[("sslmode", mode)]).unwrap().line(), line);
        }
        assert_eq!(policy(&[]).unwrap().line(), Line::Host);
        let rooted = policy(&[("sslmode", "require"), ("sslrootcert", "/ca.crt")]).unwrap();
        assert_eq!(rooted.line(), Line::Authority, "a root that is given is used");
    }

    #[test]
    fn bad_values_are_refused_by_name() {
        for (name, value, say) in [
            ("sslmode", "verifyfull", "verify-full"),
            ("sslmode", "prefer", "goes on without TLS"),
            ("sslmode", "allow", "goes on without TLS"),
            ("channel_binding", "yes", "require"),
            ("sslcert", "/c.crt", "sslkey"),
            ("sslkey", "/c.key", "sslcert"),
        ] {
            let error = policy(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(value) && error.contains(say), "{error}");
        }
        let error = policy(&[("sslmode", "require"), ("sslrootcert", "system")]).unwrap_err();
        assert!(error.to_string().contains("verify-full"), "{error}");
    }
}
