//! Secrets that are known by their form, wherever they stand.

use memchr::memmem;

use super::SecretKind;
use super::key_word::KeyWord;
use super::placeholder::is_secret;

/// Longest word that is looked at. A line may be full of what words begin with.
const WORD: usize = 512;

/// Calls `tell` for what is found, with its place in `text`.
pub(super) fn find(text: &[u8], tell: &mut dyn FnMut(usize, SecretKind)) {
    for start in [&b"AKIA"[..], b"ASIA"] {
        for at in memmem::find_iter(text, start) {
            if is_aws_key(text, at) {
                tell(at, SecretKind::AwsKeyId);
            }
        }
    }
    for at in memmem::find_iter(text, b"AGE-SECRET-KEY-") {
        let rest = text.get(at..).unwrap_or_default();
        // 32 bytes in bech32, after the prefix.
        if word_len(rest, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
            >= 70
        {
            tell(at, SecretKind::AgeIdentity);
        }
    }
    for at in memmem::find_iter(text, b"://") {
        if url_password(text, at).is_some_and(|password| is_secret(password, KeyWord::Password)) {
            tell(at, SecretKind::ConnectionPassword);
        }
    }
}

/// AKIA and sixteen more, a word of its own. Amazon's manuals use ids that end with EXAMPLE.
fn is_aws_key(text: &[u8], at: usize) -> bool {
    let alone = at.checked_sub(1).and_then(|before| text.get(before));
    let rest = text.get(at..at + 21).or(text.get(at..)).unwrap_or_default();
    let id = rest.get(..word_len(rest, |byte| byte.is_ascii_alphanumeric())).unwrap_or_default();
    alone.is_none_or(|byte| !byte.is_ascii_alphanumeric())
        && id.len() == 20
        && id.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && !id.ends_with(b"EXAMPLE")
}

/// The password of `scheme://user:password@host`, where `at` is the place of `://`.
fn url_password(text: &[u8], at: usize) -> Option<&[u8]> {
    let scheme = at.checked_sub(1).and_then(|before| text.get(before))?;
    if !scheme.is_ascii_alphanumeric() {
        return None;
    }
    let rest = text.get(at + 3..)?;
    let authority = rest.get(
        ..word_len(rest, |byte| !byte.is_ascii_whitespace() && !b"/?#\"'`<>\\,".contains(&byte)),
    )?;
    let (user, _host) = authority.split_at(memchr::memrchr(b'@', authority)?);
    let (_name, password) = user.split_at(memchr::memchr(b':', user)?);
    password.strip_prefix(b":").filter(|password| *password != b"password")
}

/// How many bytes at the start are of a kind, of at most [`WORD`].
fn word_len(text: &[u8], of: impl Fn(u8) -> bool) -> usize {
    text.iter().take(WORD).take_while(|&&byte| of(byte)).count()
}
