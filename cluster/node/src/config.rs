//! `node.toml`: what one node needs to know before it can ask the others.

use std::{
    collections::BTreeMap,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::oidc::OidcSection;

/// The file, beside the node's certificates and above its data.
pub const FILE: &str = "node.toml";

/// One node's configuration. All paths are relative to the folder that holds the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Name of the cluster; in every certificate.
    pub cluster: String,
    /// Fixed when the cluster was made; a restored cluster has another.
    pub epoch: u64,
    /// This node. Never used again after its disk was lost.
    pub node: u64,
    /// Where other nodes reach it.
    pub peer: PeerConfig,
    /// Where people reach it.
    pub gateway: GatewayConfig,
    /// Where devices reach it.
    #[serde(default)]
    pub mqtt: Option<MqttConfig>,
    /// An external broker to subscribe to.
    #[serde(default)]
    pub mqtt_client: Option<MqttClientConfig>,
    /// Where telephone exchanges reach it; absent: nowhere.
    #[serde(default)]
    pub sip: Option<SipConfig>,
    /// The mail server that takes our letters; absent: receivers by mail wait.
    #[serde(default)]
    pub mail: Option<MailSettings>,
    /// A provider whose word people may sign in by; absent: by password only.
    #[serde(default)]
    pub oidc: Option<OidcSection>,
    /// Room on the disk.
    #[serde(default)]
    pub disk: DiskConfig,
    /// The nodes that there were when this one was made, itself included: those that made the cluster, or those that invited
    /// it. Who came later stands in the log.
    pub members: Vec<MemberConfig>,
    /// Folder of certificates: `ca.pem node.pem node.key`, and `server.pem server.key` for the gateway.
    #[serde(default = "default_certificates")]
    pub certificates: PathBuf,
    /// Folder of log and state.
    #[serde(default = "default_data")]
    pub data: PathBuf,
    /// File of the cluster's sealing key: 32 bytes in hexadecimal. In no log, snapshot or backup.
    #[serde(default = "default_sealing_key")]
    pub sealing_key: PathBuf,
}

fn default_certificates() -> PathBuf {
    "certificates".into()
}

fn default_data() -> PathBuf {
    "data".into()
}

fn default_sealing_key() -> PathBuf {
    "sealing.key".into()
}

/// Node to node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// Address to listen on; the cluster's interface, never all of them.
    pub listen: SocketAddr,
}

/// People to node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// HTTPS with `server.pem`; plain HTTP only on loopback.
    #[serde(default = "yes")]
    pub tls: bool,
}

fn yes() -> bool {
    true
}

/// The embedded MQTT endpoint: acknowledges when a quorum holds what was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MqttConfig {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// TLS with `server.pem`.
    #[serde(default)]
    pub tls: bool,
}

/// The front door for telephones: SIP over UDP and TCP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SipConfig {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// What exchanges and phones reach it by, if that is another address.
    #[serde(default)]
    pub public: Option<SocketAddr>,
    /// Exchanges that may offer calls. Everybody else is refused.
    pub trunks: Vec<std::net::IpAddr>,
    /// WAV file that those hear who are in the queue: one channel of 8 kHz in 16-bit PCM, A-law or mu-law. Absent: what their
    /// exchange plays.
    #[serde(default)]
    pub announcement: Option<PathBuf>,
}

/// A subscription at an external broker: the promise starts with the broker's persistent session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MqttClientConfig {
    /// Broker host.
    pub host: String,
    /// Broker port.
    pub port: u16,
    /// Account at the broker.
    #[serde(default)]
    pub user: String,
    /// File with its password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// The operator's mail server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Its host.
    pub host: String,
    /// Its port: 587 for STARTTLS, 465 for TLS.
    pub port: u16,
    /// How the connection is kept from others.
    #[serde(default)]
    pub tls: MailSettingsTls,
    /// The address that writes.
    pub from: String,
    /// What people call the centre.
    #[serde(default)]
    pub from_name: String,
    /// Account at the server.
    #[serde(default)]
    pub user: String,
    /// File with its password; absent: no signing in.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// How a connection to the mail server is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSettingsTls {
    /// STARTTLS, or nothing is sent.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// In the clear: for a relay on this machine.
    None,
}

/// How much room the data folder's disk must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiskConfig {
    /// With less than this the node gives its leads away and takes no new writes as a leader.
    pub low_bytes: u64,
    /// With less than this it takes no entries at all, and goes on serving reads. What RocksDB needs to compact its files
    /// stays free.
    pub full_bytes: u64,
}

impl Default for DiskConfig {
    fn default() -> Self {
        Self { low_bytes: 1 << 30, full_bytes: 256 << 20 }
    }
}

/// A member.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberConfig {
    /// Node id.
    pub id: u64,
    /// `host:port` of its peer listener.
    pub peer_address: String,
    /// Origin of its gateway.
    pub public_url: String,
}

/// A configuration that cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or not readable.
    #[error("cannot read {path}: {source}; make it with `trongdong init`")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {message}")]
    Invalid {
        /// Which.
        path: PathBuf,
        /// What is wrong and the remedy.
        message: String,
    },
}

impl NodeConfig {
    /// Reads `node.toml` in `folder`; paths in the result are absolute or relative to the working folder.
    pub fn load(folder: &Path) -> Result<Self, ConfigError> {
        let path = folder.join(FILE);
        let text = fs::read_to_string(&path).map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        let mut config: Self = toml::from_str(&text)
            .map_err(|e| ConfigError::Invalid { path: path.clone(), message: e.message().to_owned() })?;
        if !config.members.iter().any(|member| member.id == config.node) {
            let message = format!("members: add the entry of node {} itself", config.node);
            return Err(ConfigError::Invalid { path, message });
        }
        if !config.gateway.tls && !config.gateway.listen.ip().is_loopback() {
            let message = "gateway.tls: plain HTTP is for loopback only; set it to true".to_owned();
            return Err(ConfigError::Invalid { path, message });
        }
        if let Some(sip) = &config.sip
            && sip.public.unwrap_or(sip.listen).ip().is_unspecified()
        {
            let message = "sip.public: phones cannot call 0.0.0.0; give the address that they reach".to_owned();
            return Err(ConfigError::Invalid { path, message });
        }
        if config.disk.full_bytes >= config.disk.low_bytes {
            let message = "disk.full_bytes: set it below disk.low_bytes".to_owned();
            return Err(ConfigError::Invalid { path, message });
        }
        config.certificates = folder.join(&config.certificates);
        config.data = folder.join(&config.data);
        config.sealing_key = folder.join(&config.sealing_key);
        if let Some(sip) = &mut config.sip {
            sip.announcement = sip.announcement.take().map(|file| folder.join(file));
        }
        if let Some(client) = &mut config.mqtt_client {
            client.password_file = client.password_file.take().map(|file| folder.join(file));
        }
        if let Some(mail) = &mut config.mail {
            mail.password_file = mail.password_file.take().map(|file| folder.join(file));
        }
        Ok(config)
    }

    /// The founding members as consensus wants them.
    #[must_use]
    pub fn founders(&self) -> BTreeMap<u64, raft::Node> {
        self.members
            .iter()
            .map(|member| {
                let node =
                    raft::Node { peer_address: member.peer_address.clone(), public_url: member.public_url.clone() };
                (member.id, node)
            })
            .collect()
    }

    /// The sealing key.
    pub fn sealing_key(&self) -> Result<[u8; 32], ConfigError> {
        let path = self.sealing_key.clone();
        let text = fs::read_to_string(&path).map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        parse_key(text.trim()).ok_or_else(|| ConfigError::Invalid {
            path,
            message: "write 64 hexadecimal digits, the same on every node".to_owned(),
        })
    }
}

/// 64 hexadecimal digits.
pub(crate) fn parse_key(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_digits() {
        assert_eq!(parse_key(&"0a".repeat(32)), Some([10; 32]));
        assert_eq!(parse_key("0a"), None);
        assert_eq!(parse_key(&"zz".repeat(32)), None);
    }

    #[test]
    fn plain_http_off_loopback_is_refused_with_the_field() {
        let folder = std::env::temp_dir().join(format!("trongdong-config-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let text = r#"
            cluster = "a"
            epoch = 1
            node = 1
            [peer]
            listen = "127.0.0.1:1"
            [gateway]
            listen = "0.0.0.0:2"
            tls = false
            [[members]]
            id = 1
            peer_address = "127.0.0.1:1"
            public_url = "http://127.0.0.1:2"
        "#;
        fs::write(folder.join(FILE), text).unwrap();
        let error = NodeConfig::load(&folder).unwrap_err().to_string();
        assert!(error.contains("gateway.tls"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn an_announcement_lies_beside_the_configuration() {
        let folder = std::env::temp_dir().join(format!("trongdong-config-sip-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let text = r#"
            cluster = "a"
            epoch = 1
            node = 1
            [peer]
            listen = "127.0.0.1:1"
            [gateway]
            listen = "127.0.0.1:2"
            tls = false
            [sip]
            listen = "127.0.0.1:5060"
            trunks = ["127.0.0.1"]
            announcement = "wait.wav"
            [[members]]
            id = 1
            peer_address = "127.0.0.1:1"
            public_url = "http://127.0.0.1:2"
        "#;
        fs::write(folder.join(FILE), text).unwrap();
        let sip = NodeConfig::load(&folder).unwrap().sip.unwrap();
        assert_eq!(sip.announcement, Some(folder.join("wait.wav")));
        fs::remove_dir_all(folder).unwrap();
    }
}
