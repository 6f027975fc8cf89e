//! Secrets lying in files: private keys, passwords in configuration, key stores.
//!
//! Told are what and where, never the value. A finding is a hint for somebody to look: what reads
//! a password from elsewhere, or only names one, is passed over, and so is what is plainly made
//! up (`changeme`, `<password>`, `${DB_PASSWORD}`).

mod assignment;
mod credentials;
mod file_name;
mod key_block;
mod key_word;
mod placeholder;
mod scanner;
#[cfg(test)]
mod tests;

use std::fmt;

pub use file_name::by_name;
pub use scanner::Scanner;

/// A kind of secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretKind {
    /// A private key: PEM, OpenSSH, PGP, PuTTY.
    PrivateKey,
    /// An identity of the program age.
    AgeIdentity,
    /// A password, token or the like that is set in configuration or code.
    Password,
    /// A password within a URL or a connection string.
    ConnectionPassword,
    /// The id of an AWS access key; its secret is seldom far away.
    AwsKeyId,
    /// A file that holds keys, by its name.
    KeyStore,
    /// A file that holds passwords, by its name.
    PasswordFile,
}

impl fmt::Display for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrivateKey => "private key",
            Self::AgeIdentity => "age identity",
            Self::Password => "password",
            Self::ConnectionPassword => "password in a connection string",
            Self::AwsKeyId => "AWS access key",
            Self::KeyStore => "key store",
            Self::PasswordFile => "password file",
        })
    }
}

/// A secret in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// The line it is on, from 1. Of one kind at most one is told for a line.
    pub line: u64,
    /// What it is.
    pub kind: SecretKind,
}

/// What a [`Scanner`] found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In the order of the file, at most [`Scanner::MOST`].
    pub secrets: Vec<Secret>,
    /// How many more there were.
    pub more: u64,
}
