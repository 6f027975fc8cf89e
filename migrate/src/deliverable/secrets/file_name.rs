//! Files that are secrets by their names.

use super::SecretKind;

/// What a file of this name holds. `path` may have folders before the name.
pub fn by_name(path: &[u8]) -> Option<SecretKind> {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path).to_ascii_lowercase();
    let name = name.as_slice();
    match name {
        b"id_rsa" | b"id_dsa" | b"id_ecdsa" | b"id_ed25519" | b"id_ecdsa_sk" | b"id_ed25519_sk" => {
            return Some(SecretKind::PrivateKey);
        }
        b".pgpass" | b"pgpass.conf" | b".netrc" | b"_netrc" | b".htpasswd" | b".my.cnf"
        | b".mylogin.cnf" | b".git-credentials" | b".dockercfg" | b".vault_pass"
        | b".vault-token" | b".env" | b"shadow" | b"tnsnames.pwd" => {
            return Some(SecretKind::PasswordFile);
        }
        _ => {}
    }
    // .env.production holds what .env does; .env.example is made to be passed on.
    if let Some(of) = name.strip_prefix(b".env.") {
        let sample = [&b"example"[..], b"sample", b"template", b"dist", b"defaults"];
        return (!sample.contains(&of)).then_some(SecretKind::PasswordFile);
    }
    let dot = memchr::memrchr(b'.', name)?;
    match name.split_at(dot).1 {
        b".p12" | b".pfx" | b".jks" | b".jceks" | b".bcfks" | b".keystore" | b".kdb" | b".kdbx"
        | b".agilekeychain" | b".opvault" | b".gpg-secret" => Some(SecretKind::KeyStore),
        b".ppk" => Some(SecretKind::PrivateKey),
        _ => None,
    }
}
