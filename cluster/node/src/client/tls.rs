//! Trust in the cluster's own authority and in nobody else.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::ClientError;

/// Trusts the certificates in `ca_pem`; without one nothing is trusted, which is right for plain HTTP on loopback.
pub(crate) fn config(ca_pem: Option<&[u8]>) -> Result<ClientConfig, ClientError> {
    let broken = |remedy: String| ClientError::Config { field: "ca", remedy };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.unwrap_or_default()) {
        let certificate = certificate.map_err(|e| broken(format!("give a PEM file of certificates ({e})")))?;
        roots.add(certificate).map_err(|e| broken(format!("holds a certificate that is no authority ({e})")))?;
    }
    if ca_pem.is_some() && roots.is_empty() {
        return Err(broken("holds no certificate; give the cluster's ca.pem".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| broken(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
