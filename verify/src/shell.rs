//! Quoting for commands that people run.

use crate::visible::is_hidden;

/// One word of a shell command line: of POSIX's where it has no control or hidden characters, of
/// `bash`, `ksh` and `zsh` (`$'…'`, POSIX since 2024) otherwise.
pub fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    if word.contains(is_hidden) {
        return format!("$'{}'", word.chars().map(escaped).collect::<String>());
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A character within `$'…'`: bytes of hidden ones by number, for the shell may run in any locale.
fn escaped(character: char) -> String {
    match character {
        '\'' | '\\' => format!("\\{character}"),
        hidden if is_hidden(hidden) => {
            let mut bytes = [0; 4];
            let bytes = hidden.encode_utf8(&mut bytes).bytes();
            bytes.map(|byte| format!("\\x{byte:02x}")).collect()
        }
        other => other.to_string(),
    }
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
