//! TLS to a server, as its policy demands.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::verifier::{AnyName, Anybody};
use crate::endpoint::{ClientCertificate, Roots, SslMode, TlsPolicy};

/// `SSLRequest`: its length, and the code in the place of a version (manual, "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Asks the server for TLS and does the handshake; `name` is the host's.
pub(super) async fn secured(
    mut socket: TcpStream,
    name: &str,
    policy: &TlsPolicy,
) -> Result<TlsStream<TcpStream>> {
    let config = client_config(policy)?;
    let server = ServerName::try_from(name.to_owned())
        .with_context(|| format!("{name:?} cannot stand in a certificate"))?;
    socket.write_all(&SSL_REQUEST).await?;
    // One byte and no more: what came behind it unencrypted would be taken for the server's.
    match socket.read_u8().await? {
        b'S' => {}
        b'N' => bail!(
            "the server does not speak TLS, and sslmode={} demands it. Have TLS switched on there \
             (ssl = on), or choose sslmode=disable by name, if nobody else is on the line",
            policy.mode.as_str()
        ),
        _ => bail!("the server answers the question for TLS with neither yes nor no"),
    }
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(server, socket).await.map_err(|error| explained(error, name, policy))
}

fn client_config(policy: &TlsPolicy) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(policy, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("cannot set up TLS")?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match &policy.client {
        None => Ok(config.with_no_client_auth()),
        Some(client) => {
            let (chain, key) = client_certificate(client)?;
            config
                .with_client_auth_cert(chain, key)
                .with_context(|| format!("{} and its key do not fit", client.certificate.display()))
        }
    }
}

/// Who is let in.
fn verifier(
    policy: &TlsPolicy,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let Some(roots) = &policy.roots else {
        if policy.mode == SslMode::Require {
            return Ok(Arc::new(Anybody(Arc::clone(provider))));
        }
        bail!(
            "sslmode={} needs the root certificate by which the server is known. Get it from whoever \
             runs the server, on another way than this line, and name it with sslrootcert=FILE (or \
             PGSSLROOTCERT, or put it into ~/.postgresql/root.crt); sslrootcert=system takes the \
             roots of the operating system",
            policy.mode.as_str()
        );
    };
    let roots = Arc::new(root_store(roots)?);
    let mut builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider));
    if let Some(file) = &policy.revoked {
        let lists: Result<Vec<_>, _> =
            CertificateRevocationListDer::pem_file_iter(file).and_then(Iterator::collect);
        let lists = lists.with_context(|| unreadable(file))?;
        if lists.is_empty() {
            bail!("{} holds no list of revoked certificates in PEM", file.display());
        }
        // As OpenSSL has it, which libpq asks: a list counts until its next update.
        builder = builder.with_crls(lists).enforce_revocation_expiration();
    }
    let full = builder.build().with_context(|| match &policy.revoked {
        Some(file) => format!(
            "cannot use the lists of revoked certificates in {}: they have to be of version 2, with \
             a number and the issuer's key identifier (RFC 5280)",
            file.display()
        ),
        None => "cannot set up the verification of certificates".to_owned(),
    })?;
    Ok(match policy.mode {
        SslMode::VerifyFull => full,
        _ => Arc::new(AnyName(full)),
    })
}

fn root_store(roots: &Roots) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::File(file) => {
            for certificate in certificates(file)? {
                store.add(certificate).with_context(|| unreadable(file))?;
            }
            if store.is_empty() {
                bail!("{} holds no certificate in PEM", file.display());
            }
        }
        Roots::System => {
            // Some of a system's are too odd for anybody; those that can be read count.
            let found = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(found.certs);
            if store.is_empty() {
                bail!("the operating system has no root certificates (ca-certificates)");
            }
        }
    }
    Ok(store)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    read.with_context(|| unreadable(file))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_certificate(
    ClientCertificate { certificate, key }: &ClientCertificate,
) -> Result<Identity> {
    let about = fs::metadata(key).with_context(|| unreadable(key))?;
    // libpq's rule: one's own, or root's and readable for a group of those who may.
    let allowed = if about.uid() == 0 { 0o037 } else { 0o077 };
    if about.permissions().mode() & allowed != 0 {
        bail!("others can read the key {0}; run: chmod 0600 {0}", key.display());
    }
    let read = PrivateKeyDer::from_pem_file(key);
    let read = read.with_context(|| {
        format!(
            "{}: it has to be a key in PEM without passphrase, in a file that only you can read",
            unreadable(key)
        )
    })?;
    Ok((certificates(certificate)?, read))
}

fn unreadable(file: &Path) -> String {
    format!("cannot read {}", file.display())
}

/// Says what is wrong with the server's certificate, and what to do.
fn explained(error: io::Error, name: &str, policy: &TlsPolicy) -> anyhow::Error {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let roots = match &policy.roots {
        Some(Roots::File(file)) => file.display().to_string(),
        _ => "the operating system's roots".to_owned(),
    };
    let revoked =
        || policy.revoked.as_deref().map_or_else(String::new, |file| file.display().to_string());
    let said = match tls {
        Some(rustls::Error::InvalidCertificate(why)) => match why {
            CertificateError::UnknownIssuer => format!(
                "the server's certificate is not by {roots}: either it is another server, or the \
                 root is not the one of its certificate"
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the server's certificate has expired; have it renewed".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the server's certificate is not valid yet; compare the clocks".to_owned()
            }
            CertificateError::NotValidForNameContext { presented, .. } => format!(
                "the server's certificate is not for {name}: it names {}. Write the host as the \
                 certificate has it (hostaddr=ADDRESS tells where it is), or have one made whose \
                 subjectAltName names {name}",
                if presented.is_empty() { "nobody".to_owned() } else { presented.join(", ") }
            ),
            CertificateError::Revoked => "the server's certificate was revoked".to_owned(),
            CertificateError::UnknownRevocationStatus => format!(
                "{} holds no list by the issuer of the server's certificate; ask that issuer for one",
                revoked()
            ),
            CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => format!(
                "the list of revoked certificates in {} is too old: a newer one was announced for a day that has passed; get that",
                revoked()
            ),
            other => format!(
                "the server's certificate cannot be verified by {roots}: {other}. (One that is its \
                 own root must not say CA:TRUE)"
            ),
        },
        Some(other) => format!("TLS with the server failed: {other}"),
        None => {
            return anyhow::Error::new(error).context("the connection ended while TLS was set up");
        }
    };
    anyhow::anyhow!(said)
}
