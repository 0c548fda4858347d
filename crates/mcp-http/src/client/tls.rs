//! TLS settings: trusted certificate authorities and the client certificate.

use std::sync::Arc;

use mcp_client::BoxError;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use crate::error::Error;

/// Returns a configuration that trusts the authorities of the system and `authorities`. It presents
/// `identity` to servers that request a client certificate. Both are in PEM.
pub(super) fn client_config(
    authorities: &[Vec<u8>],
    identity: Option<&[u8]>,
) -> Result<ClientConfig, Error> {
    let trusted = authorities.iter().map(|pem| certificates(pem));
    let trusted = trusted.collect::<Result<Vec<_>, _>>()?.concat();
    let mut roots = RootCertStore::empty();
    for certificate in &trusted {
        roots.add(certificate.clone()).map_err(setup_error)?;
    }
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()));
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let config = config.with_safe_default_protocol_versions().map_err(setup_error)?;
    let config = match Verifier::new_with_extra_roots(trusted, provider) {
        Ok(verifier) => config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        // The configured authorities and plain HTTP still work.
        Err(error) => {
            tracing::warn!(%error, "cannot load the certificates of the system");
            config.with_root_certificates(roots)
        }
    };
    let Some(pem) = identity else { return Ok(config.with_no_client_auth()) };
    let key = PrivateKeyDer::from_pem_slice(pem);
    let key = key.map_err(|_| setup_error("no private key in the PEM"))?;
    config.with_client_auth_cert(certificates(pem)?, key).map_err(setup_error)
}

/// Parses the certificates in a PEM file. Returns an error if there are none.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match found.map_err(setup_error)? {
        certificates if certificates.is_empty() => Err(setup_error("no certificate in the PEM")),
        certificates => Ok(certificates),
    }
}

fn setup_error(source: impl Into<BoxError>) -> Error {
    Error::ClientBuild { source: source.into() }
}
