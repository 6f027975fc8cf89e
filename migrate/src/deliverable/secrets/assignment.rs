//! `name = value` in its many spellings: properties, YAML, JSON, INI, environment files, XML,
//! command lines, connection strings, code.

use memchr::memmem;

use super::SecretKind;
use super::key_word::{KeyWord, before_phrase, key_word};
use super::placeholder::is_secret;

/// Longest name and longest value looked at.
const NAME: usize = 80;
const VALUE: usize = 512;

/// Most marks and spaces before the name of a setting.
const MARKS: usize = 256;

/// What a line has that is, or holds, a connection string.
const CONNECTIONS: [&[u8]; 8] =
    [b"://", b"jdbc:", b"server=", b"data source=", b"host=", b"user id=", b"uid=", b"username="];

/// Calls `tell` for passwords that are set in `text`, a line or a part of one, with their places.
pub(super) fn find(text: &[u8], line_start: bool, tell: &mut dyn FnMut(usize, SecretKind)) {
    let mut connection = None;
    for at in memchr::memchr3_iter(b'=', b':', b'>', text) {
        let (before, after) = text.split_at(at);
        let Some((separator, after)) = after.split_first() else { continue };
        let Some(name) = name_before(before, *separator, after) else { continue };
        let place = Place { name, line_start, separator: *separator, after };
        let part = *separator == b'='
            && place.name.in_list
            && is_secret(field(after), place.name.key)
            && *connection.get_or_insert_with(|| is_connection(text));
        if part {
            tell(at, SecretKind::ConnectionPassword);
        } else if place.holds_secret() {
            tell(at, SecretKind::Password);
        }
    }
}

fn is_connection(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    CONNECTIONS.iter().any(|sign| memmem::find(&text, sign).is_some())
}

struct Name<'a> {
    key: KeyWord,
    /// What is before it on the line.
    before: &'a [u8],
    /// Whether it is an option, as in `--password=`.
    option: bool,
    /// Whether it may be a part of a connection string: `;Password=`, `?password=`.
    in_list: bool,
}

/// The name before a separator, if it is one for a secret.
fn name_before<'a>(before: &'a [u8], separator: u8, after: &[u8]) -> Option<Name<'a>> {
    let before = match separator {
        b'=' if after.starts_with(b"=") => return None,
        // `:=` of Go and of make.
        b'=' => before.strip_suffix(b":").unwrap_or(before),
        b':' if after.starts_with(b":") || after.starts_with(b"=") || after.starts_with(b"//") => {
            return None;
        }
        _ => before,
    };
    let closing = before.iter().rev().take_while(|byte| b" \t\"'\\]".contains(byte)).count();
    let text = before.get(..before.len() - closing)?;
    if let Some(before) = before_phrase(text) {
        return Some(Name { key: KeyWord::Password, before, option: false, in_list: false });
    }
    let len = text
        .iter()
        .rev()
        .take(NAME)
        .take_while(|&&byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        .count();
    let (before, name) = text.split_at(text.len() - len);
    let key = match key_word(name) {
        Some(key) => key,
        None => named_by_attribute(name, separator, after)?,
    };
    let in_list = closing == 0 && before.last().is_some_and(|byte| b";?&\"' ,".contains(byte));
    Some(Name { key, before, option: name.starts_with(b"--"), in_list })
}

/// `name="password" value=…` and `key="password">…`: the name is the value of an attribute.
fn named_by_attribute(attribute: &[u8], separator: u8, after: &[u8]) -> Option<KeyWord> {
    if separator != b'=' || !matches!(attribute, b"name" | b"key") {
        return None;
    }
    let name = quoted(after)?;
    let rest = after.get(name.len() + 2..)?.trim_ascii_start();
    if rest.starts_with(b"value") || rest.starts_with(b">") { key_word(name) } else { None }
}

struct Place<'a> {
    name: Name<'a>,
    line_start: bool,
    separator: u8,
    after: &'a [u8],
}

impl Place<'_> {
    fn holds_secret(&self) -> bool {
        let key = self.name.key;
        if self.separator == b'>' {
            return self.is_element() && is_secret(element(self.after), key);
        }
        // `=>` of PHP and Ruby.
        let (after, arrow) = match self.after.strip_prefix(b">") {
            Some(rest) if self.separator == b'=' => (rest, true),
            _ => (self.after, false),
        };
        let after = spaces_skipped(after);
        // Within a string, quotes have backslashes.
        let after = after.strip_prefix(b"\\").unwrap_or(after);
        if let Some(value) = quoted(after) {
            let rest = after.get(value.len() + 2..).unwrap_or_default().trim_ascii_start();
            // The attribute named it; the value is in the next one, or between the tags.
            if let Some(text) = rest.strip_prefix(b">").filter(|_| key_word(value).is_some()) {
                return is_secret(element(text), key);
            }
            if let Some(value) = rest.strip_prefix(b"value=").filter(|_| key_word(value).is_some())
            {
                return quoted(value).is_some_and(|value| is_secret(value, key));
            }
            return is_secret(value.strip_suffix(b"\\").unwrap_or(value), key);
        }
        if arrow {
            return false;
        }
        if self.name.option {
            return is_secret(word(after), key) && !is_code(word(after));
        }
        let value = rest_of_line(after);
        if self.line_start && only_a_mark(self.name.before) {
            return is_secret(value, key) && !is_code(value);
        }
        // In the middle of a sentence: "user admin, password: Abc@123".
        is_chosen(word(after)) && is_secret(word(after), key)
    }

    /// Whether the separator ends a tag that is the name: `<password>`.
    fn is_element(&self) -> bool {
        self.name.before.ends_with(b"<")
    }
}

fn spaces_skipped(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|byte| b" \t".contains(byte)).count();
    text.get(spaces..).unwrap_or_default()
}

/// What is between the quotes at the start. Within a string they may have backslashes.
fn quoted(text: &[u8]) -> Option<&[u8]> {
    let quote = *text.first().filter(|byte| b"\"'`".contains(byte))?;
    let inside = text.get(1..)?;
    let inside = inside.get(..inside.len().min(VALUE))?;
    inside.get(..memchr::memchr(quote, inside)?)
}

/// What is before the tag that closes the element; nothing if no such tag follows.
fn element(text: &[u8]) -> &[u8] {
    let text = text.get(..text.len().min(VALUE)).unwrap_or_default();
    let end = memchr::memchr(b'<', text).filter(|&at| text.get(at + 1) == Some(&b'/'));
    text.get(..end.unwrap_or(0)).unwrap_or_default().trim_ascii()
}

/// What is before the next space.
fn word(text: &[u8]) -> &[u8] {
    let text = text.get(..text.len().min(VALUE)).unwrap_or_default();
    text.split(u8::is_ascii_whitespace).next().unwrap_or_default()
}

/// The value of a connection string's part.
fn field(text: &[u8]) -> &[u8] {
    let text = text.get(..text.len().min(VALUE)).unwrap_or_default();
    let end = |byte: &u8| byte.is_ascii_whitespace() || b";&\"'<>`\\".contains(byte);
    text.split(end).next().unwrap_or_default()
}

/// All that follows, without a comment.
fn rest_of_line(text: &[u8]) -> &[u8] {
    let text = text.get(..text.len().min(VALUE)).unwrap_or_default();
    let end = [&b" #"[..], b" //", b"\t#", b" ;"]
        .iter()
        .filter_map(|comment| memmem::find(text, comment))
        .min();
    text.get(..end.unwrap_or(text.len())).unwrap_or_default().trim_ascii()
}

/// Whether nothing, or only marks and words of a setting, is before the name. A line may begin with
/// thousands of marks, and have thousands of names after them: no setting does.
fn only_a_mark(before: &[u8]) -> bool {
    if before.len() > MARKS {
        return false;
    }
    let before = before.trim_ascii();
    let before = before.strip_suffix(b"\"").unwrap_or(before);
    before.iter().all(|byte| b"#;-/* \t".contains(byte))
        || matches!(before, b"export" | b"set" | b"ENV" | b"ARG" | b"$env:" | b"<")
}

/// A value without quotes that code computes: a call, an index, the end of a statement.
fn is_code(value: &[u8]) -> bool {
    let name = value
        .iter()
        .take_while(|&&byte| byte.is_ascii_alphanumeric() || b"_.$:>-".contains(&byte))
        .count();
    let goes_on = match value.get(name) {
        Some(b'(' | b'[') => name > 0,
        // Minified: the next assignment is on the same line.
        Some(b',' | b';') => value.contains(&b'='),
        _ => false,
    };
    goes_on || matches!(value.last(), Some(b',' | b';' | b'{' | b'('))
}

/// Letters, digits and one of the signs that rules for passwords ask for.
fn is_chosen(value: &[u8]) -> bool {
    let has = |of: fn(&u8) -> bool| value.iter().any(of);
    (6..=64).contains(&value.len())
        && has(u8::is_ascii_alphabetic)
        && has(u8::is_ascii_digit)
        && has(|byte| b"@#!".contains(byte))
        && !has(|byte| b"=?,&|:;.<>(){}[]\"'`\\/".contains(byte))
}
