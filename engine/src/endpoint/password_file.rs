//! `.pgpass`: passwords by place.
//!
//! Source: PostgreSQL's manual, "The Password File", and `passwordFromFile` of `fe-connect.c`.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// A line of the file is for one of these.
pub(super) struct Place<'p> {
    /// Names of the host: a socket in the default folder is `localhost` as well.
    pub(super) hosts: &'p [&'p str],
    pub(super) port: u16,
    pub(super) database: &'p str,
    pub(super) user: &'p str,
}

/// The first password for a place; nothing if there is no file, or no line for it.
///
/// Refuses a file that others can read, which libpq passes over.
pub(super) fn password(file: &Path, place: &Place<'_>) -> Result<Option<String>> {
    let mut open = match File::open(file) {
        Ok(open) => open,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let about = open.metadata().with_context(|| format!("cannot read {}", file.display()))?;
    // /dev/null is how people say that there is none.
    if !about.is_file() {
        return Ok(None);
    }
    if about.permissions().mode() & 0o077 != 0 {
        bail!("{0} holds passwords, and others can read it; run: chmod 0600 {0}", file.display());
    }
    let mut text = String::new();
    open.read_to_string(&mut text).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text.lines().filter(|line| !line.starts_with('#')).find_map(|line| of_line(line, place)))
}

/// `host:port:database:user:password`, where `*` is anything and a backslash takes the meaning
/// from `:` and from itself.
fn of_line(line: &str, place: &Place<'_>) -> Option<String> {
    let mut rest = line;
    let mut field = || {
        let (field, after) = split_field(rest)?;
        rest = after;
        Some(field)
    };
    let is = |field: Field, wanted: &str| field.is_star || field.text == wanted;
    let host = field()?;
    let found = host.is_star || place.hosts.contains(&host.text.as_str());
    let found = is(field()?, &place.port.to_string()) && found;
    let found = is(field()?, place.database) && found;
    let found = is(field()?, place.user) && found;
    let password = split_field(rest).map_or_else(|| unescaped(rest), |(field, _)| field.text);
    found.then_some(password)
}

struct Field {
    text: String,
    is_star: bool,
}

/// The text up to the next `:` and what is behind it.
fn split_field(line: &str) -> Option<(Field, &str)> {
    let mut escaped = false;
    let end = line.char_indices().find_map(|(at, letter)| {
        let is_end = letter == ':' && !escaped;
        escaped = letter == '\\' && !escaped;
        is_end.then_some(at)
    })?;
    let (raw, rest) = line.split_at_checked(end)?;
    let field = Field { text: unescaped(raw), is_star: raw == "*" };
    Some((field, rest.strip_prefix(':')?))
}

fn unescaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        text.push(if letter == '\\' { letters.next().unwrap_or(letter) } else { letter });
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PLACE: Place<'_> =
        Place { hosts: &["h", "localhost"], port: 5432, database: "d:b", user: "u" };

    #[test]
    fn the_first_line_that_fits() {
        for (line, password) in [
            ("h:5432:d\\:b:u:pw", Some("pw")),
            ("*:*:*:*:p\\:w\\\\", Some("p:w\\")),
            ("localhost:*:*:u:pw:rest", Some("pw")),
            ("h:5433:*:*:pw", None),
            ("\\*:*:*:*:pw", None),
            ("h:*:d:u:pw", None),
            ("h:*:*:v:pw", None),
            ("h:*", None),
            ("", None),
        ] {
            assert_eq!(of_line(line, &PLACE).as_deref(), password, "{line}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pgpass");
        assert_eq!(password(&file, &PLACE).unwrap(), None);
        fs::write(&file, "# *:*:*:*:not this\nx:*:*:*:nor this\n*:*:*:*:this\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let error = password(&file, &PLACE).unwrap_err().to_string();
        assert!(error.contains("chmod 0600") && !error.contains("this"), "{error}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(password(&file, &PLACE).unwrap().as_deref(), Some("this"));
        assert_eq!(password(Path::new("/dev/null"), &PLACE).unwrap(), None);
    }
}
