//! Telling a secret from what stands for one.

use super::key_word::{KeyWord, key_word};

/// Words that stand for a value, or for its type, in samples and in code. Compared in lower case
/// without anything but letters and digits.
const STAND_INS: [&str; 62] = [
    "null",
    "none",
    "nil",
    "undefined",
    "true",
    "false",
    "yes",
    "no",
    "string",
    "str",
    "text",
    "varchar",
    "char",
    "number",
    "int",
    "integer",
    "long",
    "bool",
    "boolean",
    "bytes",
    "byte",
    "any",
    "object",
    "required",
    "optional",
    "enabled",
    "disabled",
    "hidden",
    "redacted",
    "removed",
    "masked",
    "secret",
    "pass",
    "passwd",
    "pwd",
    "token",
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "fixme",
    "todo",
    "tbd",
    "example",
    "sample",
    "placeholder",
    "dummy",
    "default",
    "empty",
    "unset",
    "self",
    "this",
    "user",
    "username",
    "bearer",
    "basic",
    "authorization",
    "cookie",
    "matkhau",
    "foobar",
    "vault",
    "env",
];

/// What a lookup or a template has in it.
const LOOKUPS: [&[u8]; 11] = [
    b"${",
    b"{{",
    b"<%",
    b"#{",
    b"process.env",
    b"import.meta.env",
    b"os.environ",
    b"getenv",
    b"System.getProperty",
    b"ENV[",
    b"env(",
];

/// Whether a value, written between quotes or alone on its line, is a secret itself.
pub(super) fn is_secret(value: &[u8], key: KeyWord) -> bool {
    if let Some(default) = default_of_variable(value) {
        return is_secret(default, key);
    }
    let plain: Vec<u8> = value
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    let digits = plain.iter().filter(|byte| byte.is_ascii_digit()).count();
    let long_enough = match key {
        KeyWord::Password => value.len() >= 3 && (digits < value.len() || digits >= 4),
        KeyWord::Token => value.len() >= 8 && digits > 0 && digits < value.len(),
    };
    long_enough
        && value.is_ascii()
        && !value.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
        && !value.iter().all(|byte| Some(byte) == value.first())
        && !plain.iter().all(|&byte| byte == b'x')
        && !STAND_INS.iter().any(|word| word.as_bytes() == plain)
        && !plain.starts_with(b"your")
        && !plain.starts_with(b"enteryour")
        && !LOOKUPS.iter().any(|lookup| memchr::memmem::find(value, lookup).is_some())
        && !is_wrapped(value)
        && !is_path(value)
        && !is_name(value)
}

/// `x` of `${VARIABLE:x}` and `${VARIABLE:-x}`: used whenever the variable is not set.
fn default_of_variable(value: &[u8]) -> Option<&[u8]> {
    let inside = value.strip_prefix(b"${")?.strip_suffix(b"}")?;
    let colon = memchr::memchr(b':', inside)?;
    let default = inside.get(colon + 1..)?;
    match default.split_first() {
        Some((b'-' | b'=', default)) => Some(default),
        Some((b'?' | b'+', _)) => Some(&[]),
        _ => Some(default),
    }
}

/// Variables, templates, encrypted values, hashes: something of which the value is made.
fn is_wrapped(value: &[u8]) -> bool {
    let ends = |start: &[u8], end: &[u8]| value.starts_with(start) && value.ends_with(end);
    let variable = value.strip_prefix(b"$").is_some_and(|name| {
        name.starts_with(b"(")
            || name.contains(&b'$')
            || name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    let yaml_tag = value.strip_prefix(b"!").is_some_and(|tag| {
        tag.iter().all(|&byte| byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_')
    });
    variable
        || yaml_tag
        || value.starts_with(b"<")
        || value.starts_with(b"%s")
        || value.starts_with(b"%(")
        || value.starts_with(b"vault:")
        || ends(b"ENC(", b")")
        || ends(b"{", b"}")
        || ends(b"[", b"]")
        || ends(b"%", b"%")
        || ends(b"@", b"@")
        || ends(b"__", b"__")
}

fn is_path(value: &[u8]) -> bool {
    [&b"/"[..], b"./", b"../", b"~/"].iter().any(|start| value.starts_with(start))
        && !value.iter().any(|byte| b"=+@!#".contains(byte))
}

/// A name of code or of configuration, such as `user.password` or `DB_PASSWORD`: it says where
/// the secret is. Also a name with dots and no digit, such as `args.first`.
fn is_name(value: &[u8]) -> bool {
    let name = value.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"_.-$>".contains(&byte));
    let starts = value.first().is_some_and(|byte| !byte.is_ascii_digit());
    let digits = value.iter().any(u8::is_ascii_digit);
    name && starts && !digits && (value.contains(&b'.') || key_word(value).is_some())
}
