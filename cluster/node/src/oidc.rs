//! A provider whose word people may sign in by, as `node.toml` has it:
//!
//! ```toml
//! [oidc]
//! name = "Cổng của tỉnh"                  # stands on the button
//! issuer = "https://dangnhap.example.gov.vn/realms/tinh"
//! client_id = "trongdong"
//! secret_file = "oidc.secret"
//! ca_file = "oidc-ca.pem"                 # whom to trust for it; a system's bundle of authorities will do
//! claim = "preferred_username"            # which claim names the person
//! counts_as_second_factor = false         # true: where the provider says `mfa`, no code is asked for besides
//! [oidc.people]                           # absent: the claim is the login name itself
//! "a7c1-…" = "lan"
//! ```
//!
//! The provider has to know `<public_url>/api/oidc/callback` of every node as an address to come back to.

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use domain::PersonId;
use edge::{OidcConfig, ProviderFactor};
use serde::{Deserialize, Serialize};

use crate::client::tls;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How long one question to the provider may take; a sign-in asks up to four.
const PROVIDER_WITHIN: Duration = Duration::from_secs(4);

/// The section of `node.toml`; its paths are relative to the node's folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSection {
    /// What people call the provider.
    pub name: String,
    /// Exactly as the provider writes it.
    pub issuer: String,
    /// What the provider knows us as.
    pub client_id: String,
    /// File with what we prove it with.
    pub secret_file: PathBuf,
    /// File with the authorities that its certificate may come from; absent: it is on this machine, over plain HTTP.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Which claim names the person.
    #[serde(default = "default_claim")]
    pub claim: String,
    /// Whether its `mfa` is as good as a code of the second factor.
    #[serde(default)]
    pub counts_as_second_factor: bool,
    /// Login names by the claim's value; empty: the claim is the login name.
    #[serde(default)]
    pub people: BTreeMap<String, PersonId>,
}

fn default_claim() -> String {
    "preferred_username".into()
}

/// The provider as the edge wants it; none: `node.toml` names none.
///
/// # Errors
/// A file that it names is not there or not what it should be.
pub(crate) fn config(home: &Path, section: Option<&OidcSection>) -> Result<Option<OidcConfig>> {
    let Some(section) = section else { return Ok(None) };
    let read = |file: &Path| {
        let path = home.join(file);
        fs::read(&path).map_err(|error| format!("{}: {error}; node.toml names it in [oidc]", path.display()))
    };
    let secret = String::from_utf8(read(&section.secret_file)?).map_err(|_| "oidc.secret_file: is no text")?;
    if secret.trim().is_empty() {
        return Err("oidc.secret_file: is empty; write the secret that the provider gave out".into());
    }
    let ca_pem = section.ca_file.as_deref().map(read).transpose()?;
    let http = reqwest::Client::builder()
        .use_preconfigured_tls(tls::config(ca_pem.as_deref())?)
        .timeout(PROVIDER_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    Ok(Some(OidcConfig {
        name: section.name.clone(),
        issuer: section.issuer.clone(),
        client_id: section.client_id.clone(),
        client_secret: secret.trim().to_owned(),
        claim: section.claim.clone(),
        people: section.people.clone(),
        second_factor: if section.counts_as_second_factor { ProviderFactor::Counts } else { ProviderFactor::Asked },
        http,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_operator_wrote_becomes_a_provider_and_a_missing_secret_is_named() {
        let section: OidcSection = toml::from_str(
            r#"
                name = "Cổng"
                issuer = "http://127.0.0.1:1"
                client_id = "td"
                secret_file = "oidc.secret"
                [people]
                "a7c1" = "lan"
            "#,
        )
        .unwrap();
        assert_eq!((section.claim.as_str(), section.counts_as_second_factor), ("preferred_username", false));
        let home = std::env::temp_dir().join(format!("trongdong-oidc-{}", std::process::id()));
        fs::create_dir_all(&home).unwrap();
        let error = config(&home, Some(&section)).err().unwrap().to_string();
        assert!(error.contains("oidc.secret"), "{error}");
        fs::write(home.join("oidc.secret"), " \n").unwrap();
        assert!(config(&home, Some(&section)).is_err(), "it is empty");
        fs::write(home.join("oidc.secret"), "s3cret\n").unwrap();
        let found = config(&home, Some(&section)).unwrap().unwrap();
        assert_eq!((found.client_secret.as_str(), found.people["a7c1"].as_str()), ("s3cret", "lan"));
        assert_eq!(found.second_factor, ProviderFactor::Asked);
        assert!(config(&home, None).unwrap().is_none());
        fs::remove_dir_all(home).unwrap();
        let unknown = toml::from_str::<OidcSection>("name = \"a\"\nsecret = \"in the open\"");
        assert!(unknown.is_err(), "a secret stands in a file of its own");
    }
}
