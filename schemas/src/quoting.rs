//! Names of somebody else's in pages that people read and in commands that they copy: Markdown
//! (CommonMark 0.31.2), a POSIX shell, and SQL of PostgreSQL.
//!
//! A name can hold anything: a line feed and a heading, backticks, `$(…)`. On a page it stays a name,
//! and in a command it is one word that is not run.

use std::fmt::Write;

use crate::hidden::is_hidden;

/// Text within a line of Markdown: what would be read as markup is escaped (CommonMark section 2.4),
/// and hidden characters are shown as escapes.
pub fn markdown_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_hidden(character) {
            // The backslash is for people to see.
            out.push('\\');
            out.extend(character.escape_default());
            continue;
        }
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// A code span of Markdown (CommonMark section 6.1), whose fence is longer than any run of backticks
/// in it. Hidden characters are shown as escapes.
pub fn markdown_code(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    let longest = shown.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let is_bare =
        !shown.is_empty() && !shown.starts_with(['`', ' ']) && !shown.ends_with(['`', ' ']);
    let space = if is_bare { "" } else { " " };
    format!("{fence}{space}{shown}{space}{fence}")
}

/// One word of a POSIX shell (XCU section 2.2.2): within single quotes nothing is special. For texts
/// without line feeds.
pub fn shell_word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
    if !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A name in PostgreSQL's SQL; one with hidden characters by their numbers (`U&"…"`, section 4.1.2.3
/// of PostgreSQL's manual), so that it stays on its line.
pub fn sql_name(name: &str) -> String {
    if !name.contains(is_hidden) {
        return format!("\"{}\"", name.replace('"', "\"\""));
    }
    let mut out = String::from("U&\"");
    for character in name.chars() {
        match character {
            '"' | '\\' => out.extend([character, character]),
            _ if is_hidden(character) => {
                // Writing into a String cannot fail.
                let _infallible = write!(out, "\\+{:06x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

/// A template with a text for each `{place}` in it. What was filled in is not looked at again: a text
/// that looks like a place is none.
pub fn filled(template: &str, texts: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let found = texts.iter().find_map(|(place, text)| {
            let after = after.strip_prefix(place)?.strip_prefix('}')?;
            Some((text, after))
        });
        if let Some((text, after)) = found {
            out.push_str(text);
            rest = after;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names_in_markdown() {
        for (text, shown) in [
            ("Không xác minh được", "Không xác minh được"),
            ("a\n# b", r"a\\n# b"),
            ("[x](y) <b> `c` *d* _e_ &amp; |", r"\[x\](y) \<b\> \`c\` \*d\* \_e\_ \&amp; \|"),
        ] {
            assert_eq!(markdown_text(text), shown);
        }
        for (text, shown) in [
            ("public.doses", "`public.doses`"),
            ("a`b", "``a`b``"),
            ("``a``", "``` ``a`` ```"),
            ("a\n```\n# b", r"````a\n```\n# b````"),
            ("", "`  `"),
            ("a\u{202e}b", r"`a\u{202e}b`"),
        ] {
            assert_eq!(markdown_code(text), shown);
        }
    }

    #[test]
    fn names_stay_words_in_a_shell_and_in_sql() {
        for (text, word) in [
            ("000001-doses", "000001-doses"),
            ("", "''"),
            ("-rf", "'-rf'"),
            ("a b", "'a b'"),
            ("a'; echo hello #", r"'a'\''; echo hello #'"),
            ("$(echo hello)`echo hello`", "'$(echo hello)`echo hello`'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
        for (name, sql) in [
            ("số \"x\"", "\"số \"\"x\"\"\""),
            (r"a\b", r#""a\b""#),
            ("a\n\"\\", "U&\"a\\+00000a\"\"\\\\\""),
        ] {
            assert_eq!(sql_name(name), sql);
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let texts = [("a", "{b}"), ("b", "c")];
        assert_eq!(filled("{a} {b} {c} ${x} {", &texts), "{b} c {c} ${x} {");
    }
}
