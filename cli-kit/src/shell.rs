//! Quoting for commands that people run.

use std::fmt::Write;

use crate::visible::is_hidden;

/// One word of a shell command line: of POSIX's where it has no control or hidden characters, of
/// `bash`, `ksh` and `zsh` (`$'…'`, POSIX since 2024) otherwise.
pub fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    if word.contains(is_hidden) {
        return format!("$'{}'", escaped(word));
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What stands within `$'…'`: bytes of hidden characters by number, for the shell may run in any
/// locale.
fn escaped(word: &str) -> String {
    let mut out = String::with_capacity(word.len() + 8);
    for character in word.chars() {
        if matches!(character, '\'' | '\\') {
            out.push('\\');
        }
        if !is_hidden(character) {
            out.push(character);
            continue;
        }
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            // Writing into a String cannot fail.
            let _infallible = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quote("a-b/c"), "a-b/c");
        assert_eq!(quote("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a\x1b[31m\n'\\\u{202e}"), r"$'a\x1b[31m\x0a\'\\\xe2\x80\xae'");
    }
}
