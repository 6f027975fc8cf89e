//! Reading `handover.toml` of a hand-over folder.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_engine::endpoint::{Endpoint, PASSWORD_IN_URL};
use handover_schemas::config::{CONFIG_FILE, Config, End};

/// Reads and checks the config of a hand-over folder; `None` if the folder has none.
///
/// An error names the file, and the line or the entry. It never quotes a value: somebody may have
/// written a password there, which is refused.
pub fn load(handover: &Path) -> Result<Option<Config>> {
    let path = handover.join(CONFIG_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        // The folder may be missing as well; or it is a file, which whoever writes there will say.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let config = parse(&text).with_context(|| path.display().to_string())?;
    for (name, end) in [("source", &config.source), ("target", &config.target)] {
        if let Some(end) = end {
            endpoint(end, handover).with_context(|| format!("{}: {name}", path.display()))?;
        }
    }
    Ok(Some(config))
}

/// The database to use as `source` or `target`: the one given on the command line, or else the
/// config's.
pub fn choose_end(
    name: &str,
    given: Option<Endpoint>,
    configured: Option<&End>,
    handover: &Path,
) -> Result<Endpoint> {
    match (given, configured) {
        (Some(given), _) => Ok(given),
        (None, Some(end)) => endpoint(end, handover),
        (None, None) => bail!(
            "which {name}? Give --{name} URL, or write [{name}] with its url into {}",
            handover.join(CONFIG_FILE).display()
        ),
    }
}

/// The database of a config. A relative path of a SQLite file begins at the hand-over folder,
/// whatever folder the command is run in.
///
/// Refuses a URL that cannot be used or has a password in it.
pub fn endpoint(end: &End, handover: &Path) -> Result<Endpoint> {
    match end.url.parse()? {
        Endpoint::Postgres(postgres) if postgres.password().is_some() => {
            bail!(PASSWORD_IN_URL)
        }
        Endpoint::Sqlite(file) => Ok(Endpoint::Sqlite(from_folder(handover, &file))),
        postgres @ Endpoint::Postgres(_) => Ok(postgres),
    }
}

/// The file's place without detours such as `DIR/../file`, so that it is the same source for the
/// ledger as when it is given on the command line.
fn from_folder(folder: &Path, file: &Path) -> PathBuf {
    let joined = folder.join(file);
    let parent = joined.parent().and_then(|parent| std::fs::canonicalize(parent).ok());
    match (parent, joined.file_name()) {
        (Some(parent), Some(name)) if file.is_relative() => parent.join(name),
        _ => joined,
    }
}

fn parse(text: &str) -> Result<Config> {
    let config: Config =
        toml::from_str(text).map_err(|error| anyhow::anyhow!(explanation(text, &error)))?;
    config.check()?;
    Ok(config)
}

/// What is wrong, and where, without the line itself.
pub(crate) fn explanation(text: &str, error: &toml::de::Error) -> String {
    let place = error.span().map_or_else(String::new, |span| place(text, &span));
    format!("{place}{}", without_values(error.message()))
}

/// `line 12, column 3: `, counted in characters from 1.
fn place(text: &str, span: &Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
    format!("line {line}, column {column}: ")
}

/// The parser's message in our words. Some of its messages quote what stands in the file.
fn without_values(message: &str) -> String {
    let unknown = |kind: &str| {
        let (word, known) =
            message.strip_prefix(kind)?.strip_prefix(" `")?.split_once("`, expected ")?;
        let known = known.trim_start_matches("one of ").replace(" or ", ", ").replace('`', "");
        Some((word, known))
    };
    if let Some((key, known)) = unknown("unknown field")
        && is_plain(key)
    {
        return format!("unknown key {key:?}; known are {known}");
    }
    if let Some((word, known)) = unknown("unknown variant")
        && is_plain(word)
    {
        return format!("unknown word {word:?}; known are {known}");
    }
    if let Some(found) = message.strip_prefix("invalid type: ")
        && let Some((found, expected)) = found.rsplit_once(", expected ")
    {
        let kind = found.split([' ', '`', '"']).next().unwrap_or_default();
        let expected = if expected.starts_with("struct ") { "keys of a section" } else { expected };
        let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        return format!("{article} {kind} stands here, where {expected} is expected");
    }
    if message.contains(['"', '@', ':']) {
        return "this cannot be understood; compare it with the JSON Schema of this file"
            .to_owned();
    }
    message.to_owned()
}

/// Whether a word of the file may be shown: a name, not a URL or a sentence.
fn is_plain(word: &str) -> bool {
    let plain = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    word.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        format!("{:#}", parse(text).unwrap_err())
    }

    #[test]
    fn errors_name_the_line_and_what_is_known() {
        for (text, expected) in [
            (
                "# one\n[[leave_out]]\n  tabel = \"public.x\"\n",
                "line 3, column 3: unknown key \"tabel\"; known are table, reason",
            ),
            (
                "[sorce]\nurl = \"sqlite:x\"",
                "line 1, column 2: unknown key \"sorce\"; known are source, target, leave_out, rename, \
                 map_type, vendor_code, package, component, file_reference, purge, figures, minutes",
            ),
            (
                "[[component]]\nid = \"a\"\nname_vi = \"Ă\"\nname_en = \"A\"\n\
                 [[component.deliverable]]\nkind = \"sources\"",
                "line 6, column 8: unknown word \"sources\"; known are source_code, installer, \
                 database, document, files, configuration",
            ),
            ("[[leave_out]]\ntable = \"public.x\"", "line 1, column 1: missing field `reason`"),
            (
                "[package]\nsha512 = 1",
                "line 2, column 10: an integer stands here, where a boolean is expected",
            ),
            (
                "[package]\nrecipients = [\"age1qz\", \"age1pq1qz\"]",
                "package, recipient 2: a post-quantum recipient (age1pq1…, age 1.3) is not \
                 supported: only new versions of age would open the files. Use a key made by \
                 age-keygen without -pq, or by handover-migrate keygen archive",
            ),
            (
                "[[purge.recipient]]\nname = \"a\"\nkey = \"age1yubikey1qz\"",
                "purge, recipient 1: a recipient of an age plugin (age1NAME1…) is not supported. \
                 Use a key made by age-keygen, or by handover-migrate keygen archive",
            ),
            (
                "[[leave_out]]\ntable = \"x\"\nreason = \"y\"",
                "leave_out \"x\": a table is named schema.name",
            ),
        ] {
            assert_eq!(error_of(text), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_in_the_file_is_not_shown() {
        for text in [
            "source = \"postgres://u:s3cret@h/db\"",
            "[source]\nurl = \"postgres://u:s3cret@h/db",
            "[source]\nurl = postgres://u:s3cret@h/db",
            "[source]\n\"postgres://u:s3cret@h/db\" = 1",
            "[source]\nurl = [\"postgres://u:s3cret@h/db\"]",
            "[package]\nsha512 = \"s3cret\"",
            "[source]\n\"postgres://u:s3cret@h/db\" = 1\n\"postgres://u:s3cret@h/db\" = 1",
            "[[component]]\nid = \"a\"\nname_vi = \"A\"\nname_en = \"A\"\n\
             [[component.deliverable]]\nkind = \"postgres://u:s3cret@h\"",
        ] {
            let said = error_of(text);
            assert!(!said.contains("s3cret"), "{said}");
            assert!(said.starts_with("line "), "{said}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused() {
        for url in ["postgres://u:s3cret@h/db", "postgres://u@h/db?password=s3cret"] {
            let end = End { url: url.to_owned(), owner: None };
            let said = format!("{:#}", endpoint(&end, Path::new(".")).unwrap_err());
            assert!(said.contains("belong into .pgpass or PGPASSWORD"), "{said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}
