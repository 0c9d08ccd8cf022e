//! How this node reaches those who are told of what happens: whom TLS trusts there, and the operator's mail server.

use std::{error::Error, fs, io, path::Path, sync::Arc, time::Duration};

use edge::{MailConfig, MailSender, MailServer, MailTls};
use rustls::ClientConfig;

use crate::config::{MailSettings, MailSettingsTls};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// File in a node's folder with the authorities of receivers of notices; absent: receivers over plain HTTP only.
const RECEIVERS_CA: &str = "receivers-ca.pem";

/// How long one post to a receiver may take: less than the postman waits, so that the reason is known.
const RECEIVER_WITHIN: Duration = Duration::from_secs(8);

/// Whom TLS trusts at receivers: whom the operator says, and nobody else.
pub(crate) fn trust(home: &Path) -> Result<ClientConfig> {
    let ca_pem = match fs::read(home.join(RECEIVERS_CA)) {
        Ok(pem) => Some(pem),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    Ok(crate::client::tls::config(ca_pem.as_deref())?)
}

/// Posts to receivers, and follows no redirect.
pub(crate) fn client(trust: ClientConfig) -> Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .use_preconfigured_tls(trust)
        .timeout(RECEIVER_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    Ok(client)
}

/// The operator's mail server, if there is one; its password is read from its file.
pub(crate) fn mail(settings: Option<&MailSettings>, trust: &Arc<ClientConfig>) -> Result<Option<MailConfig>> {
    let Some(settings) = settings else { return Ok(None) };
    let login = match &settings.password_file {
        Some(file) => {
            let password = fs::read_to_string(file)
                .map_err(|error| format!("mail.password_file: cannot read {}: {error}", file.display()))?;
            Some((settings.user.clone(), password.trim().to_owned()))
        }
        None => None,
    };
    let tls = match settings.tls {
        MailSettingsTls::Starttls => MailTls::StartTls,
        MailSettingsTls::Tls => MailTls::Tls,
        MailSettingsTls::None => MailTls::None,
    };
    let server = MailServer { host: settings.host.clone(), port: settings.port, tls, trust: Arc::clone(trust), login };
    let sender = MailSender { address: settings.from.clone(), name: settings.from_name.clone() };
    let mail = MailConfig { server, sender };
    mail.check().map_err(|(field, remedy)| format!("{field}: {remedy}"))?;
    Ok(Some(mail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> MailSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_mail_server_is_reached_under_tls_unless_it_is_said_otherwise_and_its_password_is_in_a_file() {
        let trust = Arc::new(crate::client::tls::config(None).unwrap());
        let plain = settings("host = \"mail.example.vn\"\nport = 587\nfrom = \"ioc@example.vn\"");
        let mail = mail(Some(&plain), &trust).unwrap().unwrap();
        assert_eq!((mail.server.tls, mail.server.login), (MailTls::StartTls, None));
        assert!(super::mail(None, &trust).unwrap().is_none());

        let missing = MailSettings { password_file: Some("/nowhere/password".into()), ..plain.clone() };
        assert!(super::mail(Some(&missing), &trust).err().unwrap().to_string().starts_with("mail.password_file"));
        let wrong = MailSettings { from: "IOC <ioc@example.vn>".into(), ..plain };
        assert!(super::mail(Some(&wrong), &trust).err().unwrap().to_string().starts_with("mail.from"));
        assert!(toml::from_str::<MailSettings>("host = \"a\"\nport = 25\nfrom = \"a@b\"\npassword = \"x\"").is_err());
    }
}
