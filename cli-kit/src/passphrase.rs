//! Passphrases: from a file, from the environment or from the terminal, never from an argument,
//! which everybody on the machine can read.

use std::env;
use std::path::PathBuf;

use age::secrecy::{ExposeSecret, SecretString};
use anyhow::{Context, Result, anyhow, bail};

use crate::secret_file;
use crate::visible::visible;

/// The variable that opens keys that sign.
pub const SIGNING_VARIABLE: &str = "HANDOVER_PASSPHRASE";

/// The variable that opens keys of archives (age identities).
pub const ARCHIVE_VARIABLE: &str = "HANDOVER_ESCROW_PASSPHRASE";

/// Fewest characters of a passphrase that something new is encrypted with.
const NEW_MIN: usize = 12;

/// Longest file that can be one with a passphrase.
const FILE_MAX: u64 = 64 * 1024;

/// Where a passphrase comes from: the file, or else the variable, or else the terminal.
#[derive(Clone, Debug)]
pub struct PassphraseSource {
    file: Option<PathBuf>,
    variable: &'static str,
}

impl PassphraseSource {
    /// A source with a file, if one was given, and the name of a variable.
    pub fn new(file: Option<PathBuf>, variable: &'static str) -> Self {
        Self { file, variable }
    }

    /// The passphrase of something that is there already; `what` says of what, for the question on
    /// the terminal.
    pub fn read(&self, what: &str) -> Result<SecretString> {
        match self.given()? {
            Some(passphrase) => Ok(passphrase),
            None => self.asked(&format!("Passphrase of {what}: ")),
        }
    }

    /// A passphrase for something new: of at least 12 characters, typed twice if it is typed.
    pub fn read_new(&self, what: &str) -> Result<SecretString> {
        let given = self.given()?;
        let passphrase = given.map_or_else(|| self.asked_twice(what), Ok)?;
        check_length(&passphrase)?;
        Ok(passphrase)
    }

    /// The passphrase of the file or the variable.
    fn given(&self) -> Result<Option<SecretString>> {
        if let Some(file) = &self.file {
            let text = secret_file::read_text(file, "passphrase file", FILE_MAX)?;
            let line = one_line(text.expose_secret())
                .with_context(|| format!("the passphrase file {}", file.display()))?;
            return Ok(Some(SecretString::from(line)));
        }
        match env::var(self.variable) {
            Ok(text) => {
                let line = one_line(&text).with_context(|| self.variable)?;
                Ok(Some(SecretString::from(line)))
            }
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => bail!("{} is not UTF-8", self.variable),
        }
    }

    fn asked_twice(&self, what: &str) -> Result<SecretString> {
        let first = self.asked(&format!("New passphrase of {what}: "))?;
        check_length(&first)?;
        let second = self.asked("The same once more: ")?;
        if first.expose_secret() != second.expose_secret() {
            bail!("the two passphrases are not the same; nothing was made");
        }
        Ok(first)
    }

    fn asked(&self, question: &str) -> Result<SecretString> {
        // The question names files and keys, whose names somebody else may have chosen.
        rpassword::prompt_password(visible(question)).map(SecretString::from).map_err(|error| {
            anyhow!(
                "there is no terminal to ask for the passphrase on ({error}); put it into a file \
                 and give --passphrase-file, or into {}",
                self.variable
            )
        })
    }
}

/// The one line of a text, without its end.
fn one_line(text: &str) -> Result<&str> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        bail!("it is empty, where a passphrase should be");
    }
    if line.contains(['\n', '\r', '\0']) {
        bail!("it has several lines, where one with the passphrase should be");
    }
    Ok(line)
}

fn check_length(passphrase: &SecretString) -> Result<()> {
    let characters = passphrase.expose_secret().chars().count();
    if characters < NEW_MIN {
        bail!("a passphrase has at least {NEW_MIN} characters; several words are a good one");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::private_file;

    fn source(text: &str) -> (tempfile::TempDir, PassphraseSource) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        private_file::new(&file).unwrap().write_all(text.as_bytes()).unwrap();
        (folder, PassphraseSource::new(Some(file), "HANDOVER_TEST_NO_SUCH_VARIABLE"))
    }

    #[test]
    fn a_file_holds_one_line() {
        for text in ["mười hai ký tự", "mười hai ký tự\n", "mười hai ký tự\r\n"] {
            let (_folder, source) = source(text);
            assert_eq!(source.read_new("x").unwrap().expose_secret(), "mười hai ký tự");
        }
        for text in ["", "\n", "one line\nanother line\n"] {
            let (_folder, source) = source(text);
            let said = format!("{:#}", source.read("x").unwrap_err());
            assert!(said.contains("passphrase should be") && !said.contains("another"), "{said}");
        }
    }

    #[test]
    fn a_new_one_is_long() {
        let (_folder, source) = source("12 ký tự ă?");
        assert!(source.read("x").is_ok(), "an old one may be shorter");
        let said = source.read_new("x").unwrap_err().to_string();
        assert!(said.contains("at least 12 characters") && !said.contains("tự"), "{said}");
    }
}
