//! Who a node is: its certificate, and the name in it that counts.

use std::fmt;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;

use crate::NodeId;
use crate::error::PeerError;
use crate::limits::CLUSTER_NAME_BYTES_MAX;

/// The files of an identity inside its folder.
pub(crate) const CA_FILE: &str = "ca.pem";
pub(crate) const NODE_FILE: &str = "node.pem";
pub(crate) const NODE_KEY_FILE: &str = "node.key";

/// What stands before the cluster in a certificate's URI.
const SCHEME: &str = "trongdong://";

/// Who a node is, and how it proves it.
#[derive(Clone)]
pub struct Identity {
    /// The cluster's name.
    pub cluster: String,
    /// The node's number.
    pub node: NodeId,
    /// The certificates of the authorities that peers may be signed by; two of them while one replaces the other.
    pub ca_pem: String,
    /// The node's certificate, then any that lead from it to an authority.
    pub cert_pem: String,
    /// The node's private key.
    pub key_pem: String,
}

impl fmt::Debug for Identity {
    /// Shows who it is and never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&node_uri(&self.cluster, self.node))
    }
}

impl Identity {
    /// Reads `ca.pem`, `node.pem` and `node.key` from `dir`.
    ///
    /// # Errors
    /// When a file cannot be read, or the certificate is not that of this node in this cluster.
    pub fn load(dir: &Path, cluster: &str, node: NodeId) -> Result<Self, PeerError> {
        let read = |name: &str| {
            let path = dir.join(name);
            std::fs::read_to_string(&path).map_err(|source| PeerError::File { what: "cannot read", path, source })
        };
        let identity = Self {
            cluster: cluster.to_owned(),
            node,
            ca_pem: read(CA_FILE)?,
            cert_pem: read(NODE_FILE)?,
            key_pem: read(NODE_KEY_FILE)?,
        };
        identity.check()?;
        Ok(identity)
    }

    /// Whether the certificate says what the identity says.
    pub(crate) fn check(&self) -> Result<(), PeerError> {
        check_cluster_name(&self.cluster)?;
        let certificate = CertificateDer::from_pem_slice(self.cert_pem.as_bytes()).map_err(|error| {
            PeerError::certificate("node certificate", format!("is not PEM ({error:?}); issue it again"))
        })?;
        let (cluster, node) =
            named_in(&certificate).map_err(|problem| PeerError::certificate("node certificate", problem))?;
        if (cluster.as_str(), node) == (self.cluster.as_str(), self.node) {
            return Ok(());
        }
        Err(PeerError::certificate(
            "node certificate",
            format!(
                "is that of node {node} in cluster {cluster}, not of {self:?}; use the folder issued for this node"
            ),
        ))
    }
}

/// The URI that names a node in its certificate.
pub(crate) fn node_uri(cluster: &str, node: NodeId) -> String {
    format!("{SCHEME}{cluster}/node/{node}")
}

pub(crate) fn check_cluster_name(name: &str) -> Result<(), PeerError> {
    let usable = (1..=CLUSTER_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if usable { Ok(()) } else { Err(PeerError::ClusterName { name: name.to_owned() }) }
}

/// Reads what [`node_uri`] wrote; only its one spelling of a number counts.
fn parse_uri(uri: &str) -> Option<(String, NodeId)> {
    let (cluster, node) = uri.strip_prefix(SCHEME)?.split_once("/node/")?;
    let node: NodeId = node.parse().ok()?;
    (check_cluster_name(cluster).is_ok() && node_uri(cluster, node) == uri).then(|| (cluster.to_owned(), node))
}

/// The cluster and node that a certificate names. A certificate that names none, or two, names nobody.
pub(crate) fn named_in(certificate: &CertificateDer<'_>) -> Result<(String, NodeId), String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|error| format!("certificate cannot be read: {error}"))?;
    let names =
        parsed.subject_alternative_name().map_err(|error| format!("certificate's names cannot be read: {error}"))?;
    let uris = names.iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let ours: Vec<&str> = uris.filter(|uri| uri.starts_with(SCHEME)).take(2).collect();
    match ours.as_slice() {
        [uri] => parse_uri(uri).ok_or_else(|| format!("certificate's name {uri:?} is not that of a node")),
        [] => Err("certificate names no node".to_owned()),
        _ => Err("certificate names more than one node".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_one_spelling_of_a_name_counts() {
        assert_eq!(parse_uri("trongdong://ha-tinh/node/7"), Some(("ha-tinh".to_owned(), 7)));
        for wrong in [
            "trongdong://ha-tinh/node/07",
            "trongdong://ha-tinh/node/+7",
            "trongdong://ha-tinh/node/7/",
            "trongdong://ha-tinh/node/",
            "trongdong:///node/7",
            "trongdong://a/node/1/node/7",
            "trongdong://ha tinh/node/7",
            "https://ha-tinh/node/7",
            "trongdong://ha-tinh/node/99999999999999999999",
        ] {
            assert_eq!(parse_uri(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn names_round_trip(cluster in "[a-zA-Z0-9._-]{1,64}", node in any::<u64>()) {
            prop_assert_eq!(parse_uri(&node_uri(&cluster, node)), Some((cluster, node)));
        }

        #[test]
        fn any_bytes_as_certificate_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(named_in(&CertificateDer::from(bytes)).is_err());
        }
    }
}
