//! Reading files with keys and passphrases.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use age::secrecy::SecretString;
use anyhow::{Context, Result, bail};

/// Reads a file with a secret, of at most so many bytes; `what` says which, for errors. Refuses one that
/// others on the machine may read.
///
/// # Errors
///
/// None of them quotes the file.
pub fn read(path: &Path, what: &str, longest: u64) -> Result<Vec<u8>> {
    let place = || format!("cannot read the {what} {}", path.display());
    let file = File::open(path).with_context(place)?;
    // Of the file that is open, not of its name.
    let mode = file.metadata().with_context(place)?.mode();
    if mode & 0o077 != 0 {
        bail!(
            "the {what} {} can be read or changed by others on this machine (mode {:04o}): chmod 600 \
             {}. On a stick that knows no modes, copy it into a folder of your own (install -m 600)",
            path.display(),
            mode & 0o7777,
            crate::shell::quote(&path.display().to_string())
        );
    }
    let mut content = Vec::new();
    file.take(longest + 1).read_to_end(&mut content).with_context(place)?;
    if content.len() as u64 > longest {
        bail!("{}: it is too long to be a {what}", path.display());
    }
    Ok(content)
}

/// The same of a file that is text.
pub fn read_text(path: &Path, what: &str, longest: u64) -> Result<SecretString> {
    match String::from_utf8(read(path, what, longest)?) {
        Ok(text) => Ok(SecretString::from(text)),
        Err(_not_text) => bail!("the {what} {} is no text", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use age::secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a key");
        fs::write(&file, "s3cret").unwrap();
        for (mode, allowed) in
            [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)]
        {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let read = read_text(&file, "key file", 10);
            assert_eq!(read.is_ok(), allowed, "{mode:o}");
            match read {
                Ok(text) => assert_eq!(text.expose_secret(), "s3cret"),
                Err(error) => {
                    let said = format!("{error:#}");
                    let advice = format!("chmod 600 '{}'", file.display());
                    assert!(said.contains(&advice) && !said.contains("s3cret"), "{said}");
                }
            }
        }
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        assert!(read(&file, "key file", 5).is_err(), "too long");
    }
}
