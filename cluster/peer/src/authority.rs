//! The cluster's own certificate authority: creates itself, and certifies nodes and gateways.
//!
//! Its key is needed only to issue; it belongs on the operator's machine, not on a node.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::NodeId;
use crate::error::PeerError;
use crate::identity::{CA_FILE, NODE_FILE, NODE_KEY_FILE, check_cluster_name, node_uri};

const CA_KEY_FILE: &str = "ca.key";
const SERVER_FILE: &str = "server.pem";
const SERVER_KEY_FILE: &str = "server.key";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Certificates begin to hold this long ago, so that a node whose clock is behind accepts them.
const BACKDATE: Duration = DAY;

/// How long an authority holds.
const CA_VALID: Duration = DAY.saturating_mul(3650);

/// How long a node's certificate holds.
const NODE_VALID: Duration = DAY.saturating_mul(730);

/// How long a gateway's certificate holds: browsers and phones refuse longer than 825 days, public ones longer than 398.
const SERVER_VALID: Duration = DAY.saturating_mul(397);

/// The cluster's own certificate authority. `ca.key` in its folder is what the cluster's safety rests on.
pub struct Authority {
    cluster: String,
    ca_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    /// Shows whose it is and never the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.cluster)
    }
}

impl Authority {
    /// Creates the authority of `cluster`, as `ca.pem` and `ca.key` (mode 0600) in `dir`, which is made if it is missing.
    ///
    /// # Errors
    /// When there is one already, the name is not usable, or a file cannot be written.
    pub fn create(dir: &Path, cluster: &str) -> Result<Self, PeerError> {
        check_cluster_name(cluster)?;
        let key_path = dir.join(CA_KEY_FILE);
        if key_path.exists() {
            return Err(PeerError::AuthorityExists { path: key_path });
        }
        let key = KeyPair::generate().map_err(|error| PeerError::certificate("authority key", error))?;
        let mut params = params(&format!("Trong Dong {cluster} authority"), cluster, CA_VALID);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate =
            params.self_signed(&key).map_err(|error| PeerError::certificate("authority certificate", error))?;
        let ca_pem = certificate.pem();
        write_file(dir, CA_KEY_FILE, &key.serialize_pem(), 0o600)?;
        write_file(dir, CA_FILE, &ca_pem, 0o644)?;
        Ok(Self { cluster: cluster.to_owned(), ca_pem, issuer: Issuer::new(params, key) })
    }

    /// Opens the authority that [`Authority::create`] made in `dir`.
    ///
    /// # Errors
    /// When its files cannot be read or are not those of an authority.
    pub fn open(dir: &Path) -> Result<Self, PeerError> {
        let read = |name: &str| {
            let path = dir.join(name);
            std::fs::read_to_string(&path).map_err(|source| PeerError::File { what: "cannot read", path, source })
        };
        let ca_pem = read(CA_FILE)?;
        let key = KeyPair::from_pem(&read(CA_KEY_FILE)?).map_err(|error| PeerError::certificate(CA_KEY_FILE, error))?;
        let cluster = cluster_of(&ca_pem)?;
        let issuer = Issuer::from_ca_cert_pem(&ca_pem, key).map_err(|error| PeerError::certificate(CA_FILE, error))?;
        Ok(Self { cluster, ca_pem, issuer })
    }

    /// The cluster that this authority is of.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Issues a node its identity: `ca.pem`, `node.pem` and `node.key` (mode 0600) in `dir`, which is made if it is missing. `hosts` are
    /// DNS names and IP addresses; other programs may check them, peers go by the node's number.
    ///
    /// # Errors
    /// When the cluster is not this authority's, a host is not usable, or a file cannot be written.
    pub fn issue_node(&self, dir: &Path, cluster: &str, node: NodeId, hosts: &[String]) -> Result<(), PeerError> {
        if cluster != self.cluster {
            let problem =
                format!("is the authority of cluster {}, not of {cluster}; open the right folder", self.cluster);
            return Err(PeerError::certificate("authority", problem));
        }
        let uri = node_uri(cluster, node);
        let name = uri.clone().try_into().map_err(|error| PeerError::certificate(&uri, error))?;
        let mut params = with_hosts(params(&format!("node {node}"), cluster, NODE_VALID), hosts)?;
        params.subject_alt_names.push(SanType::URI(name));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params, dir, NODE_FILE, NODE_KEY_FILE)
    }

    /// Issues a gateway its certificate for people's browsers: `ca.pem`, `server.pem` and `server.key` (mode 0600) in `dir`. It names no node and
    /// serves only as a server, so peers refuse it.
    ///
    /// # Errors
    /// When there is no host, a host is not usable, or a file cannot be written.
    pub fn issue_server(&self, dir: &Path, hosts: &[String]) -> Result<(), PeerError> {
        let Some(first) = hosts.first() else {
            return Err(PeerError::certificate("server certificate", "has no host; name at least one"));
        };
        let mut params = with_hosts(params(first, &self.cluster, SERVER_VALID), hosts)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params, dir, SERVER_FILE, SERVER_KEY_FILE)
    }

    fn issue(&self, mut params: CertificateParams, dir: &Path, file: &str, key_file: &str) -> Result<(), PeerError> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let failed = |error: rcgen::Error| PeerError::certificate(file, error);
        let key = KeyPair::generate().map_err(failed)?;
        let certificate: Certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        write_file(dir, CA_FILE, &self.ca_pem, 0o644)?;
        write_file(dir, key_file, &key.serialize_pem(), 0o600)?;
        write_file(dir, file, &certificate.pem(), 0o644)
    }
}

/// What all certificates share: subject and dates. The organization is the cluster.
fn params(common_name: &str, cluster: &str, valid: Duration) -> CertificateParams {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, cluster);
    subject.push(DnType::CommonName, common_name);
    // The library's own dates would be 1975 to 4096.
    let now = date_time_ymd(1970, 1, 1) + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    params.not_before = now - BACKDATE;
    params.not_after = now + valid;
    params
}

fn with_hosts(mut params: CertificateParams, hosts: &[String]) -> Result<CertificateParams, PeerError> {
    let named =
        CertificateParams::new(hosts).map_err(|error| PeerError::certificate(format!("hosts {hosts:?}"), error))?;
    params.subject_alt_names = named.subject_alt_names;
    Ok(params)
}

/// The cluster that an authority's certificate is of: its subject's organization.
fn cluster_of(ca_pem: &str) -> Result<String, PeerError> {
    let der = CertificateDer::from_pem_slice(ca_pem.as_bytes())
        .map_err(|error| PeerError::certificate(CA_FILE, format!("is not PEM: {error:?}")))?;
    let (_, parsed) =
        x509_parser::parse_x509_certificate(&der).map_err(|error| PeerError::certificate(CA_FILE, error))?;
    if !parsed.is_ca() {
        return Err(PeerError::certificate(CA_FILE, "is not the certificate of an authority"));
    }
    let cluster = parsed.subject().iter_organization().find_map(|name| name.as_str().ok()).unwrap_or_default();
    check_cluster_name(cluster)?;
    Ok(cluster.to_owned())
}

/// Writes a file whole or not at all, with its mode from the first byte on.
fn write_file(dir: &Path, name: &str, content: &str, mode: u32) -> Result<(), PeerError> {
    let path = dir.join(name);
    let failed = |source| PeerError::File { what: "cannot write", path: path.clone(), source };
    std::fs::create_dir_all(dir).map_err(failed)?;
    let unfinished = dir.join(format!("{name}.new"));
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished).map_err(failed)?;
    file.write_all(content.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&unfinished, &path).map_err(failed)
}
