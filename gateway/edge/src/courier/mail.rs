//! Notices by mail: a receiver whose address is `mailto:somebody@there` gets each of its notices as a letter through the operator's
//! own mail server. The letter's Message-ID is the notice's identity, so a letter that comes twice is known by it.

use domain::{Event, Notice, Receiver};
use entity::Undelivered;

use super::{
    letter::{self, Enclosed, MailSender},
    smtp::{self, MailServer},
};

/// How notices go by mail.
#[derive(Clone)]
pub struct MailConfig {
    /// The server that takes our letters.
    pub server: MailServer,
    /// Who writes.
    pub sender: MailSender,
}

impl MailConfig {
    /// Whether it can be used.
    ///
    /// # Errors
    /// The field that is wrong, and the remedy.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.server.host.is_empty() || self.server.port == 0 {
            return Err(("mail.server", "name the host and the port of your mail server"));
        }
        if !domain::is_mail_address(&self.sender.address) {
            return Err(("mail.from", "give an address such as ioc@example.vn"));
        }
        if self.server.tls == smtp::MailTls::None && self.server.login.is_some() {
            return Err(("mail.tls", "no password is sent in the clear: use starttls or tls, or take the user out"));
        }
        Ok(())
    }
}

/// Brings one notice as a letter.
///
/// # Errors
/// [`Undelivered`]: whether it makes sense to come again.
pub(crate) async fn deliver(
    config: &MailConfig,
    epoch: u64,
    to: &str,
    receiver: &Receiver,
    notice: &Notice,
    event: &Event,
    enclosed: &Enclosed<'_>,
) -> Result<(), Undelivered> {
    let letter = letter::write(epoch, &config.sender, to, receiver, notice, event, enclosed);
    smtp::send(&config.server, letter::domain_of(&config.sender.address), &letter).await
}
