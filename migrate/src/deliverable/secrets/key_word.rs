//! Names under which passwords are kept.

/// How a name reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyWord {
    /// Of a password: people choose them, so short ones count.
    Password,
    /// Of a token or an API key: made by programs, so long and with digits.
    Token,
}

/// Names that end so, wherever they begin: `spring.datasource.password`, `dbPassword`.
const PASSWORD_ENDS: [&[u8]; 8] = [
    b"password",
    b"passwd",
    b"passphrase",
    b"secretkey",
    b"secretaccesskey",
    b"clientsecret",
    b"matkhau",
    b"privatekey",
];
const TOKEN_ENDS: [&[u8]; 5] =
    [b"apikey", b"accesskey", b"accesstoken", b"authtoken", b"refreshtoken"];

/// Words that count only as the last word of a name: `db_pass` does, `bypass` does not.
const PASSWORD_WORDS: [&[u8]; 4] = [b"pass", b"pwd", b"pw", b"secret"];
const TOKEN_WORDS: [&[u8]; 1] = [b"token"];

/// What Vietnamese texts write, precomposed, decomposed and without marks.
const PHRASES: [&str; 3] = ["mật khẩu", "ma\u{323}\u{302}t kha\u{302}\u{309}u", "mat khau"];

/// Whether `name` is one for a secret.
pub(super) fn key_word(name: &[u8]) -> Option<KeyWord> {
    let joined: Vec<u8> = name
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    let last = last_word(name).to_ascii_lowercase();
    let ends = |with: &[&[u8]]| with.iter().any(|end| joined.ends_with(end));
    if ends(&PASSWORD_ENDS) || PASSWORD_WORDS.contains(&last.as_slice()) {
        Some(KeyWord::Password)
    } else if ends(&TOKEN_ENDS) || TOKEN_WORDS.contains(&last.as_slice()) {
        Some(KeyWord::Token)
    } else {
        None
    }
}

/// Whether `text` ends with words for a password; gives the bytes before them.
pub(super) fn before_phrase(text: &[u8]) -> Option<&[u8]> {
    if !text.last()?.eq_ignore_ascii_case(&b'u') {
        return None;
    }
    PHRASES.iter().find_map(|phrase| {
        // Capital letters of these are as long as the small ones, in UTF-8.
        let split = text.len().checked_sub(phrase.len())?;
        let (before, end) = text.split_at_checked(split)?;
        let same = str::from_utf8(end).is_ok_and(|end| end.to_lowercase() == *phrase);
        same.then_some(before)
    })
}

/// `word` of `some.other_word` and `Word` of `someOtherWord`.
fn last_word(name: &[u8]) -> &[u8] {
    let mut start = 0;
    let mut lower_before = false;
    for (at, byte) in name.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            start = at + 1;
        } else if byte.is_ascii_uppercase() && lower_before {
            start = at;
        }
        lower_before = byte.is_ascii_lowercase() || byte.is_ascii_digit();
    }
    name.get(start..).unwrap_or_default()
}
