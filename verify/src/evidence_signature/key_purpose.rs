//! For what certificates of a path may be used (RFC 5280 section 4.2.1.12).

use webpki::{
    Error, ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter, KeyUsage,
    RequiredEkuNotFoundContext,
};

/// Purposes under which documents are signed, as the bytes of their object identifiers: documents
/// (RFC 9336), e-mail protection, which CMS signatures of tools and authorities mostly come with, any
/// purpose, and what Microsoft and Adobe named before RFC 9336.
const PURPOSES: [&[u8]; 5] = [
    &[0x2b, 6, 1, 5, 5, 7, 3, 36],
    EMAIL_PROTECTION,
    &[0x55, 0x1d, 0x25, 0],
    &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 12],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x2f, 1, 1, 5],
];

const EMAIL_PROTECTION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 4];

/// Whether documents are signed under a purpose, given as the bytes of its object identifier.
pub(super) fn is_for_documents(purpose: &[u8]) -> bool {
    PURPOSES.contains(&purpose)
}

/// Accepts a certificate that names no purpose, or one under which documents are signed: not one that
/// is for servers or clients of TLS alone.
pub(super) struct SignsDocuments;

impl ExtendedKeyUsageValidator for SignsDocuments {
    fn validate(&self, named: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let mut present = Vec::new();
        for purpose in named {
            let purpose = purpose?;
            if PURPOSES.iter().any(|known| KeyPurposeId::new(known) == purpose) {
                return Ok(());
            }
            present.push(purpose.to_decoded_oid());
        }
        if present.is_empty() {
            return Ok(());
        }
        let required = KeyUsage::required(EMAIL_PROTECTION);
        Err(Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required, present }))
    }
}
